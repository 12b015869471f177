"""The plan: what a packed file says of its tables, as JSON, read back with nothing trusted.

A variable is ``[name, dtype, {what differs from the default}]``; the same for collections.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from hepack._errors import CorruptFileError, HepackError
from hepack.container import MAX_VALUES
from hepack.io import Skipped
from hepack.table import (
    DTYPES,
    LOSSLESS,
    Cell,
    Collection,
    Kind,
    Layout,
    Order,
    Schema,
    Tolerance,
    Variable,
    split_schema,
    splittable,
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All that decoding needs besides the blocks, resolved: nothing here is "auto".

    ``splits`` names for each table the variables whose components are columns of their own, ``hidden`` the
    integer columns that stand in its blocks and in no file (the latents of its autoencoders), ``orders`` says by
    what its events and objects were sorted (each may be empty: none in any table).
    """

    schemas: tuple[Schema, ...]
    format: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    skipped: tuple[Skipped, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)
    creator: str = ""
    splits: tuple[tuple[str, ...], ...] = ()
    hidden: tuple[tuple[Variable, ...], ...] = ()
    orders: tuple[Order, ...] = ()

    @cached_property
    def coded(self) -> tuple[Schema, ...]:
        """The tables as blocks hold them: with the components of some variables as columns of their own, and
        the hidden columns behind all others."""
        return tuple(
            with_hidden(split_schema(schema, names), hidden)
            for schema, names, hidden in zip(self.schemas, self._splits, self._hidden, strict=True)
        )

    @property
    def unbounded(self) -> tuple[str, ...]:
        """The names of the variables of which nothing is promised."""
        return tuple(
            v.name for schema in self.schemas for v in schema.variables if not v.tolerance.is_bounded
        )

    @property
    def _splits(self) -> tuple[tuple[str, ...], ...]:
        return self.splits or ((),) * len(self.schemas)

    @property
    def _hidden(self) -> tuple[tuple[Variable, ...], ...]:
        return self.hidden or ((),) * len(self.schemas)

    def order(self, table: int) -> Order:
        """By what the events and objects of a table were sorted before they were stored."""
        return self.orders[table] if self.orders else Order()

    def to_json(self) -> dict[str, Any]:
        return {
            "creator": self.creator,
            "format": self.format,
            "attributes": dict(self.attributes),
            # here, where a reader that knows nothing of orders lets it pass
            "source": dict(self.source)
            | ({"order": _orders_to_json(self.orders)} if any(self.orders) else {}),
            "skipped": [[item.name, item.reason] for item in self.skipped],
            "tables": [
                _schema_to_json(schema)
                | ({"split": list(names)} if names else {})
                | ({"hidden": [[v.axis, v.name] for v in hidden]} if hidden else {})
                for schema, names, hidden in zip(self.schemas, self._splits, self._hidden, strict=True)
            ],
        }

    @classmethod
    def from_json(cls, value: Any) -> Plan:
        """Read a plan.

        Raises:
            CorruptFileError: it has another form, unknown keys included.
        """
        try:
            raw = _Plan.model_validate(value, strict=True)
            splits = tuple(_splits(table) for table in raw.tables)
            hidden = tuple(_hidden(table) for table in raw.tables)
            schemas = tuple(_schema_from_json(table) for table in raw.tables)
            plan = cls(
                schemas=schemas,
                format=raw.format,
                attributes=raw.attributes,
                skipped=tuple(Skipped(name, reason) for name, reason in map(tuple, raw.skipped)),
                source={key: value for key, value in raw.source.items() if key != "order"},
                creator=raw.creator,
                splits=splits if any(splits) else (),
                hidden=hidden if any(hidden) else (),
                orders=_orders_from_json(raw.source.get("order"), schemas),
            )
            _ = plan.coded  # says so if hidden columns have the names or axes of others
            return plan
        except (ValidationError, HepackError, TypeError, ValueError, OverflowError) as error:
            reason = " ".join(str(error).split())[:300]
            raise CorruptFileError(f"the plan of the packed file has a wrong form: {reason}") from None


MAX_DIMENSIONS = 32


def hidden_variable(axis: str, name: str) -> Variable:
    """A hidden column: int64, one number for each entry of ``axis``."""
    return Variable(name=name, dtype=np.dtype(np.int64), axis=axis, kind="integer")


def with_hidden(schema: Schema, hidden: tuple[Variable, ...]) -> Schema:
    """The schema with hidden columns behind its own."""
    return replace(schema, variables=schema.variables + hidden) if hidden else schema


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Variable(_Strict):
    axis: str = ""
    shape: list[int] = []
    unit: str = ""
    kind: Kind = "continuous"
    period: float | None = None
    tolerance: list[Any] = []
    attributes: dict[str, Any] = {}


class _Collection(_Strict):
    parent: str = ""
    layout: Layout = "list"
    counter: str = ""
    counter_dtype: str = "i4"
    attributes: dict[str, Any] = {}


class _Table(_Strict):
    name: str
    attributes: dict[str, Any]
    collections: list[list[Any]]
    variables: list[list[Any]]
    split: list[str] = []
    hidden: list[list[str]] = []


class _Order(_Strict):
    events: str = ""
    then: str = ""
    cell: list[Any] = []
    objects: dict[str, str] = {}


class _Plan(_Strict):
    creator: str
    format: str
    attributes: dict[str, Any]
    source: dict[str, Any]
    skipped: list[list[str]]
    tables: list[_Table]


_DTYPE_CODES = {dtype.str.lstrip("<|"): dtype for dtype in DTYPES}
_CODES = {dtype: code for code, dtype in _DTYPE_CODES.items()}


def _default_kind(dtype: np.dtype[Any]) -> Kind:
    kinds: dict[str, Kind] = {"b": "flag", "i": "integer", "u": "integer"}
    return kinds.get(dtype.kind, "continuous")


def _schema_to_json(schema: Schema) -> dict[str, Any]:
    return {
        "name": schema.name,
        "attributes": dict(schema.attributes),
        "collections": [_collection_to_json(collection) for collection in schema.collections],
        "variables": [_variable_to_json(variable) for variable in schema.variables],
    }


def _variable_to_json(variable: Variable) -> list[Any]:
    extra: dict[str, Any] = {}
    if variable.axis:
        extra["axis"] = variable.axis
    if variable.shape:
        extra["shape"] = list(variable.shape)
    if variable.unit:
        extra["unit"] = variable.unit
    if variable.kind != _default_kind(variable.dtype):
        extra["kind"] = variable.kind
    if variable.period is not None:
        extra["period"] = variable.period
    if not variable.tolerance.is_lossless:
        extra["tolerance"] = [variable.tolerance.mode, variable.tolerance.value]
    if variable.attributes:
        extra["attributes"] = dict(variable.attributes)
    return [variable.name, _CODES[variable.dtype], *([extra] if extra else [])]


def _collection_to_json(collection: Collection) -> list[Any]:
    extra: dict[str, Any] = {}
    if collection.parent:
        extra["parent"] = collection.parent
    if collection.layout != "list":
        extra["layout"] = collection.layout
    if collection.counter:
        extra["counter"] = collection.counter
    if collection.counter_dtype != np.dtype("i4"):
        extra["counter_dtype"] = collection.counter_dtype.str.lstrip("<|")
    if collection.attributes:
        extra["attributes"] = dict(collection.attributes)
    return [collection.name, *([extra] if extra else [])]


def _splits(table: _Table) -> tuple[str, ...]:
    wrong = set(table.split) - set(splittable(_schema_from_json(table)))
    if wrong:
        raise CorruptFileError(f"the variable '{min(wrong)[:80]}' cannot be split")
    return tuple(table.split)


def _hidden(table: _Table) -> tuple[Variable, ...]:
    return tuple(hidden_variable(axis, name) for axis, name in table.hidden)


def _orders_to_json(orders: Sequence[Order]) -> list[dict[str, Any]]:
    return [
        ({"events": order.events} if order.events else {})
        | ({"then": order.then} if order.then else {})
        | ({"cell": [order.cell.kind, order.cell.first, order.cell.second]} if order.cell.kind else {})
        | ({"objects": dict(order.objects)} if order.objects else {})
        for order in orders
    ]


def _orders_from_json(value: Any, schemas: Sequence[Schema]) -> tuple[Order, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) != len(schemas):
        raise CorruptFileError("the orders are not one for each table")
    raw = [_Order.model_validate(entry, strict=True) for entry in value]
    orders = tuple(
        Order(each.events, tuple(each.objects.items()), each.then, _cell(*each.cell)) for each in raw
    )
    for order, schema in zip(orders, schemas, strict=True):
        order.check(schema)
    return orders if any(orders) else ()


def _cell(kind: str = "", first: float = 1.0, second: float = 1.0) -> Cell:
    return Cell(str(kind), float(first), float(second))


def _schema_from_json(table: _Table) -> Schema:
    return Schema(
        table.name,
        tuple(_variable_from_json(*row) for row in table.variables),
        tuple(_collection_from_json(*row) for row in table.collections),
        table.attributes,
    )


def _variable_from_json(name: str, code: str, extra: Mapping[str, Any] | None = None) -> Variable:
    dtype = _DTYPE_CODES.get(code)
    if dtype is None or not isinstance(name, str):
        raise CorruptFileError(f"a variable has the unknown dtype {code!r}")
    raw = _Variable.model_validate({"kind": _default_kind(dtype), **(extra or {})}, strict=True)
    # zeros must not hide the rest: numpy refuses arrays whose other sizes multiply to too much
    if (
        len(raw.shape) > MAX_DIMENSIONS
        or any(size < 0 for size in raw.shape)
        or math.prod(filter(None, raw.shape)) > MAX_VALUES
    ):
        raise CorruptFileError(f"variable '{name}' has the impossible shape {raw.shape}")
    return Variable(
        name=name,
        dtype=dtype,
        axis=raw.axis,
        shape=tuple(raw.shape),
        unit=raw.unit,
        kind=raw.kind,
        period=raw.period,
        tolerance=_tolerance_from_json(raw.tolerance),
        attributes=raw.attributes,
    )


def _tolerance_from_json(value: list[Any]) -> Tolerance:
    if not value:
        return LOSSLESS
    mode, bound = value
    if mode not in ("absolute", "relative", "mantissa", "unbounded"):
        raise CorruptFileError(f"unknown tolerance mode {mode!r}")
    return Tolerance(mode, float(bound))


def _collection_from_json(name: str, extra: Mapping[str, Any] | None = None) -> Collection:
    raw = _Collection.model_validate(extra or {}, strict=True)
    dtype = _DTYPE_CODES.get(raw.counter_dtype)
    if dtype is None or not isinstance(name, str):
        raise CorruptFileError(f"a counter has the unknown dtype {raw.counter_dtype!r}")
    return Collection(
        name=name,
        parent=raw.parent,
        layout=raw.layout,
        counter=raw.counter,
        counter_dtype=dtype,
        attributes=raw.attributes,
    )
