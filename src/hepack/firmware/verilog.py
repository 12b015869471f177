"""A circuit as one pipelined Verilog-2001 module: one event per clock, threshold and prescale as ports."""

from __future__ import annotations

from collections.abc import Iterator

from hepack.firmware.circuit import Circuit, Node
from hepack.firmware.pipeline import Pipeline

SCORE_BITS = 32
"""Width of the ports ``score``, ``threshold`` and ``prescale``."""


def emit(name: str, pipeline: Pipeline) -> str:
    """The module ``name``: ports clk, in_valid, in_data, threshold, prescale; out_valid, score, accept, keep.

    ``in_data`` holds input 0 in its lowest bits, each input in two's complement in as many bits as its
    range needs (see `input_widths`); inputs must lie in their range. ``accept`` is score >= threshold,
    ``keep`` is every ``prescale``-th of the accepted events.
    """
    circuit = pipeline.circuit
    lines = [*_head(name, circuit), *_inputs(circuit), *_nodes(pipeline), *_tail(pipeline)]
    return "\n".join(lines) + "\n"


def input_widths(circuit: Circuit) -> list[int]:
    """Bits of each input on the bus."""
    return [node.width for node in circuit.nodes[: circuit.inputs]]


def _head(name: str, circuit: Circuit) -> Iterator[str]:
    bus = sum(input_widths(circuit))
    yield f"// {name}: {circuit.inputs} inputs, {len(circuit.nodes)} operations. Made by hepack; do not edit."
    yield "`default_nettype none"
    yield f"module {name} ("
    yield "  input  wire clk,"
    yield "  input  wire in_valid,"
    yield f"  input  wire [{bus - 1}:0] in_data,"
    yield f"  input  wire [{SCORE_BITS - 1}:0] threshold,"
    yield f"  input  wire [{SCORE_BITS - 1}:0] prescale,"
    yield "  output reg  out_valid,"
    yield f"  output reg  [{SCORE_BITS - 1}:0] score,"
    yield "  output reg  accept,"
    yield "  output wire keep"
    yield ");"


def _inputs(circuit: Circuit) -> Iterator[str]:
    low = 0
    for index, width in enumerate(input_widths(circuit)):
        yield f"  reg signed [{width - 1}:0] n{index}_s0;"
        yield f"  always @(posedge clk) n{index}_s0 <= in_data[{low + width - 1}:{low}];"
        low += width


def _nodes(pipeline: Pipeline) -> Iterator[str]:
    circuit = pipeline.circuit
    for index, node in enumerate(circuit.nodes):
        at = pipeline.stage[index]
        if node.kind == "constant":
            continue
        if node.kind != "input":
            yield from _compute(pipeline, index, node)
        for stage in range(at + 1, pipeline.last[index] + 1):
            yield f"  reg signed [{node.width - 1}:0] n{index}_s{stage};"
            yield f"  always @(posedge clk) n{index}_s{stage} <= n{index}_s{stage - 1};"


def _compute(pipeline: Pipeline, index: int, node: Node) -> Iterator[str]:
    stage = pipeline.stage[index]
    nodes = pipeline.circuit.nodes
    names = [_name(nodes, source, stage) for source in node.sources]
    wire = f"n{index}_s{stage}"
    if node.kind == "add":
        text = f"{_moved(names[0], node.shift)} {'+' if node.sign > 0 else '-'} {_moved(names[1], node.more)}"
    elif node.kind == "clip":
        yield from _clip(node, nodes[node.first], names[0], wire)
        return
    elif node.kind == "square":
        text = f"{names[0]} * {names[0]}"
        yield f'  (* use_dsp = "no" *) wire signed [{node.width - 1}:0] {wire} = {text};'
        return
    else:
        yield f"  wire signed [{node.width - 1}:0] {wire}_d = {names[0]} - {names[1]};"
        text = f"({wire}_d < 0) ? -{wire}_d : {wire}_d"
    yield f"  wire signed [{node.width - 1}:0] {wire} = {text};"


def _clip(node: Node, source: Node, name: str, wire: str) -> Iterator[str]:
    low, high = source.low >> node.shift, source.high >> node.shift
    width = max(Node("input", min(low, node.low), max(high, node.high)).width, 2)
    yield f"  wire signed [{width - 1}:0] {wire}_t = {name} >>> {node.shift};"
    text = f"{wire}_t"
    if high > node.high:
        text = f"({wire}_t > {_literal(node.high, width)}) ? {_literal(node.high, width)} : {text}"
    if low < node.low:
        text = f"({wire}_t < {_literal(node.low, width)}) ? {_literal(node.low, width)} : {text}"
    yield f"  wire signed [{node.width - 1}:0] {wire} = {text};"


def _tail(pipeline: Pipeline) -> Iterator[str]:
    circuit = pipeline.circuit
    last = f"n{len(circuit.nodes) - 1}_s{pipeline.stage[-1]}"
    if circuit.score.kind == "constant":
        last = _literal(circuit.score.value, SCORE_BITS + 1)
    depth = pipeline.latency - 1
    yield f"  reg [{depth - 1}:0] valid = 0;"
    moved = f"{{valid[{depth - 2}:0], in_valid}}" if depth > 1 else "in_valid"
    yield f"  always @(posedge clk) valid <= {moved};"
    yield f"  wire [{SCORE_BITS - 1}:0] total = {last};"
    yield f"  reg [{SCORE_BITS - 1}:0] count = 0;"
    yield "  wire turn = (count + 1 >= prescale);"
    yield "  reg chosen = 0;"
    yield f"  wire above = valid[{depth - 1}] && (total >= threshold);"
    yield "  initial begin out_valid = 0; accept = 0; end"
    yield "  always @(posedge clk) begin"
    yield f"    out_valid <= valid[{depth - 1}];"
    yield "    score <= total;"
    yield "    accept <= above;"
    yield "    chosen <= above && turn;"
    yield "    if (above) count <= turn ? 0 : count + 1;"
    yield "  end"
    yield "  assign keep = chosen;"
    yield "endmodule"
    yield "`default_nettype wire"


def _name(nodes: tuple[Node, ...], index: int, stage: int) -> str:
    node = nodes[index]
    return _literal(node.value, node.width) if node.kind == "constant" else f"n{index}_s{stage}"


def _moved(name: str, shift: int) -> str:
    return f"({name} <<< {shift})" if shift else name


def _literal(value: int, width: int) -> str:
    return f"-{width}'sd{-value}" if value < 0 else f"{width}'sd{value}"
