"""`Pipeline`: in which clock cycle each node of a circuit is computed."""

from __future__ import annotations

from dataclasses import dataclass

from hepack._errors import BadRequestError
from hepack.firmware.circuit import Circuit, Node

DELAY = {"input": 0, "constant": 0, "add": 1, "clip": 1, "square": 2, "distance": 2}
"""Delay of a node in levels of logic, one level being a carry chain and its routing."""
LEVELS = 3
"""Levels between registers: three carry chains of 20 bits fit the 5 ns of 200 MHz on UltraScale+."""


@dataclass(frozen=True)
class Pipeline:
    """``stage[node]`` is the cycle, ``last[node]`` the latest cycle that reads it; inputs are in stage 0."""

    circuit: Circuit
    stage: tuple[int, ...]
    last: tuple[int, ...]

    @property
    def latency(self) -> int:
        """Clock cycles from inputs at the pins to the score at the pins: registers at both ends."""
        return self.stage[-1] + 2

    def registers(self) -> int:
        """Flip-flops of the pipeline, the input register included; constants need none."""
        every = zip(self.circuit.nodes, self.stage, self.last, strict=True)
        held = sum(node.width * (last - stage) for node, stage, last in every if node.kind != "constant")
        pins = sum(node.width for node in self.circuit.nodes if node.kind == "input")
        return held + pins + self.circuit.score.width


def schedule(circuit: Circuit, levels: int = LEVELS) -> Pipeline:
    """Each node as early as its inputs and ``levels`` of logic per cycle allow.

    Raises:
        BadRequestError: ``levels`` is below 2, less than one multiplier needs.
    """
    if levels < max(DELAY.values()):
        raise BadRequestError(f"{levels} levels of logic per cycle are too few; 2 is the least")
    stage: list[int] = []
    time: list[int] = []
    for node in circuit.nodes:
        at, used = _earliest(node, stage, time, circuit.nodes)
        if used + DELAY[node.kind] > levels:
            at, used = at + 1, 0
        stage.append(at)
        time.append(used + DELAY[node.kind])
    last = list(stage)
    for index, node in enumerate(circuit.nodes):
        for source in node.sources:
            last[source] = max(last[source], stage[index])
    return Pipeline(circuit, tuple(stage), tuple(last))


def _earliest(node: Node, stage: list[int], time: list[int], nodes: tuple[Node, ...]) -> tuple[int, int]:
    """The cycle in which all sources are there, and the levels already used in it."""
    sources = [i for i in node.sources if nodes[i].kind != "constant"]
    at = max((stage[i] for i in sources), default=0)
    return at, max((time[i] for i in sources if stage[i] == at), default=0)
