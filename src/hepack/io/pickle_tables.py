"""Tables of arrays and pandas frames out of the records that `unpickler` gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError
from hepack.io.base import Skipped
from hepack.io.pickle_arrays import is_array, to_array
from hepack.io.unpickler import Made, Name

_LONGEST_TEXT = 1 << 32
"""Bytes of all strings of one column: a pickle can name one long string a million times."""

Column = NDArray[Any] | list[bytes | None]


@dataclass
class Frame:
    """A table of the pickle: columns of the same length."""

    name: str
    n_events: int
    columns: dict[str, Column] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    def add(self, name: str, values: Column | Made | str) -> None:
        """Take a column in, or note why not."""
        if isinstance(values, np.ndarray) and values.dtype.kind == "O" and values.ndim == 1:
            values = _texts(values.tolist())
        if isinstance(values, str):
            self.skipped.append(Skipped(name, values))
        elif isinstance(values, Made):
            self.skipped.append(Skipped(name, f"a pandas {values.name}"))
        elif len(values) != self.n_events:
            raise ValueError(f"column '{name}' has {len(values)} of {self.n_events} rows")
        else:
            self.columns[name] = values


def frames(record: Any, label: str) -> list[Frame]:
    """The tables of a pickle: a DataFrame, a Series, an array, or a dict or list of arrays.

    Raises:
        BadInputError: it is something else, or its parts contradict each other.
    """
    try:
        found = _frames(record)
    except (
        ValueError,
        TypeError,
        KeyError,
        IndexError,
        AttributeError,
        MemoryError,
        RecursionError,
    ) as error:
        raise BadInputError(f"{label} holds data that contradict themselves: {error}") from error
    if not found:
        what = record.name if isinstance(record, Made | Name) else type(record).__name__
        raise BadInputError(
            f"{label} holds a {what}; hepack reads a DataFrame, a Series, an array, or a dict of arrays"
        )
    return found


def _frames(record: Any) -> list[Frame]:
    if isinstance(record, Made) and record.name == "DataFrame":
        return [_data_frame(record)]
    if isinstance(record, Made) and record.name == "Series":
        return [_series(record)]
    if is_array(record):
        array = to_array(record)
        array = array if array.ndim else array.reshape(1)
        frame = Frame("data", len(array))
        frame.add("data", array)
        return [frame]
    if isinstance(record, dict):
        return _dictionary({str(key): value for key, value in record.items()})
    if isinstance(record, list | tuple) and record and all(map(is_array, record)):
        return _dictionary({f"array_{index}": value for index, value in enumerate(record)})
    return []


def _dictionary(items: dict[str, Any]) -> list[Frame]:
    """Arrays of one length share a table; frames and arrays of other lengths have their own."""
    arrays = {key: to_array(value) for key, value in items.items() if is_array(value)}
    lengths = {array.shape[:1] for array in arrays.values()}
    if len(lengths) == 1 and lengths != {()}:
        shared = Frame("data", next(iter(lengths))[0])
        for key, array in arrays.items():
            shared.add(key, array)
        out = [shared]
    else:
        out = []
        for key, array in arrays.items():
            frame = Frame(key, len(np.atleast_1d(array)))
            frame.add(key, np.atleast_1d(array))
            out.append(frame)
    for key, value in items.items():
        if isinstance(value, Made) and value.name in ("DataFrame", "Series"):
            (frame,) = _frames(value)
            frame.name = key
            out.append(frame)
        elif key not in arrays and out:
            out[0].skipped.append(Skipped(key, f"a {getattr(value, 'name', type(value).__name__)}"))
    return out


def _texts(items: list[Any]) -> list[bytes | None] | str:
    """Strings as UTF-8, missing ones as None; a sentence for anything else."""
    texts: list[bytes | None] = []
    total = 0
    for item in items:
        if isinstance(item, str):
            texts.append(item.encode("utf-8", "surrogatepass"))
        elif item is None or (isinstance(item, float) and item != item):
            texts.append(None)
        else:
            return f"Python objects ({getattr(item, 'name', type(item).__name__)})"
        total += len(texts[-1] or b"")
        if total > _LONGEST_TEXT:
            raise ValueError(f"over {_LONGEST_TEXT} bytes of text in one column")
    return texts


def _data_frame(record: Made) -> Frame:
    state = record.state
    manager = state.get("_mgr", state.get("_data"))
    axes, blocks = _manager(manager)
    names = [_label(item) for item in _labels(axes[0])]
    if len(set(names)) < len(names):
        raise ValueError("two columns of one name")
    values: dict[str, Column | Made | str] = {}
    for block, places in blocks:
        rows = places if isinstance(places, list) else _places(places, len(names))
        if is_array(block):
            array = to_array(block)
            if array.shape[0] != len(rows):
                raise ValueError("a block of another number of columns")
            values |= {names[place]: array[row] for row, place in enumerate(rows)}
        else:
            values |= {names[place]: _extension(block) for place in rows}
    frame = Frame("data", _length(axes[1], values))
    _add_index(frame, axes[1])
    for name in names:
        if name in values:
            frame.add(name, values[name])
    return frame


def _series(record: Made) -> Frame:
    state = record.state
    axes, blocks = _manager(state.get("_mgr", state.get("_data")))
    block = blocks[0][0]
    values = to_array(block) if is_array(block) else _extension(block)
    name = state.get("_name", state.get("name"))
    label = "data" if name is None else _label(name)
    frame = Frame("data", _length(axes[0], {label: values}))
    _add_index(frame, axes[0])
    frame.add(label, values)
    return frame


def _manager(record: Made) -> tuple[list[Any], list[tuple[Any, Any]]]:
    """Axes, and blocks as (values, places), of a BlockManager of any pandas since 0.14."""
    if record.args:
        blocks, axes = record.args[:2]
        blocks = blocks if isinstance(blocks, tuple | list) else (blocks,)
        return list(axes), [(block.args[0], block.args[1]) for block in blocks]
    form = record.state[3]["0.14.1"]
    return list(form["axes"]), [(block["values"], block["mgr_locs"]) for block in form["blocks"]]


def _places(record: Any, count: int) -> list[int]:
    """The column numbers of a block."""
    if isinstance(record, Made) and record.name == "slice":
        return list(range(count))[slice(*record.args)]
    if isinstance(record, int):
        return [record]
    return [int(place) for place in to_array(record)]


def _labels(index: Made) -> list[Any]:
    """The labels of an Index."""
    form = _index_form(index)
    if "data" not in form:
        return list(_range(form))
    data = form["data"]
    values = to_array(data).tolist() if is_array(data) else _extension(data)
    return list(values) if not isinstance(values, str | Made) else []


def _index_form(index: Made) -> dict[str, Any]:
    form = index.args[1] if index.name.startswith("_new_") and len(index.args) > 1 else index.state
    if not isinstance(form, dict):
        raise ValueError("an index that is none")
    return form


def _range(form: dict[str, Any]) -> range:
    return range(int(form["start"]), int(form["stop"]), int(form["step"]))


def _label(item: Any) -> str:
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    return ".".join(map(str, item)) if isinstance(item, tuple) else str(item)


def _length(index: Made, values: dict[str, Any]) -> int:
    for column in values.values():
        if isinstance(column, np.ndarray | list):
            return len(column)
    form = _index_form(index)
    return len(_labels(index)) if "data" in form else len(_range(form))


def _add_index(frame: Frame, index: Made) -> None:
    """A named index is a column; row labels without a name are left out and noted, but for 0, 1, 2 ..."""
    form = _index_form(index)
    if "data" not in form and not all(key in form for key in ("start", "stop", "step")):
        frame.skipped.append(Skipped("index", "row labels of several levels"))
        return
    name = form.get("name")
    if name is None:
        if "data" in form or _range(form)[:1] not in (range(1), range(0)):
            frame.skipped.append(Skipped("index", "row labels without a name"))
        return
    data = form.get("data")
    if data is None:
        frame.add(_label(name), np.array(_range(form), np.int64))
    else:
        frame.add(_label(name), to_array(data) if is_array(data) else _extension(data))


def _extension(record: Any) -> Column | Made:
    """Strings kept by Arrow; other pandas arrays as they are, to be skipped."""
    if isinstance(record, Made) and record.name == "ArrowStringArray":
        parts = record.state.get("_pa_array", record.state.get("_data"))
        return list(_arrow_strings(parts))
    if is_array(record):
        return to_array(record)
    return record if isinstance(record, Made) else Made(type(record).__name__)


def _arrow_strings(record: Made) -> Iterator[bytes | None]:
    """Decode ``_restore_array((type, length, nulls, offset, buffers, children, dictionary))``."""
    kind, length, _, offset, buffers = record.args[0][:5]
    wide = kind.args[0] == "large_string"
    valid, cuts, data = (b"" if part is None else part.args[0] for part in buffers[:3])
    bounds = np.frombuffer(cuts, "<i8" if wide else "<i4")[offset : offset + length + 1].tolist()
    present = np.unpackbits(np.frombuffer(valid, "u1"), bitorder="little")[offset : offset + length]
    if len(bounds) != length + 1 and length:
        raise ValueError("an Arrow array with too few offsets")
    for row in range(length):
        missing = bool(valid) and not present[row]
        yield None if missing else bytes(data[bounds[row] : bounds[row + 1]])
