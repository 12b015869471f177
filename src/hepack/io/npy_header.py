"""The header of a .npy array, read with every length checked."""

from __future__ import annotations

import ast
import math
import struct
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from hepack._errors import BadInputError

MAGIC = b"\x93NUMPY"
_LONGEST = 1 << 20
_LARGEST = 1 << 62


@dataclass(frozen=True)
class NpyHeader:
    """``offset`` is where the values start, in bytes."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    fortran: bool
    offset: int

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def read_header(handle: IO[bytes], label: str) -> NpyHeader:
    """Read the header at the start of ``handle``; ``label`` names the array in errors.

    Raises:
        BadInputError: it is no .npy header, or an impossible one.
    """
    start = handle.read(8)
    if start[:6] != MAGIC or len(start) < 8:
        raise BadInputError(f"{label} is not a .npy array: it does not start with the .npy signature")
    if start[6] not in (1, 2, 3):
        raise BadInputError(f"{label} is a .npy array of version {start[6]}; hepack reads 1 to 3")
    layout = "<H" if start[6] == 1 else "<I"
    counted = handle.read(struct.calcsize(layout))
    if len(counted) < struct.calcsize(layout):
        raise BadInputError(f"{label} ends within its header")
    (length,) = struct.unpack(layout, counted)
    if length > _LONGEST:
        raise BadInputError(f"{label} has a header of {length} bytes, over the cap of {_LONGEST}")
    text = handle.read(length)
    if len(text) < length:
        raise BadInputError(f"{label} ends within its header")
    return _parse(
        text.decode("utf-8" if start[6] == 3 else "latin-1", "replace"), 8 + len(counted) + length, label
    )


def _parse(text: str, offset: int, label: str) -> NpyHeader:
    try:
        fields = ast.literal_eval(text.strip())
        dtype = np.lib.format.descr_to_dtype(fields["descr"])
        shape, fortran = fields["shape"], fields["fortran_order"]
    except (ValueError, SyntaxError, TypeError, KeyError, MemoryError, RecursionError, IndexError) as error:
        raise BadInputError(f"{label} has a .npy header that cannot be read") from error
    sound = isinstance(shape, tuple) and all(type(n) is int and n >= 0 for n in shape)
    if not sound or not isinstance(fortran, bool) or math.prod(shape) * dtype.itemsize > _LARGEST:
        raise BadInputError(f"{label} has the impossible shape {shape!r:.100}")
    return NpyHeader(dtype, shape, fortran, offset)
