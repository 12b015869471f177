"""A learned item of a block to streams and back: targets by its conditional model, exact values beside them.

The description is ``["m", streams]``: the targets (a stream with the settings ``["m"]`` is coded by the
item's conditional model, any other by a plain coder), then the escaped exact values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import CorruptFileError
from hepack.codec.choose import Chooser, sample
from hepack.codec.column import EncodedColumn
from hepack.codec.description import StreamReader
from hepack.codec.item import LEARNED
from hepack.codec.streams import Stream
from hepack.learned import ItemModel, Quantised
from hepack.relations import View
from hepack.transforms import estimate_bits

MARGIN = 0.98
"""Plain coders are tried on a learned column's targets if they seem to need less than this part of its bits."""


def misled(item: ItemModel, found: Quantised) -> bool:
    """Whether the relation fails on this block: the column costs more with it than by itself."""
    if item.relation is None or not len(found.targets):
        return False
    part = sample(found.targets)
    cost = estimate_bits(part) / len(part) + 32 * len(found.raw) / len(found.targets)
    return cost > 1.5 * item.plain_bits + 0.5


def encode_learned(item: ItemModel, found: Quantised, view: View, chooser: Chooser) -> EncodedColumn:
    """Code the targets of a column; ``view`` holds its sources as unpacking gives them back."""
    name = f"targets of {item.name}"
    if item.conditional is None or not len(found.targets):
        stream = chooser.stream(found.targets, name)
    else:
        stream = Stream([LEARNED], item.encode(found, view))
        part = sample(found.targets)
        if estimate_bits(part) * len(found.targets) / len(part) < MARGIN * 8 * len(stream.data):
            stream = min(stream, chooser.stream(found.targets, name), key=len)
    raw = chooser.stream(found.raw, "")
    parts = [[len(each.data), *each.settings] for each in (stream, raw)]
    return EncodedColumn([LEARNED, parts], [stream, raw], found.restored)


def decode_learned(
    description: list[Any], data: bytes | memoryview, entries: int, item: ItemModel, view: View
) -> NDArray[Any]:
    """Undo `encode_learned`.

    Raises:
        CorruptFileError: the description or the data contradict the format.
    """
    match description:
        case ["m", [[int(), *_], [int(), *_]] as parts]:
            reader = StreamReader(parts, data)
        case _:
            raise CorruptFileError(f"a learned item has the impossible description {str(description)[:80]}")
    predicted = item.predict(view)
    if parts[0][1:] == [LEARNED]:
        if item.conditional is None:
            raise CorruptFileError(f"'{item.name}' is coded by a model that the file does not hold")
        targets = item.decode(reader.next_raw(), view, predicted)
    else:
        targets = reader.next(entries)
    escaped = int(np.count_nonzero(targets == item.quantiser.base - 1))
    raw = reader.next(escaped)
    reader.finish(item.name)
    return item.restore(targets, raw, view, predicted)
