"""`Detector`: every number of the parametrised response, with where it comes from.

The default resembles CMS. Sources, by the letters used below:

- T: CMS tracker performance, JINST 9 (2014) P10009, arXiv:1405.6569.
- M: CMS muon performance, JINST 13 (2018) P06015, arXiv:1804.04528.
- E: CMS ECAL, detector paper JINST 3 (2008) S08004; in-situ constant term JINST 8 (2013) P09009.
- P: CMS particle flow, JINST 12 (2017) P10003, arXiv:1706.04965.
- D: the published parametrisation of the CMS card of Delphes 3, JHEP 02 (2014) 057, arXiv:1307.6346.
- B: CMS heavy-flavour tagging, JINST 13 (2018) P05011 and the DeepJet Run 2 working points.
- G: CMS electron and photon performance, JINST 16 (2021) P05014, arXiv:2012.06888.
- X: CMS tau identification (DeepTau), JINST 17 (2022) P07023, arXiv:2201.08458.
- o: our own choice, in the range that the papers show.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """``sigma(E)/E = stochastic / sqrt(E) (+) noise / E (+) constant``, added in quadrature; E in GeV."""

    stochastic: float
    noise: float
    constant: float


@dataclass(frozen=True, kw_only=True)
class Band:
    """A range of ``|eta|`` up to ``eta_max`` and what holds there.

    A calorimeter band has cells of ``cell`` in eta and ``2 pi / cells_in_phi`` in phi and reads a
    cell out when its energy is above ``threshold`` GeV.
    """

    eta_max: float
    cell: float
    cells_in_phi: int
    threshold: float
    resolution: Resolution


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """Momentum resolution ``floor (+) slope * pt`` and efficiency for one ``|eta|`` band."""

    eta_max: float
    floor: float
    slope: float
    efficiency: float
    efficiency_soft: float


ECAL = (
    Band(  # E: 2.8 %/sqrt(E), 0.12 GeV; constant 0.7 % as in situ; crystals of 0.0174
        eta_max=1.479,
        cell=0.0174,
        cells_in_phi=360,
        threshold=0.4,
        resolution=Resolution(stochastic=0.028, noise=0.12, constant=0.007),
    ),
    Band(  # E: endcap, constant 1.5 % (G); cells average between 0.0174 and 0.05 (o)
        eta_max=3.0,
        cell=0.035,
        cells_in_phi=180,
        threshold=0.8,
        resolution=Resolution(stochastic=0.05, noise=0.15, constant=0.015),
    ),
    Band(  # D: forward, electromagnetic part
        eta_max=5.2,
        cell=0.175,
        cells_in_phi=36,
        threshold=3.0,
        resolution=Resolution(stochastic=2.08, noise=0.0, constant=0.107),
    ),
)
HCAL = (
    Band(  # P: 110 %/sqrt(E) (+) 9 %; towers of 0.087
        eta_max=1.74,
        cell=0.087,
        cells_in_phi=72,
        threshold=1.0,
        resolution=Resolution(stochastic=1.10, noise=0.0, constant=0.09),
    ),
    Band(
        eta_max=3.0,
        cell=0.175,
        cells_in_phi=36,
        threshold=1.5,
        resolution=Resolution(stochastic=1.10, noise=0.0, constant=0.09),
    ),
    Band(  # D: forward, hadronic part
        eta_max=5.2,
        cell=0.175,
        cells_in_phi=36,
        threshold=4.0,
        resolution=Resolution(stochastic=2.70, noise=0.0, constant=0.13),
    ),
)
TRACKS = (
    # T: 94 % (|eta| < 0.9) and 85 % above; soft tracks: D; 1.5 % below 10 GeV, 2.8 % at 100 GeV
    Tracks(eta_max=0.9, floor=0.012, slope=2.5e-4, efficiency=0.94, efficiency_soft=0.70),
    Tracks(eta_max=1.4, floor=0.015, slope=2.4e-4, efficiency=0.85, efficiency_soft=0.65),
    Tracks(eta_max=2.5, floor=0.025, slope=6.0e-4, efficiency=0.85, efficiency_soft=0.60),
)
MUONS = (
    # M: 1 % (barrel) and 3 % (endcaps) below 100 GeV, 7 % at 1 TeV in the barrel
    Tracks(eta_max=1.2, floor=0.010, slope=7.0e-5, efficiency=0.97, efficiency_soft=0.0),
    Tracks(eta_max=2.4, floor=0.025, slope=1.6e-4, efficiency=0.96, efficiency_soft=0.0),
)


@dataclass(frozen=True, kw_only=True)
class WorkingPoint:
    """A threshold on a tagging score and the part of each kind of jet that passes it."""

    score: float
    signal: float
    charm: float
    light: float


B_TAG = (  # B: loose, medium and tight thresholds and typical efficiencies in ttbar events
    WorkingPoint(score=0.049, signal=0.91, charm=0.41, light=0.10),
    WorkingPoint(score=0.278, signal=0.79, charm=0.16, light=0.010),
    WorkingPoint(score=0.710, signal=0.63, charm=0.025, light=0.0010),
)
TAU_TAG = (  # X: loose, medium and tight against jets
    WorkingPoint(score=0.30, signal=0.80, charm=0.010, light=0.010),
    WorkingPoint(score=0.60, signal=0.70, charm=0.004, light=0.004),
    WorkingPoint(score=0.90, signal=0.60, charm=0.002, light=0.002),
)


@dataclass(frozen=True, kw_only=True)
class Detector:
    """A whole detector. Lengths in m, momenta and energies in GeV, field in T, times in ns."""

    field_tesla: float = 3.8
    ecal_radius: float = 1.29
    ecal_half_length: float = 3.17
    tracks: tuple[Tracks, ...] = TRACKS
    muons: tuple[Tracks, ...] = MUONS
    ecal: tuple[Band, ...] = ECAL
    hcal: tuple[Band, ...] = HCAL
    track_min_pt: float = 0.3  # o
    track_soft_below: float = 0.9  # T
    track_max_radius: float = 0.3  # o: hadrons made further out than this (m) leave no track
    track_angle: float = 5e-4  # T: some 0.5 mrad for soft tracks
    excess_sigmas: float = 1.0  # P: a calorimeter excess over the tracks counts from one sigma on
    k0_ecal_fraction: float = 0.3  # D: K0S and Lambda leave 30 % in the ECAL
    electron_efficiency: float = 0.90  # G
    electron_min_pt: float = 5.0
    photon_efficiency: float = 0.90  # G
    photon_min_pt: float = 10.0
    muon_min_pt: float = 3.0
    isolation_cone: float = 0.3
    max_isolation: float = 0.25  # M: the loose working point
    ecal_time: tuple[float, float] = (0.15, 1.5)  # o: constant, and noise term in ns GeV
    b_tag: tuple[WorkingPoint, ...] = B_TAG
    tau_tag: tuple[WorkingPoint, ...] = TAU_TAG
    beam_spot_length: float = 40.0  # o: RMS of the collision point along the beam, mm
    vertex_window: float = 1.0  # o: tracks within this distance (mm) count for the hard vertex
    jet_min_pt: float = 15.0
    fat_jet_min_pt: float = 150.0
    gen_jet_min_pt: float = 10.0
    jet_eta_max: float = 4.7
    rho_without_pile_up: float = 1.0  # o: density of the underlying event, GeV per unit area
    jet_vertex_share: float = 0.2  # o: with pile-up, this share of a jet's pt in tracks of the hard vertex
    forward_jet_min_pt: float = 40.0  # o: with pile-up, jets out of reach of the tracks are above this


CMS_LIKE = Detector()
