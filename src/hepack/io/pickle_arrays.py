"""Arrays out of the records that `unpickler` gives."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.io.unpickler import Made

_CODE = re.compile(r"[?biufcSUVOmM][0-9]{0,9}")


def is_array(record: Any) -> bool:
    return isinstance(record, Made) and record.name in ("_reconstruct", "_frombuffer", "ndarray", "recarray")


def to_array(record: Made) -> NDArray[Any]:
    """The array of a record; strings and other objects stay in an object array."""
    if record.name == "_frombuffer":
        data, dtype, shape, order = record.args
    else:
        _, shape, dtype, fortran, data = record.state
        order = "F" if fortran else "C"
    kind, shape = to_dtype(dtype), tuple(int(n) for n in shape)
    if kind.hasobject:
        if kind.names is not None or not isinstance(data, list) or len(data) != math.prod(shape):
            raise ValueError("an array of objects that are not listed")
        array = np.empty(len(data), object)
        for index, item in enumerate(data):
            array[index] = item
        return array.reshape(shape, order=order)
    data = data.encode("latin-1") if isinstance(data, str) else data
    if not isinstance(data, bytes | bytearray) or len(data) != math.prod(shape) * kind.itemsize:
        raise ValueError(f"an array of shape {shape} that has another number of bytes")
    if not data:
        return np.empty(shape, kind)
    return np.frombuffer(data, kind).reshape(shape, order="F" if order == "F" else "C")


def to_dtype(record: Any) -> np.dtype[Any]:
    """The dtype of a record, made through NumPy's checked constructor."""
    if not isinstance(record, Made) or record.name != "dtype":
        raise ValueError("a data type that is none")
    code, state = record.args[0], record.state
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        raise ValueError(f"the data type {code!r:.40}")
    if state is None:
        return np.dtype(code)
    _, order, sub, names, fields, *rest = state
    if names:
        formats = [to_dtype(fields[name][0]) for name in names]
        offsets = [int(fields[name][1]) for name in names]
        form: Any = {"names": list(names), "formats": formats, "offsets": offsets, "itemsize": int(rest[0])}
        record_type: np.dtype[Any] = np.dtype(form)
        return record_type
    if sub is not None:
        return np.dtype((to_dtype(sub[0]), tuple(int(n) for n in sub[1])))
    if code[0] in "mM":
        unit, count = rest[3][1][:2]
        code = f"{code}[{int(count)}{unit if re.fullmatch('[A-Za-z]{1,2}', unit) else ''}]"
    if code in ("S", "U", "V"):
        code += str(int(rest[0]) // (4 if code == "U" else 1))
    plain: np.dtype[Any] = np.dtype((order if order in "<>" else "") + code)
    return plain
