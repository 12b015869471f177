"""Presets: documented tables of tolerances, each with its reason."""

from __future__ import annotations

from dataclasses import dataclass

from hepack.table import LOSSLESS, Tolerance


@dataclass(frozen=True)
class PresetRule:
    """One row: variables, their tolerance, and why it is safe."""

    pattern: str
    tolerance: Tolerance
    reason: str


@dataclass(frozen=True)
class Preset:
    """A table of tolerances. Later rows win over earlier ones."""

    title: str
    table: tuple[PresetRule, ...]

    @property
    def rules(self) -> tuple[tuple[str, Tolerance], ...]:
        return tuple((row.pattern, row.tolerance) for row in self.table)


def _rows(tolerance: str, reason: str, *patterns: str) -> tuple[PresetRule, ...]:
    return tuple(PresetRule(pattern, Tolerance.parse(tolerance), reason) for pattern in patterns)


_ANGLES = (
    *("eta", "eta[0-9]", "*_eta", "*.eta", "*Eta", "*ETA"),  # not theta, beta or metadata
    *("phi", "phi[0-9]", "*_phi", "*.phi", "METphi", "*Phi", "*PHI"),
)
_MOMENTA = (
    *("pt", "*_pt", "*_pt_*", "*.pt", "*Pt", "*PT", "pt[0-9]", "pT*", "*_pT"),
    *("mass", "*_mass", "*_mass_*", "*.mass", "*Mass", "*_m", "*.m", "m", "M"),
    *("E", "E[0-9]", "*_E", "*.E", "*_e", "*energy", "*Energy", "*_energy_*", "MET", "*MET*_sumEt", "*HT"),
    *("px", "py", "pz", "p[xyz][0-9]", "*_p[xyz]", "*.p[xyz]", "*_P[xyz]"),
)

PRESETS: dict[str, Preset] = {
    "lossless": Preset("bit for bit (the default)", (PresetRule("*", LOSSLESS, "nothing is changed"),)),
    "cms-nano": Preset(
        "the precision that CMS NanoAOD itself keeps",
        (
            *_rows("10bits", "NanoAOD stores pt and mass with 10 mantissa bits (0.05 %)", "*_pt", "*_mass"),
            *_rows("12bits", "NanoAOD stores eta and phi with 12 mantissa bits", "*_eta", "*_phi"),
            *_rows(
                "6bits",
                "NanoAOD stores energy fractions with 6 mantissa bits (0.8 %)",
                "Jet_*EF",
                "FatJet_*EF",
            ),
            *_rows(
                "10bits",
                "NanoAOD stores discriminators with 10 mantissa bits",
                "Jet_btag*",
                "FatJet_btag*",
                "FatJet_particleNet*",
                "FatJet_deepTag*",
                "Tau_raw*",
            ),
            *_rows(
                "lossless",
                "leptons and photons keep all 23 bits in NanoAOD",
                "Muon_*",
                "Electron_*",
                "Photon_*",
            ),
        ),
    ),
    "analysis": Preset(
        "well below detector resolution, for offline analysis",
        (
            *_rows(
                "1e-3rel", "jet and lepton scales are known to 0.2 % at best, resolved to 1-20 %", *_MOMENTA
            ),
            *_rows(
                "1e-3",
                "calorimeter towers are 0.0174 wide or more; 1e-3 rad is below jet direction resolution",
                *_ANGLES,
            ),
            *_rows(
                "1e-4",
                "tracker angles are resolved to about 1e-3 and muons to 1e-4 or so",
                "Muon_eta",
                "Muon_phi",
                "Electron_eta",
                "Electron_phi",
                "Muon.Eta",
                "Muon.Phi",
            ),
        ),
    ),
    "trigger": Preset(
        "for trigger studies: the granularity of first-level objects",
        (
            *_rows("5e-3rel", "trigger thresholds step by 0.5 GeV, 1 % at 50 GeV", *_MOMENTA),
            *_rows(
                "5e-3",
                "trigger towers are 0.087 wide; 5e-3 keeps every tower assignment but those on an edge",
                *_ANGLES,
            ),
        ),
    ),
}
