"""`TableModel`: the learned items of one table in the order of decoding, and their bytes in the file.

docs/learned.md, "The model of a table", says what the bytes mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hepack._errors import CorruptFileError
from hepack.conditional import Conditional
from hepack.container import check
from hepack.entropy import decode_integers, encode_integers
from hepack.learned.features import Feature
from hepack.learned.item import ItemModel, Key, lengths_of
from hepack.learned.predictor import Predictor
from hepack.learned.quantiser import MAX_BASE, MAX_SPIKES, Quantiser
from hepack.relations import Relation, rebuild_centred
from hepack.table import Schema, Variable
from hepack.transforms import Symbols, Transform, rebuild

MAX_FEATURES = 256
MAX_BLOB = 1 << 26


@dataclass(frozen=True, eq=False)
class TableModel:
    """Items not among ``items`` are coded by themselves, by the plain coders."""

    schema: Schema
    items: tuple[ItemModel, ...]

    @cached_property
    def by_key(self) -> dict[Key, ItemModel]:
        return {item.key: item for item in self.items}

    @cached_property
    def order(self) -> dict[Key, int]:
        """Where in the order of decoding each item stands."""
        return {item.key: number for number, item in enumerate(self.items)}

    def extended(self, other: TableModel) -> TableModel:
        """These items, then those of ``other``, which may look at them.

        Raises:
            CorruptFileError: an item is in both, or decoded too late.
        """
        if not self.items or not other.items:
            return other if other.items else self
        model = TableModel(self.schema, self.items + other.items)
        model.check()
        return model

    @cached_property
    def prediction_levels(self) -> list[list[ItemModel]]:
        """The items in groups: the relations of a group need items of earlier groups and plain ones only."""
        level: dict[Key, int] = {}
        for item in self.items:
            needs = item.prediction_dependencies(self.schema)
            level[item.key] = 1 + max((level.get(key, 0) for key in needs), default=0)
        groups: list[list[ItemModel]] = [[] for _ in range(max(level.values(), default=0))]
        for item in self.items:
            groups[level[item.key] - 1].append(item)
        return groups

    @cached_property
    def parts(self) -> tuple[list[Any], list[bytes]]:
        """JSON rows, one for each item, and the bytes that they measure."""
        rows, blobs = [], []
        for item in self.items:
            quantiser = item.quantiser
            tables = [encode_integers(table) for table in quantiser.tables()]
            parts = [*tables, *([item.conditional.to_bytes()] if item.conditional else [])]
            rows.append([
                item.role, item.name,
                [quantiser.grid.tag, *quantiser.grid.settings()],
                quantiser.spikes.tolist(), quantiser.base,
                item.relation.to_json() if item.relation else 0,
                [feature.to_json() if feature else 0 for feature in item.features],
                item.conditional.tag if item.conditional else "",
                [len(part) for part in parts], [round(item.plain_bits, 2), round(item.bits, 2)],
            ])  # fmt: skip
            blobs += parts
        return rows, blobs

    @classmethod
    def from_parts(
        cls,
        schema: Schema,
        rows: Any,
        body: bytes,
        conditionals: Callable[[str], type[Conditional]],
        keys: set[tuple[str, str]] | None = None,
        predictors: Callable[[Any, Schema], Predictor] = Relation.from_json,
    ) -> TableModel:
        """Undo `parts`; ``conditionals`` gives the class of each tag, ``predictors`` reads what predicts an
        item. With ``keys``, only these items.

        Raises:
            CorruptFileError, LimitError: the parts are not such a model of such a table.
        """
        reader = _Blobs(body)
        if not isinstance(rows, list):
            raise CorruptFileError("the model of a table has a wrong form")
        items = []
        for row in rows:
            head = _head(row)
            parts = [reader.next(length) for length in head.lengths]
            if keys is None or head.key in keys:
                items.append(head.item(schema, parts, conditionals, predictors))
        reader.finish()
        model = cls(schema, tuple(items))
        model.check()
        return model

    def check(self) -> None:
        """Check that each item is there once and that its dependencies are decoded before it."""
        if len(self.order) != len(self.items):
            raise CorruptFileError(f"the model of table '{self.schema.name}' has an item twice")
        for number, item in enumerate(self.items):
            late = [key for key in item.dependencies(self.schema) if self.order.get(key, -1) >= number]
            if late:
                raise CorruptFileError(f"the model of '{item.name}' looks at '{late[0][1]}', decoded later")


class _Blobs:
    def __init__(self, body: bytes) -> None:
        self._body, self._at = body, 0

    def next(self, length: Any) -> bytes:
        if type(length) is not int or not 0 <= length <= min(MAX_BLOB, len(self._body) - self._at):
            raise CorruptFileError("a part of a model reaches beyond its section")
        self._at += length
        return self._body[self._at - length : self._at]

    def finish(self) -> None:
        if self._at != len(self._body):
            raise CorruptFileError("a model is followed by bytes that do not belong to it")


@dataclass(frozen=True)
class _Row:
    """A row of a model's header, its form checked."""

    key: Key
    transform: list[Any]
    spikes: list[Any]
    base: int
    relation: Any
    features: list[Any]
    coder: str
    lengths: list[Any]
    costs: tuple[float, float]

    def item(
        self,
        schema: Schema,
        parts: list[bytes],
        conditionals: Callable[[str], type[Conditional]],
        predictors: Callable[[Any, Schema], Predictor],
    ) -> ItemModel:
        role, name = self.key
        variable = _variable(schema, role, name)
        tables = iter(parts[:-1] if self.coder else parts)
        relation = predictors(self.relation, schema) if self.relation else None
        if relation is not None and (role != "values" or relation.target != name):
            raise CorruptFileError(f"the model of '{name}' holds a relation for another item")
        tag, *settings = self.transform
        centred = rebuild_centred(tag, settings) if relation else None
        transform = None if relation else _transform(tag, settings, variable, tables)
        check(len(self.features), MAX_FEATURES, "the number of features of a model")
        features = tuple(
            Feature.from_json(value, schema, variable.axis) if value else None for value in self.features
        )
        seen = None if isinstance(relation, Relation) and relation.index else relation
        if seen is None and any(feature and feature.kind == "predicted" for feature in features):
            raise CorruptFileError(f"the model of '{name}' looks at a prediction that it does not have")
        if next(tables, None) is not None or (self.coder and not parts):
            raise CorruptFileError(f"the model of '{name}' has parts too many or too few")
        conditional = conditionals(self.coder).from_bytes(parts[-1], len(features)) if self.coder else None
        lags = [
            f for i in (conditional.used if conditional else ()) if (f := features[i]) and f.kind == "lag"
        ]
        if len(lags) > 1 or (lags and not hasattr(conditional, "decoder")):
            raise CorruptFileError(f"the model of '{name}' cannot look at the row before")
        if conditional and not all(features[i] for i in conditional.used):
            raise CorruptFileError(f"the model of '{name}' looks at a feature that it does not name")
        quantiser = Quantiser(transform, centred, _spikes(self.spikes), self.base)
        return ItemModel(
            "counts" if role == "counts" else "values",
            name,
            quantiser,
            relation,
            features,
            conditional,
            *self.costs,
        )


def _head(row: Any) -> _Row:
    match row:
        case ["counts" | "values" as role, str(name), [str(), *_] as transform, [*spikes], int(base), relation,
              [*features], str(coder), [*lengths], [float() | int() as plain, float() | int() as bits]] if (
            0 < base <= MAX_BASE
        ):  # fmt: skip
            costs = (float(plain), float(bits))
            return _Row((role, name), transform, spikes, base, relation, features, coder, lengths, costs)
    raise CorruptFileError(f"a model holds the impossible item {str(row)[:80]}")


def _variable(schema: Schema, role: str, name: str) -> Variable:
    if role == "counts":
        collection = schema.collection_by_name.get(name)
        if collection is not None and collection.layout != "text":
            return lengths_of(collection)
    else:
        variable = schema.by_name.get(name)
        if variable is not None and not variable.shape and variable.kind != "text":
            return variable
    raise CorruptFileError(f"a model holds the item '{name[:80]}', which table '{schema.name}' cannot have")


def _transform(tag: str, settings: list[Any], variable: Variable, tables: Iterator[bytes]) -> Transform:
    def table(count: int) -> Symbols:
        data = next(tables, None)
        if data is None:
            raise CorruptFileError(f"the model of '{variable.name}' lacks the table of its transform")
        return decode_integers(data, count)

    transform = rebuild(tag, settings, table)
    if (variable.dtype.kind == "f") != (transform.tag != "int") and transform.tag != "dict":
        raise CorruptFileError(f"'{variable.name}' cannot have the transform {transform.tag}")
    return transform


def _spikes(values: list[Any]) -> Symbols:
    check(len(values), MAX_SPIKES, "the number of spikes of a model")
    if not all(type(value) is int and -(2**63) <= value < 2**63 for value in values):
        raise CorruptFileError("the spikes of a model are no integers")
    spikes = np.array(values, np.int64)
    if (spikes[1:] <= spikes[:-1]).any():  # their differences may be beyond int64
        raise CorruptFileError("the spikes of a model are not in order")
    return spikes
