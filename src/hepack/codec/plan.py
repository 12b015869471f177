"""The plan: what a packed file says of its tables, as JSON, read back with nothing trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from pydantic import Field, ValidationError

from hepack._errors import CorruptFileError, HepackError
from hepack.codec.schema_json import Strict, schema_from_json, schema_to_json
from hepack.io import Skipped
from hepack.table import Cell, Order, Schema, Variable, split_schema, splittable


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
                schema_to_json(schema)
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
            schemas = tuple(_schema(table) for table in raw.tables)
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


def hidden_variable(axis: str, name: str) -> Variable:
    """A hidden column: int64, one number for each entry of ``axis``."""
    return Variable(name=name, dtype=np.dtype(np.int64), axis=axis, kind="integer")


def with_hidden(schema: Schema, hidden: tuple[Variable, ...]) -> Schema:
    """The schema with hidden columns behind its own."""
    return replace(schema, variables=schema.variables + hidden) if hidden else schema


class _Table(Strict):
    name: str
    attributes: dict[str, Any]
    collections: list[list[Any]]
    variables: list[list[Any]]
    split: list[str] = Field(default_factory=list)
    hidden: list[list[str]] = Field(default_factory=list)


class _Order(Strict):
    events: str = ""
    then: str = ""
    cell: list[Any] = Field(default_factory=list)
    objects: dict[str, str] = Field(default_factory=dict)


class _Plan(Strict):
    creator: str
    format: str
    attributes: dict[str, Any]
    source: dict[str, Any]
    skipped: list[list[str]]
    tables: list[_Table]


def _splits(table: _Table) -> tuple[str, ...]:
    wrong = set(table.split) - set(splittable(_schema(table)))
    if wrong:
        raise CorruptFileError(f"the variable '{min(wrong)[:80]}' cannot be split")
    return tuple(table.split)


def _schema(table: _Table) -> Schema:
    return schema_from_json(table.name, table.attributes, table.collections, table.variables)


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
