"""`Circuit`: a trigger net as single-assignment integer operations, each with its exact range.

As the programs of da4ml (arXiv:2507.04535), but only with what a trigger net needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hepack.firmware.adders import Term, share_pairs, signed_digits
from hepack.firmware.net import Dense, TriggerNet

Kind = Literal["input", "constant", "add", "clip", "square", "distance"]


@dataclass(frozen=True)
class Node:
    """One operation; ``first`` and ``second`` are indices of earlier nodes (-1: none).

    input: the input number ``value``. constant: ``value``. add: ``(first << shift) + sign (second << more)``.
    clip: ``first >> shift`` clipped to ``low .. high``. square: ``first ** 2``. distance: ``|first - second|``.
    ``low .. high`` is the range of the result.
    """

    kind: Kind
    low: int
    high: int
    first: int = -1
    second: int = -1
    shift: int = 0
    more: int = 0
    sign: int = 1
    value: int = 0

    @property
    def width(self) -> int:
        """Bits of the result in two's complement, the sign bit always there."""
        return max(self.high.bit_length(), (-self.low - 1).bit_length() if self.low < 0 else 0) + 1

    @property
    def sources(self) -> tuple[int, ...]:
        return tuple(i for i in (self.first, self.second) if i >= 0)


@dataclass(frozen=True)
class Circuit:
    """Nodes in order of evaluation; the inputs come first, the last node is the score."""

    inputs: int
    nodes: tuple[Node, ...]

    @property
    def score(self) -> Node:
        return self.nodes[-1]

    def run(self, values: list[int]) -> int:
        """The score of one event, node by node, every result checked against its range."""
        found: list[int] = []
        for node in self.nodes:
            result = _evaluate(node, found, values)
            assert node.low <= result <= node.high, f"{node} gave {result}"
            found.append(result)
        return found[-1]


def _evaluate(node: Node, found: list[int], values: list[int]) -> int:
    if node.kind == "input":
        return min(max(values[node.value], node.low), node.high)
    if node.kind == "constant":
        return node.value
    first = found[node.first]
    if node.kind == "add":
        return (first << node.shift) + node.sign * (found[node.second] << node.more)
    if node.kind == "clip":
        return min(max(first >> node.shift, node.low), node.high)
    return first * first if node.kind == "square" else abs(first - found[node.second])


def build(net: TriggerNet) -> Circuit:
    """The circuit of a net: constant products are sums of shifted inputs, shared between outputs."""
    maker = _Maker()
    inputs = [maker.add(Node("input", a, b, value=i)) for i, (a, b) in enumerate(net.bounds)]
    registers = [inputs]
    for layer in net.layers:
        registers.append(maker.layer(layer, registers[-1]))
    values = registers[-1]
    if net.score == "sum_squares":
        parts = [maker.square(v) for v in values]
    else:
        parts = [maker.distance(a, b) for a, b in zip(registers[net.compare], values, strict=True)]
    maker.sum([(p, 0, 1) for p in parts], 0, final=True)
    return Circuit(net.inputs, tuple(maker.nodes))


class _Maker:
    """Appends nodes; ``depth`` counts adders from the inputs, so that sums stay balanced."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.depth: list[int] = []
        self._constants: dict[int, int] = {}

    def add(self, node: Node) -> int:
        below = max((self.depth[i] for i in node.sources), default=0)
        self.nodes.append(node)
        self.depth.append(below + (1 if node.sources else 0))
        return len(self.nodes) - 1

    def constant(self, value: int) -> int:
        if value not in self._constants:
            self._constants[value] = self.add(Node("constant", value, value, value=value))
        return self._constants[value]

    def square(self, index: int) -> int:
        node = self.nodes[index]
        top = max(node.low * node.low, node.high * node.high)
        return self.add(Node("square", 0, top, index))

    def distance(self, first: int, second: int) -> int:
        a, b = self.nodes[first], self.nodes[second]
        top = max(abs(a.high - b.low), abs(b.high - a.low))
        return self.add(Node("distance", 0, top, first, second))

    def layer(self, layer: Dense, values: list[int]) -> list[int]:
        rows = [signed_digits(row) for row in layer.weights.tolist()]
        pairs, rows = share_pairs(rows, len(values), [self.depth[v] for v in values])
        known = list(values)
        for pair in pairs:
            known.append(
                self._plus((known[pair.first], pair.shift, 1), (known[pair.second], pair.more, pair.sign))
            )
        out = []
        for row, bias in zip(rows, layer.bias.tolist(), strict=True):
            total = self.sum([(known[n], s, sign) for n, s, sign in row], bias)
            node = self.nodes[total]
            low = min(max(node.low >> layer.shift, layer.low), layer.high)
            high = min(max(node.high >> layer.shift, layer.low), layer.high)
            out.append(self.add(Node("clip", low, high, total, shift=layer.shift)))
        return out

    def sum(self, terms: list[Term], bias: int, *, final: bool = False) -> int:
        """Add the shallowest two until one is left, so that the whole is as shallow as can be."""
        left = list(terms)
        if bias or not left:
            left.append((self.constant(abs(bias)), 0, 1 if bias >= 0 else -1))
        while len(left) > 1:
            left.sort(key=lambda t: (self.depth[t[0]], t[0], t[1]))
            first, second = left[0], left[1]
            if first[2] < 0 < second[2]:
                first, second = second, first
            base = min(first[1], second[1])
            made = self._plus(
                (first[0], first[1] - base, 1), (second[0], second[1] - base, first[2] * second[2])
            )
            left = [*left[2:], (made, base, first[2])]
        index, shift, sign = left[0]
        if shift or sign < 0 or (final and index != len(self.nodes) - 1):
            return self._plus((self.constant(0), 0, 1), (index, shift, sign))
        return index

    def _plus(self, first: Term, second: Term) -> int:
        (a, shift, _), (b, more, sign) = first, second
        x, y = self.nodes[a], self.nodes[b]
        ends = (sign * (y.low << more), sign * (y.high << more))
        low, high = (x.low << shift) + min(ends), (x.high << shift) + max(ends)
        return self.add(Node("add", low, high, a, b, shift, more, sign))
