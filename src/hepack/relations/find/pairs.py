"""Columns that are a function of one or two others on their axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.relations.expression import Expression
from hepack.relations.find.match import Index, Matrix

Proposal = tuple[str, Expression]
"""A target and a formula for it."""

MOST_COLUMNS = 72
"""Above, only columns whose names begin alike are tried together."""


@dataclass(frozen=True)
class Template:
    """``quick`` computes a matrix of candidates; ``formula`` says the same of two columns."""

    quick: Callable[[Matrix, Matrix], Matrix]
    formula: Callable[[str, str], Expression]
    symmetric: bool = False
    angle: bool = False
    """Whether the second argument is an angle or rapidity, within +-10."""


def call(name: str, *inputs: Expression | str) -> Expression:
    return Expression("call", inputs, (name,))


def linear(inputs: list[Expression | str], factors: list[Any]) -> Expression:
    """``factors`` ends with the constant."""
    return Expression("linear", tuple(inputs), tuple(factors))


def product(*parts: tuple[Expression | str, int], factor: Any = 1) -> Expression:
    return Expression("product", tuple(p for p, _ in parts), (factor, *(e for _, e in parts)))


def vector(wanted: str, *particles: tuple[int, dict[str, Expression | str], str, float]) -> Expression:
    """``particles``: sign, inputs by role, fixed role and value."""
    inputs = tuple(column for _, given, _, _ in particles for column in given.values())
    settings = tuple((sign, tuple(given), role, value) for sign, given, role, value in particles)
    return Expression("vector", inputs, (wanted, *settings))


def one(wanted: str, **given: Expression | str) -> Expression:
    """A quantity of one particle."""
    return vector(wanted, (1, given, "", 0))


def _minus(x: Expression | str) -> Expression:
    return linear([x], [-1, 1])


def _wrap(x: Matrix) -> Matrix:
    return np.asarray(x - 2 * np.pi * np.rint(x / (2 * np.pi)))


def _root(x: Matrix) -> Matrix:
    return np.asarray(np.sqrt(np.where(x > 0, x, np.nan)))


def _chosen(choose: np.ufunc) -> Callable[[Matrix, Matrix], Matrix]:
    """The larger or smaller of two, where neither is so throughout."""

    def quick(x: Matrix, y: Matrix) -> Matrix:
        found = choose(x, y)
        share = (found == x).mean(axis=1, keepdims=True)
        return np.where((share > 0.15) & (share < 0.85), found, np.nan)

    return quick


TEMPLATES = (
    Template(np.hypot, lambda x, y: call("hypot", x, y), symmetric=True),
    Template(lambda x, y: _root(x * x - y * y), lambda x, y: one("p", E=x, m=y)),
    Template(np.arctan2, lambda x, y: call("atan2", x, y)),
    Template(lambda x, y: x * np.cos(y), lambda x, y: one("px", pt=x, phi=y), angle=True),
    Template(lambda x, y: x * np.sin(y), lambda x, y: one("py", pt=x, phi=y), angle=True),
    Template(lambda x, y: x * np.tan(y), lambda x, y: product((x, 1), (call("tan", y), 1)), angle=True),
    Template(lambda x, y: x / np.sin(y), lambda x, y: one("p", pt=x, theta=y), angle=True),
    Template(lambda x, y: x / np.cos(y), lambda x, y: product((x, 1), (call("cos", y), -1)), angle=True),
    Template(lambda x, y: x / np.tan(y), lambda x, y: one("pz", pt=x, theta=y), angle=True),
    Template(lambda x, y: x * np.sinh(y), lambda x, y: one("pz", pt=x, eta=y), angle=True),
    Template(lambda x, y: x * np.cosh(y), lambda x, y: one("p", pt=x, eta=y), angle=True),
    Template(lambda x, y: x / np.cosh(y), lambda x, y: one("pt", p=x, eta=y), angle=True),
    Template(lambda x, y: x * np.tanh(y), lambda x, y: one("pz", E=x, y=y), angle=True),
    Template(lambda x, y: x / np.sinh(y), lambda x, y: product((x, 1), (call("sinh", y), -1)), angle=True),
    Template(lambda x, y: np.arcsinh(x / y), lambda x, y: one("eta", pz=x, pt=y)),
    Template(lambda x, y: x - y, lambda x, y: linear([x, y], [1, -1, 0])),
    Template(lambda x, y: x + y, lambda x, y: linear([x, y], [1, 1, 0]), symmetric=True),
    Template(lambda x, y: _wrap(x - y), lambda x, y: call("dphi", x, y), angle=True),
    Template(lambda x, y: np.abs(_wrap(x - y)), lambda x, y: call("absdphi", x, y), True, True),
    Template(lambda x, y: np.abs(x - y), lambda x, y: call("absdiff", x, y), symmetric=True),
    Template(np.multiply, lambda x, y: product((x, 1), (y, 1)), symmetric=True),
    Template(np.divide, lambda x, y: product((x, 1), (y, -1))),
    Template(lambda x, y: x * x / y, lambda x, y: product((x, 2), (y, -1))),
    Template(lambda x, y: x * (1 - y), lambda x, y: product((x, 1), (_minus(y), 1))),
    Template(lambda x, y: x / (1 - y), lambda x, y: product((x, 1), (_minus(y), -1))),
    Template(lambda x, y: 1 - x / y, lambda x, y: _minus(product((x, 1), (y, -1)))),
    Template(lambda x, y: x / (x + y), lambda x, y: product((x, 1), (linear([x, y], [1, 1, 0]), -1))),
    Template(
        lambda x, y: (x - y) / (x + y),
        lambda x, y: product((linear([x, y], [1, -1, 0]), 1), (linear([x, y], [1, 1, 0]), -1)),
    ),
    Template(_chosen(np.maximum), lambda x, y: call("max", x, y), symmetric=True),
    Template(_chosen(np.minimum), lambda x, y: call("min", x, y), symmetric=True),
)


def groups(names: list[str]) -> Iterator[list[int]]:
    """Numbers of columns to be tried together: all, or, of very many, those whose names begin alike."""
    if len(names) <= MOST_COLUMNS:
        if names:
            yield list(range(len(names)))
        return
    heads: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        heads.setdefault(name.replace(".", "_").split("_")[0], []).append(number)
    for members in heads.values():
        for start in range(0, len(members), MOST_COLUMNS):
            yield members[start : start + MOST_COLUMNS]


def pairs(index: Index) -> Iterator[Proposal]:
    """Formulas of two columns that do not repeat their values."""
    continuous = [i for i, row in enumerate(index.matrix) if len(set(row.tolist())) > len(row) // 2]
    for members in groups([index.names[i] for i in continuous]):
        yield from _pairs(index, np.array(continuous)[members])


def _pairs(index: Index, members: NDArray[np.int64]) -> Iterator[Proposal]:
    part = index.matrix[members]
    small = np.flatnonzero(np.nanmax(np.abs(part), axis=1, initial=0) < 12)
    everything = np.arange(len(members))
    for template in TEMPLATES:
        first, second = np.meshgrid(everything, small if template.angle else everything, indexing="ij")
        keep = first < second if template.symmetric else first != second
        first, second = first[keep], second[keep]
        with np.errstate(all="ignore"):
            found = template.quick(part[first], part[second])
        for candidate, column in index.matches(found):
            x, y = members[first[candidate]], members[second[candidate]]
            if column not in (x, y):
                yield index.names[column], template.formula(index.names[x], index.names[y])


UNARY: dict[str, tuple[Callable[[Matrix], Matrix], Callable[[str], Expression | str]]] = {
    "x": (lambda x: x, lambda x: x),
    "1/x": (lambda x: 1 / x, lambda x: product((x, -1))),
    "square": (np.square, lambda x: call("square", x)),
    "sqrt": (np.sqrt, lambda x: call("sqrt", x)),
    "log": (np.log, lambda x: call("log", x)),
    "log1p": (np.log1p, lambda x: call("log1p", x)),
    "exp": (np.exp, lambda x: call("exp", x)),
    "abs": (np.abs, lambda x: call("abs", x)),
    "cos": (np.cos, lambda x: call("cos", x)),
    "sin": (np.sin, lambda x: call("sin", x)),
    "cosh": (np.cosh, lambda x: call("cosh", x)),
    "sinh": (np.sinh, lambda x: call("sinh", x)),
    "tanh": (np.tanh, lambda x: call("tanh", x)),
    "eta": (lambda t: -np.log(np.tan(t / 2)), lambda x: one("eta", theta=x)),
    "theta": (lambda e: 2 * np.arctan(np.exp(-e)), lambda x: one("theta", eta=x)),
    "acos": (np.arccos, lambda x: call("acos", x)),
}


def affine(index: Index) -> Iterator[Proposal]:
    """``y = a f(x) + b``: columns that agree when two rows are made 0 and 1."""
    if len(index) < 2 or index.matrix.shape[1] < 6:
        return
    for x, y in index.matches(index.matrix):
        if x != y:
            yield index.names[y], linear([index.names[x]], [1, 0])
    target = _normal(index.matrix)
    for quick, formula in UNARY.values():
        with np.errstate(all="ignore"):
            source = _normal(quick(index.matrix))
        for x, y in _alike(source, target):
            if x == y:
                continue
            name, other = index.names[y], index.names[x]
            inner = formula(other)
            for factors in _fit(index, inner, other, name):
                yield name, linear([inner], factors) if factors != [1, 0] else linear([inner], [1, 0])


def _normal(matrix: Matrix) -> Matrix:
    """Each row made affine-invariant: divided by the spread, its centre subtracted, first value positive."""
    with np.errstate(all="ignore"):
        centred = matrix - np.median(matrix, axis=1, keepdims=True)
        scale = np.median(np.abs(centred), axis=1, keepdims=True)
        largest = np.argmax(np.abs(np.nan_to_num(centred / scale)), axis=1)
        sign = np.sign(centred[np.arange(len(matrix)), largest])[:, None]
        return np.asarray(centred / (scale * sign))


def _alike(source: Matrix, target: Matrix) -> Iterator[tuple[int, int]]:
    key = np.nan_to_num(target[:, 0], nan=np.inf)
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    for x, row in enumerate(source):
        if not np.isfinite(row).any():
            continue
        width = 2e-3 * (1 + abs(row[0]))
        near = order[np.searchsorted(ordered, row[0] - width) : np.searchsorted(ordered, row[0] + width)]
        if len(near):
            with np.errstate(invalid="ignore"):
                close = np.abs(target[near] - row) <= 4e-3 * (1 + np.abs(row))
            for y in near[close.mean(axis=1) >= 0.7].tolist():
                yield x, y


def _fit(index: Index, inner: Expression | str, source: str, target: str) -> Iterator[list[Any]]:
    """Factor and constant through two distant rows, and rounded to what people write."""
    x, y = index.columns[source], index.columns[target]
    if isinstance(inner, Expression):
        x = index.evaluate(inner)
    good = np.isfinite(x) & np.isfinite(y)
    x, y = x[good], y[good]
    low, high = np.argmin(x), np.argmax(x)
    if x[low] == x[high]:
        return
    slope = float((y[high] - y[low]) / (x[high] - x[low]))
    offset = float(np.median(y - slope * x))
    for a in dict.fromkeys([nice(slope), slope]):
        if not a:
            continue
        middle = float(np.median(y - a * x))
        level = float(np.max(np.abs(y), initial=0.0))
        for b in dict.fromkeys([0 if abs(middle) < 1e-5 * level else nice(middle), middle, offset]):
            yield [a, b]


def nice(value: float) -> int | float:
    """The near number that a person would write, or the value itself."""
    for scale in (1, 2, 3, 10, 100, 1000, 10000):
        whole = round(value * scale)
        if whole and abs(value * scale - whole) < 2e-6 * abs(whole):
            return whole if scale == 1 else whole / scale
    if value and abs(1 / value - round(1 / value)) < 2e-6 * abs(1 / value):
        return 1 / round(1 / value)
    return value
