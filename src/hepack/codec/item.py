"""`Item`: what is coded as one within a block, and its encoding by the plain coders."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BoundError
from hepack.codec.choose import Chooser
from hepack.codec.column import EncodedColumn, decode_column, encode_column
from hepack.codec.text import decode_text, encode_text
from hepack.learned import lengths_of
from hepack.table import EventTable, Schema, Variable, bits_differ

LEARNED = "m"
"""The tag of an item that the table's learned model codes."""


@dataclass(frozen=True)
class Item:
    """What is coded as one: a collection's lengths (``counts``), its strings (``text``), or a variable."""

    role: str
    name: str
    axis: str
    variable: Variable

    @property
    def key(self) -> tuple[str, str]:
        return self.role, self.name


def items_of(schema: Schema) -> tuple[Item, ...]:
    """The items of a table, in the order of the file."""
    found = []
    for collection in schema.collections:
        role = "text" if collection.layout == "text" else "counts"
        found.append(Item(role, collection.name, collection.parent, lengths_of(collection)))
    found += [Item("values", v.name, v.axis, v) for v in schema.variables if v.kind != "text"]
    return tuple(found)


@dataclass(frozen=True)
class Done:
    """An encoded item, its bytes, and the CRC-32 of what they decode to."""

    column: EncodedColumn
    data: bytes
    crc: int

    @property
    def is_learned(self) -> bool:
        """Whether the table's model coded it."""
        return bool(self.column.description[0] == LEARNED)


def encode_item(table: EventTable, item: Item, chooser: Chooser) -> Done:
    """Encode an item by itself, decode it again and compare.

    Raises:
        BoundError: it did not come back as promised (a defect of ours).
    """
    if item.role == "text":
        counts, data = table.counts(item.name), table.columns[_text_variable(table.schema, item.name)]
        column = encode_text(counts, data, chooser)
        joined = column.data
        back_counts, back = decode_text(column.description, joined, len(counts))
        if not (np.array_equal(back_counts, counts) and np.array_equal(back, data)):
            raise BoundError(f"the strings '{item.name}' do not decode to what they were")
        return Done(column, joined, crc_of(back_counts, back))
    values = values_of(table, item)
    column = encode_column(values, item.variable, chooser)
    joined = column.data
    decoded = decode_column(column.description, joined, len(values), item.variable)
    if bits_differ(decoded, column.expected).any():
        raise BoundError(f"'{item.name}' does not decode to within its tolerance {item.variable.tolerance}")
    return Done(column, joined, crc_of(decoded))


def values_of(table: EventTable, item: Item) -> NDArray[Any]:
    """The column that an item stands for (text has none)."""
    return table.counts(item.name) if item.role == "counts" else table.columns[item.name]


def _text_variable(schema: Schema, collection: str) -> str:
    return schema.on(collection)[0].name


def buffer_of(array: NDArray[Any]) -> memoryview:
    """The bytes of an array, C order."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def crc_of(*arrays: NDArray[Any]) -> int:
    """CRC-32 over the bytes of arrays, C order."""
    crc = 0
    for array in arrays:
        crc = zlib.crc32(buffer_of(array), crc)
    return crc
