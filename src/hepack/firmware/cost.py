"""What a circuit costs on an FPGA, estimated from its nodes: LUT, FF, DSP, latency."""

from __future__ import annotations

from dataclasses import dataclass

from hepack.firmware.circuit import Circuit, Node
from hepack.firmware.pipeline import Pipeline

CLOCK_MHZ = 200.0
PRESCALER_LUT, PRESCALER_FF = 64, 34
"""The comparison with the threshold and the 32-bit counter of the prescale."""


@dataclass(frozen=True)
class Cost:
    """Estimate for 6-input LUTs with carry chains; ``latency`` in cycles of ``clock_mhz``, one event per cycle."""

    lut: int
    ff: int
    dsp: int
    latency: int
    clock_mhz: float
    adders: int

    @property
    def nanoseconds(self) -> float:
        return self.latency * 1e3 / self.clock_mhz


def estimate(pipeline: Pipeline) -> Cost:
    """One LUT per bit of an adder that is not merely passed through; multipliers in LUTs, no DSP."""
    circuit = pipeline.circuit
    return Cost(
        lut=sum(node_lut(circuit, node) for node in circuit.nodes) + PRESCALER_LUT,
        ff=pipeline.registers() + pipeline.latency + PRESCALER_FF,
        dsp=0,
        latency=pipeline.latency,
        clock_mhz=CLOCK_MHZ,
        adders=sum(node.kind == "add" for node in circuit.nodes),
    )


def node_lut(circuit: Circuit, node: Node) -> int:
    """6-input LUTs of one node."""
    if node.kind == "add":
        free = max(node.more, node.shift if node.sign > 0 else 0)  # low bits that pass through
        return max(node.width - free, 1)
    source = circuit.nodes[node.first] if node.first >= 0 else node
    if node.kind == "clip":
        moved_low, moved_high = source.low >> node.shift, source.high >> node.shift
        compares = (moved_low < node.low) * 2 + (moved_high > node.high) * 2
        return (node.width if compares else 0) + compares
    if node.kind == "square":
        return source.width * source.width // 2
    return 2 * node.width if node.kind == "distance" else 0
