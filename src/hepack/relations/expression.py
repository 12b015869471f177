"""`Expression`: a formula over columns, as a small tree; checked against a schema, evaluated exactly.

A leaf is the name of a column. The kinds of inner nodes are in `hepack.relations.kinds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.relations.kinds import KINDS
from hepack.relations.view import View, deepest, spread
from hepack.table import Schema, Variable

MAX_NODES = 96
MAX_DEPTH = 8


@dataclass(frozen=True)
class Expression:
    """One node: what ``kind`` makes of its ``inputs`` (nodes or names of columns) with its ``settings``."""

    kind: str
    inputs: tuple[Expression | str, ...] = ()
    settings: tuple[Any, ...] = ()

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """The columns that it reads, each once, in the order of the formula."""
        found: dict[str, None] = {}
        for part in self.inputs:
            found.update(dict.fromkeys([part] if isinstance(part, str) else part.sources))
        return tuple(found)

    @cached_property
    def size(self) -> int:
        """Nodes and leaves."""
        return 1 + sum(1 if isinstance(part, str) else part.size for part in self.inputs)

    @cached_property
    def pointers(self) -> frozenset[tuple[str, str]]:
        """Index columns that objects are picked by, and a column of these objects."""
        found: set[tuple[str, str]] = set()
        for part in self.inputs:
            if isinstance(part, Expression):
                found |= part.pointers
        if self.kind in ("gather", "elder") and isinstance(self.inputs[1], str):
            picked = self.inputs[0]
            names = (picked,) if isinstance(picked, str) else picked.sources
            found |= {(self.inputs[1], name) for name in names}
        return frozenset(found)


def to_json(expression: Expression | str) -> Any:
    """A name, or ``[kind, settings, *inputs]``."""
    if isinstance(expression, str):
        return expression
    return [expression.kind, _lists(expression.settings), *map(to_json, expression.inputs)]


def from_json(value: Any, schema: Schema) -> Expression:
    """Undo `to_json`, trusting nothing.

    Raises:
        CorruptFileError: no such formula can be over these columns.
    """
    expression = _parse(value, [MAX_NODES], MAX_DEPTH, {})
    if isinstance(expression, str):
        raise CorruptFileError("a relation is a bare name")
    axis_of(expression, schema)
    return expression


def axis_of(expression: Expression | str, schema: Schema) -> str:
    """The axis on which an expression has its values.

    Raises:
        CorruptFileError: an unknown column or kind, settings or axes that do not fit.
    """
    if isinstance(expression, str):
        return _scalar(expression, schema).axis
    kind = KINDS.get(expression.kind)
    if kind is None:
        raise CorruptFileError(f"a relation has the unknown kind '{expression.kind[:40]}'")
    axes = tuple(axis_of(part, schema) for part in expression.inputs)
    leaves = tuple(schema.by_name[part] if isinstance(part, str) else None for part in expression.inputs)
    axis = kind.check(expression.settings, axes, leaves, schema)
    if axis is None:
        raise CorruptFileError(f"a relation of kind '{expression.kind}' has impossible settings or inputs")
    return axis


Memory = dict[int, tuple[NDArray[Any], str]]


def evaluate(
    expression: Expression | str, view: View, memory: Memory | None = None
) -> tuple[NDArray[Any], str]:
    """The values, float64 or int64, and their axis. The expression must have been checked.

    ``memory`` keeps results by the identity of nodes that live as long as it does.
    """
    if memory is None:
        return _evaluate(expression, view, None)
    if id(expression) not in memory:
        memory[id(expression)] = _evaluate(expression, view, memory)
    return memory[id(expression)]


def _evaluate(expression: Expression | str, view: View, memory: Memory | None) -> tuple[NDArray[Any], str]:
    if isinstance(expression, str):
        return numbers(view.column(expression)), view.schema.by_name[expression].axis
    kind = KINDS[expression.kind]
    parts = [evaluate(part, view, memory) for part in expression.inputs]
    axes = tuple(axis for _, axis in parts)
    values = [part for part, _ in parts]
    if kind.elementwise:
        lowest = deepest(view.schema, axes)
        assert lowest is not None
        values = [spread(part, axis, lowest, view) for part, axis in parts]
    with np.errstate(all="ignore"):
        return kind.evaluate(expression.settings, values, axes, view)


def numbers(column: NDArray[Any]) -> NDArray[Any]:
    """Floats as float64; integers and flags as int64 (uint64 wraps)."""
    if column.dtype.kind == "f":
        return column.astype(np.float64)
    return column.view(np.int64) if column.dtype == np.uint64 else column.astype(np.int64)


def _scalar(name: str, schema: Schema) -> Variable:
    variable = schema.by_name.get(name)
    if variable is None or variable.shape or variable.kind == "text":
        raise CorruptFileError(f"a relation reads '{name[:80]}', which is no column of single numbers")
    return variable


def _parse(value: Any, budget: list[int], depth: int, seen: dict[str, Expression | str]) -> Expression | str:
    """``seen``: parts that are written alike become one, so that they are evaluated once where there is a memory."""
    budget[0] -= 1
    if budget[0] < 0 or depth < 0:
        raise CorruptFileError("a relation is too large")
    if isinstance(value, str):
        return seen.setdefault(repr(value), value)
    match value:
        case [str(kind), [*settings], *inputs]:
            parts = tuple(_parse(part, budget, depth - 1, seen) for part in inputs)
            expression = Expression(kind, parts, _tuples(settings, 3))
            return seen.setdefault(repr(expression), expression)  # 1 and 1.0 are equal, but not alike
    raise CorruptFileError("a relation has an impossible form")


def _tuples(values: list[Any], depth: int) -> tuple[Any, ...]:
    if depth < 0:
        raise CorruptFileError("the settings of a relation are nested too deeply")
    return tuple(_tuples(value, depth - 1) if isinstance(value, list) else _plain(value) for value in values)


def _plain(value: Any) -> Any:
    if type(value) not in (int, float, str):
        raise CorruptFileError("the settings of a relation must be numbers, words and lists")
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise CorruptFileError("a setting of a relation is too large")
    return value


def _lists(values: tuple[Any, ...]) -> list[Any]:
    return [_lists(value) if isinstance(value, tuple) else value for value in values]
