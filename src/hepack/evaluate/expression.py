"""Selections as text, read by a parser of our own choice of words: nothing is ever executed.

``count(Jet_pt > 30 and abs(Jet_eta) < 2.5) >= 4 and met > 40``: columns by name, quantities of events by name
(`hepack.physics.quantities`), numbers, ``+ - * / **``, comparisons, ``and or not``, and the functions below.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.physics.fields import Field
from hepack.physics.kinematics import Floats
from hepack.table import EVENTS, EventTable
from hepack.table.names import unknown_name

LONGEST = 2000
DEEPEST = 60
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}  # fmt: skip
_COMPARE: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge, ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}  # fmt: skip
_PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "abs": np.abs, "sqrt": np.sqrt, "log": np.log, "exp": np.exp, "cos": np.cos, "sin": np.sin, "cosh": np.cosh,
    "sinh": np.sinh,
}  # fmt: skip
ROWS = "rows"
REDUCTIONS = ("count", "sum", "max", "min", "any", "all", "first")


@dataclass(frozen=True, eq=False)
class Value:
    """An array on an axis; axis None is a single number."""

    axis: str | None
    data: Any


@dataclass(frozen=True)
class Selection:
    """A parsed expression. ``names`` are the columns and quantities it uses."""

    text: str
    tree: ast.expr
    names: frozenset[str]

    @classmethod
    def parse(cls, text: str) -> Selection:
        """Read an expression.

        Raises:
            BadRequestError: it cannot be read, or uses anything but the words above.
        """
        if len(text) > LONGEST:
            raise BadRequestError(f"a selection of {len(text)} characters is too long (at most {LONGEST})")
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise BadRequestError(f"cannot read the selection '{text}': {error}") from error
        if _depth(tree) > DEEPEST:
            raise BadRequestError(
                f"the selection '{text[:60]}' is nested too deeply (at most {DEEPEST} levels)"
            )
        functions: set[int] = set()
        for node in ast.walk(tree):
            _check(node, text, functions)
        names = {
            node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and id(node) not in functions
        }
        return cls(text.strip(), tree, frozenset(names))


def _depth(tree: ast.AST) -> int:
    """Levels of nesting, counted without recursion."""
    deepest, waiting = 0, [(tree, 1)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        waiting += [(child, level + 1) for child in ast.iter_child_nodes(node)]
    return deepest


def _check(node: ast.AST, text: str, functions: set[int]) -> None:
    allowed = (
        ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Name, ast.Load, ast.operator, ast.unaryop, ast.boolop,
        ast.cmpop, ast.Constant, ast.Call, ast.Subscript,
    )  # fmt: skip
    wrong = ""
    if not isinstance(node, allowed):
        wrong = type(node).__name__.lower()
    elif isinstance(node, ast.Call):
        known = isinstance(node.func, ast.Name) and (node.func.id in _PLAIN or node.func.id in REDUCTIONS)
        if not known or len(node.args) != 1 or node.keywords:
            wrong = "a call of anything but " + ", ".join((*REDUCTIONS, *_PLAIN)) + " with one argument"
        functions.add(id(node.func))
    elif isinstance(node, ast.Constant) and type(node.value) not in (int, float, bool):
        wrong = "a constant that is no number"
    elif isinstance(node, ast.Subscript) and not (
        isinstance(node.value, ast.Name)
        and isinstance(node.slice, ast.Constant)
        and type(node.slice.value) is int
    ):
        wrong = "a subscript that is no whole number"
    elif isinstance(node, ast.BinOp) and type(node.op) not in _BINARY:
        wrong = f"the operator {type(node.op).__name__.lower()}"
    elif isinstance(node, ast.Compare) and any(type(op) not in _COMPARE for op in node.ops):
        wrong = "a comparison that is none of < <= > >= == !="
    if wrong:
        raise BadRequestError(f"the selection '{text}' uses {wrong}, which is not allowed")


class Evaluator:
    """Evaluate selections on one block; ``quantities`` are arrays of shape ``(event,)``. ``starts`` cuts the rows of
    a flat table into events; its columns are then entries of the collection "rows"."""

    def __init__(
        self, table: EventTable, fields: Mapping[str, Field], quantities: Mapping[str, Floats],
        starts: NDArray[np.int64] | None = None,
    ) -> None:  # fmt: skip
        self.table, self.fields, self.quantities, self.starts = table, fields, quantities, starts
        self.n_events = len(table) if starts is None else len(starts) - 1

    def passes(self, selection: Selection) -> NDArray[np.bool_]:
        """Which events pass.

        Raises:
            BadRequestError: an unknown name, objects of two kinds combined, or objects not reduced to events.
        """
        with np.errstate(all="ignore"):
            value = self._visit(selection.tree)
        if value.axis not in (EVENTS, None):
            raise BadRequestError(
                f"the selection '{selection.text}' gives one answer for each entry of {value.axis}; use count(...), "
                "any(...) or all(...) to make it one for each event"
            )
        return np.asarray(np.broadcast_to(np.asarray(value.data, bool), (self.n_events,)))

    def _visit(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant():
                return Value(None, np.float64(node.value))  # type: ignore[arg-type]  # no big integers
            case ast.Name():
                return self._name(node.id)
            case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=place)):
                return self._name(f"{name}[{place!r}]")
            case ast.UnaryOp():
                inner = self._visit(node.operand)
                if isinstance(node.op, ast.Not):
                    return Value(inner.axis, np.logical_not(inner.data))
                return Value(inner.axis, -inner.data if isinstance(node.op, ast.USub) else inner.data)
            case ast.BinOp():
                return self._join(_BINARY[type(node.op)], self._visit(node.left), self._visit(node.right))
            case ast.BoolOp():
                join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
                value = self._visit(node.values[0])
                for other in node.values[1:]:
                    value = self._join(join, value, self._visit(other))
                return value
            case ast.Compare():
                return self._compare(node)
            case ast.Call(func=ast.Name(id=name)):
                return self._call(name, self._visit(node.args[0]))
        raise AssertionError(f"{type(node).__name__} passed the parser")

    def _compare(self, node: ast.Compare) -> Value:
        result, left = None, self._visit(node.left)
        for op, side in zip(node.ops, node.comparators, strict=True):
            right = self._visit(side)
            step = self._join(_COMPARE[type(op)], left, right)
            result = step if result is None else self._join(np.logical_and, result, step)
            left = right
        assert result is not None
        return result

    def _name(self, name: str) -> Value:
        if name in self.fields:
            field = self.fields[name]
            if field.is_number and field.width == 1:
                axis = ROWS if field.axis == EVENTS and self.starts is not None else field.axis
                return Value(axis, field.values(self.table))
            raise BadRequestError(f"'{name}' is no plain number; a selection cannot use it")
        if name in self.quantities:
            return Value(EVENTS, self.quantities[name])
        known = [*self.quantities, *self.fields]
        raise BadRequestError(
            unknown_name(name, known, "the columns and quantities that a selection can use")
        )

    def _join(self, function: Callable[[Any, Any], Any], left: Value, right: Value) -> Value:
        axes = {value.axis for value in (left, right) if value.axis}
        if len(axes) > 1:
            raise BadRequestError(
                f"a selection cannot combine entries of {' and '.join(sorted(axis for axis in axes if axis))}"
            )
        axis = next(iter(axes), EVENTS if EVENTS in (left.axis, right.axis) else None)
        one, two = (self._lift(value, axis) for value in (left, right))
        return Value(axis, function(one, two))

    def _lift(self, value: Value, axis: str | None) -> Any:
        if value.axis == EVENTS and axis not in (EVENTS, None):
            assert axis is not None
            if axis == ROWS and self.starts is not None:
                return np.repeat(value.data, np.diff(self.starts))
            for name in self.table.schema.ancestors(axis):
                value = Value(name, np.repeat(value.data, self.table.counts(name)))
        return value.data

    def _call(self, name: str, value: Value) -> Value:
        if name in _PLAIN:
            return Value(value.axis, _PLAIN[name](value.data))
        if value.axis in (None, EVENTS):
            raise BadRequestError(f"{name}(...) needs entries of a collection inside")
        assert value.axis is not None
        if value.axis == ROWS and self.starts is not None:
            return Value(EVENTS, reduce_runs(name, np.asarray(value.data), self.starts))
        ancestors = self.table.schema.ancestors(value.axis)
        if len(ancestors) > 1:
            raise BadRequestError(f"{name}(...) of the nested collection {value.axis} is not supported")
        return Value(EVENTS, reduce_runs(name, np.asarray(value.data), self.table.offsets[value.axis]))


def reduce_runs(name: str, data: NDArray[Any], offsets: NDArray[np.int64]) -> Floats:
    """One number for each run of entries; an empty run gives 0 (count, sum, any), 1 (all) or NaN."""
    counts = np.diff(offsets)
    if name in ("count", "any", "all"):
        data = data.astype(bool)
    values = data.astype(np.float64)
    filled = counts > 0
    starts = offsets[:-1][filled]
    if name in ("count", "sum", "any", "all"):
        sums = np.zeros(len(counts))
        if len(starts):
            sums[filled] = np.add.reduceat(values, starts)
        chosen = {"any": sums > 0, "all": sums == counts}.get(name, sums)
        return np.asarray(chosen, dtype=np.float64)
    result = np.full(len(counts), np.nan)
    if len(starts):
        reducers = {"max": np.maximum, "min": np.minimum}
        result[filled] = values[starts] if name == "first" else reducers[name].reduceat(values, starts)
    return result
