"""Simulated jets with the 24 columns of CMS's jets, as JetMET and Baler use them (arXiv:2305.02283).

    hepack simulate ttbar -n 9000 --seed 7 --no-constituents --no-truth -o ttbar.root
    python benchmarks/campaign/jets.py ttbar.root -o jets.root

pt and mass are those before calibration, as in reco::PFJet: then the energies by kind of constituent add up to
the jet's energy. The last five columns follow from others, as they do in CMS: energy of charged
electromagnetic objects (electrons), of muons, of neutral electromagnetic objects (photons and HF), and the
two sums of multiplicities. Everything is float32 or int32, one list of jets per event.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot

ENERGIES = ("ChHad", "NeHad", "Photon", "Electron", "Muon", "HFHad", "HFEM")
COPIED = ("eta", "phi", "area", *(f"energy{k}" for k in ENERGIES), *(f"n{k}" for k in ENERGIES))


def columns(events: Any) -> dict[str, Any]:
    """The 24 columns of the jets of some events, as awkward lists."""
    jets = {name: events[f"Jet_{name}"] for name in (*COPIED, "pt", "mass", "rawFactor")}
    raw = np.float32(1) - jets.pop("rawFactor")
    jets["pt"], jets["mass"] = jets["pt"] * raw, jets["mass"] * raw
    jets["energyChEm"] = jets["energyElectron"]
    jets["energyChMu"] = jets["energyMuon"]
    jets["energyNeEm"] = jets["energyPhoton"] + jets["energyHFEM"]
    jets["nCharged"] = jets["nChHad"] + jets["nElectron"] + jets["nMuon"]
    jets["nNeutral"] = jets["nNeHad"] + jets["nPhoton"] + jets["nHFHad"] + jets["nHFEM"]
    first = ("pt", "eta", "phi", "mass")
    return {name: jets[name] for name in (*first, *(n for n in jets if n not in first))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("--first", type=int, default=0, help="first event")
    parser.add_argument("--last", type=int, default=None, help="event after the last")
    parser.add_argument("-o", "--output", type=Path, required=True)
    arguments = parser.parse_args()
    names = [f"Jet_{name}" for name in (*COPIED, "pt", "mass", "rawFactor")]
    jets = 0
    with uproot.open(arguments.file) as source, uproot.recreate(arguments.output) as target:
        tree = source["Events"]
        for events in tree.iterate(
            names, step_size=25_000, entry_start=arguments.first, entry_stop=arguments.last
        ):
            found = ak.zip(columns(events))
            jets += int(ak.count(found["pt"]))
            if "Events" not in target:
                target.mktree("Events", {"Jet": found.type.content})
            target["Events"].extend({"Jet": found})
    print(f"{arguments.output}: {jets} jets")


if __name__ == "__main__":
    main()
