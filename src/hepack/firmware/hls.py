"""A circuit as C++ for high-level synthesis, bit for bit the same as the Verilog."""

from __future__ import annotations

from hepack.firmware.circuit import Circuit, Node


def emit_header(name: str, circuit: Circuit) -> str:
    """``NAME.h``: the function and its types; plain 64-bit integers unless HEPACK_AP_INT is set."""
    return f"""// {name}: made by hepack; do not edit.
#ifndef {name.upper()}_H
#define {name.upper()}_H
#ifdef HEPACK_AP_INT
#include <ap_int.h>
#define HEPACK_INT(bits) ap_int<bits>
#else
#include <cstdint>
#define HEPACK_INT(bits) std::int64_t
#endif
const int {name}_inputs = {circuit.inputs};
typedef HEPACK_INT({max(n.width for n in circuit.nodes[: circuit.inputs])}) {name}_input_t;
typedef HEPACK_INT({circuit.score.width}) {name}_score_t;
{name}_score_t {name}(const {name}_input_t in[{circuit.inputs}]);
#endif
"""


def emit_source(name: str, circuit: Circuit) -> str:
    """``NAME.cpp``: one constant per node, one event per clock."""
    lines = [
        f'#include "{name}.h"',
        f"{name}_score_t {name}(const {name}_input_t in[{circuit.inputs}]) {{",
        "#pragma HLS PIPELINE II=1",
        "#pragma HLS ARRAY_PARTITION variable=in complete",
        *(
            f"  const HEPACK_INT({node.width}) n{i} = {_text(circuit, node)};"
            for i, node in enumerate(circuit.nodes)
        ),
        f"  return n{len(circuit.nodes) - 1};",
        "}",
    ]
    return "\n".join(lines) + "\n"


def _text(circuit: Circuit, node: Node) -> str:
    if node.kind == "input":
        return f"in[{node.value}]"
    if node.kind == "constant":
        return str(node.value)
    width, first, second = node.width, f"n{node.first}", f"n{node.second}"
    if node.kind == "add":
        sign = "+" if node.sign > 0 else "-"
        return f"{_moved(first, node.shift, width)} {sign} {_moved(second, node.more, width)}"
    if node.kind == "clip":
        source = circuit.nodes[node.first]
        moved = f"({first} >> {node.shift})"
        text = moved
        if source.high >> node.shift > node.high:
            text = f"({moved} > {node.high} ? HEPACK_INT({width})({node.high}) : HEPACK_INT({width})({text}))"
        if source.low >> node.shift < node.low:
            text = f"({moved} < {node.low} ? HEPACK_INT({width})({node.low}) : HEPACK_INT({width})({text}))"
        return text
    if node.kind == "square":
        return f"{first} * {first}"
    wide = f"HEPACK_INT({width + 1})({first} - {second})"
    return f"({first} < {second} ? HEPACK_INT({width})(-{wide}) : HEPACK_INT({width})({wide}))"


def _moved(name: str, shift: int, width: int) -> str:
    return f"HEPACK_INT({width})({name}) * (1LL << {shift})" if shift else name
