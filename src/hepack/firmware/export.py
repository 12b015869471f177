"""Write the hardware of a trigger net into a folder, and prove that all forms of it agree bit for bit."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, HepackError, LimitError
from hepack.firmware import emulate, hls, reference, run, testbench, tools, verilog
from hepack.firmware.circuit import Circuit, build
from hepack.firmware.cost import Cost, estimate
from hepack.firmware.keywords import KEYWORDS
from hepack.firmware.net import TriggerNet, clip_inputs
from hepack.firmware.pipeline import LEVELS, Pipeline, schedule

CIRCUIT_EVENTS = 200
"""Events for which every node of the circuit is checked against its range (slow, in Python)."""


@dataclass(frozen=True)
class Proof:
    """Events compared, all equal: the first three always, the C++ and the Verilog where tools are.

    ``skipped`` says which was not compared, and why. ``latency`` is the simulator's, in cycles.
    """

    events: int
    float_emulation: bool
    integer_program: bool
    circuit: int
    hls: bool
    rtl: bool
    latency: int | None
    accepted: int
    kept: int
    skipped: dict[str, str]


@dataclass(frozen=True)
class Exported:
    """What `export` wrote."""

    folder: Path
    name: str
    cost: Cost
    proof: Proof


def export(
    net: TriggerNet, points: tuple[int, ...], inputs: NDArray[Any], folder: Path, *, name: str = "hepack_trigger",
    levels: int = LEVELS, simulate: bool = True, report: Callable[[str], None] = lambda _: None,
) -> Exported:  # fmt: skip
    """Write NAME.v, NAME.h, NAME.cpp, both test benches with data, and cost.json; then prove them.

    ``inputs`` are events as hardware integers, shape ``(event, input)``.

    Raises:
        BadRequestError: the name is no identifier, or there are no events.
        LimitError: the score or the threshold needs more bits than the port has.
        HepackError: two forms of the net disagree (our own bug), or a tool failed.
    """
    if not re.fullmatch(r"[A-Za-z_]\w{0,40}", name, re.ASCII) or name in KEYWORDS:
        raise BadRequestError(f"'{name}' is no name for a module; use letters, digits and _, and no keyword")
    if len(inputs) == 0:
        raise BadRequestError("the proof needs events; the stream is empty")
    inside = clip_inputs(net, inputs)
    report("building the circuit")
    circuit = build(net)
    if max(circuit.score.high, net.threshold) >> verilog.SCORE_BITS:
        raise LimitError(
            f"scores up to {circuit.score.high} with threshold {net.threshold} do not fit the "
            f"{verilog.SCORE_BITS} bits of the port; train with fewer output bits"
        )
    pipeline = schedule(circuit, levels)
    expected = run.scores(net, inside)
    _write(net, circuit, pipeline, inside, expected, folder, name)
    cost = estimate(pipeline)
    proof = _prove(net, points, circuit, inside, expected, folder, name, simulate, report)
    if proof.latency is not None and proof.latency != cost.latency:
        raise HepackError(f"the simulated latency is {proof.latency} cycles, {cost.latency} were expected")
    (folder / "cost.json").write_text(
        json.dumps({"cost": asdict(cost), "proof": asdict(proof)}, indent=1) + "\n"
    )
    return Exported(folder, name, cost, proof)


def _write(
    net: TriggerNet, circuit: Circuit, pipeline: Pipeline, inputs: NDArray[Any], expected: NDArray[np.int64],
    folder: Path, name: str,
) -> None:  # fmt: skip
    bench = testbench.verilog_bench(name, circuit, len(inputs), net.threshold, net.prescale)
    texts = {
        f"{name}.v": verilog.emit(name, pipeline),
        f"{name}_tb.v": bench,
        f"{name}.h": hls.emit_header(name, circuit),
        f"{name}.cpp": hls.emit_source(name, circuit),
        f"{name}_tb.cpp": testbench.hls_bench(name),
        testbench.INPUT_FILE: testbench.input_lines(circuit, inputs),
        testbench.SCORE_FILE: testbench.score_lines(expected),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="ascii")


def _prove(
    net: TriggerNet, points: tuple[int, ...], circuit: Circuit, inputs: NDArray[Any],
    expected: NDArray[np.int64], folder: Path, name: str, simulate: bool, report: Callable[[str], None],
) -> Proof:  # fmt: skip
    report("comparing float emulation, integer program and circuit")
    _same("the slow twin of the integer program", reference.scores(net, inputs), expected)
    floats = emulate.scores(net, inputs, points) / emulate.score_unit(net, points)
    _same("the float emulation", floats, expected)
    few = inputs[:CIRCUIT_EVENTS]
    _same("the circuit", np.array([circuit.run(row) for row in few.tolist()]), expected[: len(few)])
    skipped = {} if simulate else {"hls": "not asked for", "rtl": "not asked for"}
    if simulate and tools.find_compiler() is None:
        skipped["hls"] = "no C++ compiler was found"
    if simulate and (reason := tools.missing_tools()):
        skipped["rtl"] = reason
    if "hls" not in skipped:
        report("compiling and running the C++")
        numbers = "\n".join(" ".join(map(str, row)) for row in inputs.tolist())
        _same("the C++", np.array(tools.run_hls(folder, name, numbers).split(), np.int64), expected)
    accepted, latency = expected >= net.threshold, None
    if "rtl" not in skipped:
        report("compiling and simulating the Verilog")
        latency = _simulate(folder, name, len(inputs), int(accepted.sum()), net.prescale)
    return Proof(
        events=len(inputs), float_emulation=True, integer_program=True, circuit=len(few),
        hls="hls" not in skipped, rtl="rtl" not in skipped, latency=latency, accepted=int(accepted.sum()),
        kept=int(accepted.sum()) // net.prescale, skipped=skipped,
    )  # fmt: skip


def _simulate(folder: Path, name: str, events: int, accepted: int, prescale: int) -> int:
    """The latency that the test bench saw; it compares every output itself."""
    shown = tools.run_verilog(folder, [f"{name}.v", f"{name}_tb.v"], f"{name}_tb")
    found = re.search(r"events (\d+) wrong (\d+) accepted (\d+) kept (\d+) latency (-?\d+)", shown)
    if found is None:
        raise HepackError(f"the test bench ended without its last line: {shown[-200:]}")
    numbers = [int(n) for n in found.groups()]
    if numbers[:4] != [events, 0, accepted, accepted // prescale]:
        raise HepackError(f"the Verilog disagrees with the integer program: {found[0]}")
    return numbers[4]


def _same(what: str, found: NDArray[Any], expected: NDArray[np.int64]) -> None:
    if found.shape != expected.shape or not np.array_equal(found, expected):
        raise HepackError(f"{what} disagrees with the integer program; please report this")
