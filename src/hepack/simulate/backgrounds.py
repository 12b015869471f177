"""Standard Model processes, with Pythia's leading-order cross sections at 13.6 TeV in pb."""

from __future__ import annotations

from hepack.simulate.process import Process

W, Z, TOP, HIGGS = 80.3692, 91.1880, 172.56, 125.20
"""Masses in GeV: Particle Data Group, Phys. Rev. D 110 (2024) 030001."""
MASSES = (f"24:m0 = {W}", f"23:m0 = {Z}", f"6:m0 = {TOP}", f"25:m0 = {HIGGS}")
LEPTONIC_W = ("24:onMode = off", "24:onIfAny = 11 13 15")
LEPTONIC_Z = ("23:onMode = off", "23:onIfAny = 11 13 15")

BACKGROUNDS = (
    Process(
        id="qcd",
        title="QCD dijets, soft: pT-hat > 20 GeV",
        role="background",
        settings=("HardQCD:all = on", "PhaseSpace:pTHatMin = 20"),
        cross_section=750000000.0,
        note="most events have no jet above 50 GeV",
        masses={},
    ),
    Process(
        id="qcd_high",
        title="QCD dijets with pT-hat > 450 GeV",
        role="background",
        settings=("HardQCD:all = on", "PhaseSpace:pTHatMin = 450"),
        cross_section=1200.0,
        note="the background of boosted searches",
        masses={},
    ),
    Process(
        id="qcd_flat",
        title="QCD dijets, nearly flat in pT-hat from 15 GeV, weighted",
        role="background",
        settings=(
            "HardQCD:all = on",
            "PhaseSpace:pTHatMin = 15",
            "PhaseSpace:bias2Selection = on",
            "PhaseSpace:bias2SelectionPow = 4.5",
            "PhaseSpace:bias2SelectionRef = 15",
        ),
        cross_section=2100000000.0,
        note="genWeight undoes the bias (pT-hat / 15 GeV)^4.5",
        masses={},
    ),
    Process(
        id="ttbar",
        title="top pairs, all decays",
        role="background",
        settings=("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", *MASSES),
        cross_section=580.0,
        note="W and top mass peaks",
        masses={6: TOP, 24: W},
    ),
    Process(
        id="single_top",
        title="single top, t and s channel",
        role="background",
        settings=("Top:qq2tq(t:W) = on", "Top:ffbar2tqbar(s:W) = on", *MASSES),
        cross_section=170.0,
        note="",
        masses={6: TOP},
    ),
    Process(
        id="wjets",
        title="W -> l nu and a jet, pT-hat > 20 GeV",
        role="background",
        settings=(
            "WeakBosonAndParton:qqbar2Wg = on",
            "WeakBosonAndParton:qg2Wq = on",
            "PhaseSpace:pTHatMin = 20",
            *MASSES,
            *LEPTONIC_W,
        ),
        cross_section=12000.0,
        note="transverse mass edge",
        masses={24: W},
    ),
    Process(
        id="zjets",
        title="Z/gamma* -> ll and a jet, pT-hat > 20 GeV, m > 50 GeV",
        role="background",
        settings=(
            "WeakBosonAndParton:qqbar2gmZg = on",
            "WeakBosonAndParton:qg2gmZq = on",
            "PhaseSpace:pTHatMin = 20",
            "23:mMin = 50",
            *MASSES,
            *LEPTONIC_Z,
        ),
        cross_section=1300.0,
        note="l is e, mu or tau",
        masses={23: Z},
    ),
    Process(
        id="zmumu",
        title="Z/gamma* -> mu mu, m > 60 GeV",
        role="background",
        settings=(
            "WeakSingleBoson:ffbar2gmZ = on",
            "PhaseSpace:mHatMin = 60",
            *MASSES,
            "23:onMode = off",
            "23:onIfAny = 13",
        ),
        cross_section=1500.0,
        note="the Z peak",
        masses={23: Z},
    ),
    Process(
        id="gamma_jets",
        title="photon and a jet, pT-hat > 50 GeV",
        role="background",
        settings=(
            "PromptPhoton:qg2qgamma = on",
            "PromptPhoton:qqbar2ggamma = on",
            "PhaseSpace:pTHatMin = 50",
        ),
        cross_section=8400.0,
        note="energy balance of photon and jet",
        masses={},
    ),
    Process(
        id="dibosons",
        title="WW, WZ and ZZ, all decays",
        role="background",
        settings=(
            "WeakDoubleBoson:ffbar2gmZgmZ = on",
            "WeakDoubleBoson:ffbar2ZW = on",
            "WeakDoubleBoson:ffbar2WW = on",
            *MASSES,
        ),
        cross_section=100.0,
        note="",
        masses={23: Z, 24: W},
    ),
    Process(
        id="higgs_4l",
        title="H -> ZZ* -> 4 leptons (e, mu)",
        role="background",
        settings=(
            "HiggsSM:gg2H = on",
            "HiggsSM:ff2Hff(t:ZZ) = on",
            "HiggsSM:ff2Hff(t:WW) = on",
            *MASSES,
            "25:onMode = off",
            "25:onIfMatch = 23 23",
            "23:onMode = off",
            "23:onIfAny = 11 13",
        ),
        cross_section=0.0038,
        note="the Higgs peak",
        masses={25: HIGGS},
    ),
)
