"""Strings as the bytes of a text collection, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.table import EVENTS, Collection, Variable, offsets_from_counts

UINT8 = np.dtype("u1")


def text_column(name: str, *, parent: str = EVENTS, **attributes: Any) -> tuple[Collection, Variable]:
    """The collection and the variable of one column of strings, both called ``name``."""
    collection = Collection(name=name, parent=parent, layout="text")
    return collection, Variable(name=name, dtype=UINT8, axis=name, kind="text", attributes=attributes)


def join_text(texts: Sequence[bytes]) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Strings to offsets ``(entries + 1,)`` and bytes."""
    counts = np.fromiter(map(len, texts), np.int64, len(texts))
    return offsets_from_counts(counts), np.frombuffer(b"".join(texts), UINT8)


def split_text(offsets: NDArray[np.int64], data: NDArray[np.uint8]) -> list[bytes]:
    """Offsets and bytes to strings."""
    raw = data.tobytes()
    bounds = offsets.tolist()
    return [raw[start:stop] for start, stop in pairwise(bounds)]


def decode_text(texts: Iterable[bytes], column: str) -> list[str]:
    """Bytes to ``str``.

    Raises:
        BadRequestError: the column holds bytes that are no UTF-8 text.
    """
    try:
        return [text.decode() for text in texts]
    except UnicodeDecodeError as error:
        raise BadRequestError(
            f"column '{column}' holds bytes that are not UTF-8 text ; npy and hdf5 can hold them"
        ) from error
