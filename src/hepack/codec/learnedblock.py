"""The learned items of a block: first what each decodes to, since others are predicted from that; then coding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from hepack._errors import BoundError
from hepack.codec.choose import Chooser
from hepack.codec.item import Done, Item, crc_of, encode_item, values_of
from hepack.codec.learned import decode_learned, encode_learned, misled
from hepack.learned import ItemModel, Quantised, TableModel
from hepack.relations import TableView
from hepack.table import EventTable, bits_differ


@dataclass
class LearnedBlock:
    """Encodes the learned items of one block; ``view`` holds the columns as unpacking gives them back."""

    table: EventTable
    items: Sequence[Item]
    repeats: Mapping[int, int]
    model: TableModel
    chooser: Chooser

    def __post_init__(self) -> None:
        self._restored: dict[str, NDArray[Any]] = {}
        self.view = TableView(self.table, self._restored)
        self._number = {item.key: i for i, item in enumerate(self.items)}
        self._users: dict[int, list[int]] = {}
        for i, target in self.repeats.items():
            self._users.setdefault(target, []).append(i)

    def encode(self, plain: Mapping[int, Done], executor: Executor) -> dict[int, Done]:
        """Every learned item that repeats no other, by its number; ``plain`` holds the others."""
        for i, done in plain.items():
            self._settle(i, done.column.expected)
        found = [
            pair for level in self.model.prediction_levels for pair in executor.map(self._quantise, level)
        ]
        wanted = [pair for pair in found if self._number[pair[0].key] not in self.repeats]
        coded = list(executor.map(lambda pair: self._code(*pair), wanted))
        return {self._number[pair[0].key]: done for pair, done in zip(wanted, coded, strict=True)}

    def _quantise(self, item: ItemModel) -> tuple[ItemModel, Quantised | Done | None]:
        """Targets; the finished item where the relation fails; nothing for a repeat."""
        i = self._number[item.key]
        if i in self.repeats:
            return item, None
        found = item.quantise(values_of(self.table, self.items[i]), self.view)
        if misled(item, found):
            done = encode_item(self.table, self.items[i], self.chooser)
            self._settle(i, done.column.expected)
            return item, done
        self._settle(i, found.restored)
        return item, found

    def _settle(self, i: int, restored: NDArray[Any]) -> None:
        for j in (i, *self._users.get(i, ())):
            if self.items[j].role == "values":
                dtype = self.items[j].variable.dtype
                self._restored[self.items[j].name] = restored.astype(dtype, copy=False)

    def _code(self, item: ItemModel, found: Quantised | Done | None) -> Done:
        assert found is not None
        if isinstance(found, Done):
            return found
        column = encode_learned(item, found, self.view, self.chooser)
        joined = column.data
        decoded = decode_learned(column.description, joined, len(found.targets), item, self.view)
        if bits_differ(decoded, column.expected).any():
            raise BoundError(f"'{item.name}' does not decode to within its tolerance")
        return Done(column, joined, crc_of(decoded))
