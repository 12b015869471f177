"""NumPy dtypes as JSON and back: byte order, records, arrays within records, and HDF5's strings and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from hepack._errors import BadRequestError


def metadata_of(dtype: np.dtype[Any]) -> Mapping[str, Any]:
    """What h5py notes on a dtype: ``vlen``, ``enum``, ``ref``, ``h5py_encoding``."""
    return cast("Mapping[str, Any] | None", dtype.metadata) or {}


def _make(definition: Any, **metadata: Any) -> np.dtype[Any]:
    """``np.dtype``, whose many overloads have no place for metadata."""
    make: Callable[..., np.dtype[Any]] = np.dtype
    return make(definition, metadata=metadata) if metadata else make(definition)


def describe(dtype: np.dtype[Any]) -> Any:
    """A dtype as plain JSON; `restore` makes it again."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return {"base": describe(base), "shape": list(shape)}
    if dtype.names is not None:
        fields = [dtype.fields[name] for name in dtype.names] if dtype.fields else []
        return {
            "names": list(dtype.names),
            "formats": [describe(field[0]) for field in fields],
            "offsets": [int(field[1]) for field in fields],
            "itemsize": dtype.itemsize,
        }
    metadata = metadata_of(dtype)
    if "vlen" in metadata:
        of = metadata["vlen"]
        return {"vlen": of.__name__ if of in (str, bytes) else describe(np.dtype(of))}
    if "enum" in metadata:
        return {"integer": dtype.str, "enum": {key: int(value) for key, value in metadata["enum"].items()}}
    if "h5py_encoding" in metadata:
        return {"string": dtype.str, "encoding": metadata["h5py_encoding"]}
    return dtype.str


def restore(description: Any) -> np.dtype[Any]:
    """The dtype of a description.

    Raises:
        BadRequestError: it is none that `describe` makes.
    """
    try:
        return _restore(description)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRequestError(f"the attributes name an impossible data type: {description!r:.200}") from error


def _restore(description: Any) -> np.dtype[Any]:
    if isinstance(description, str):
        return np.dtype(description)
    if "base" in description:
        return np.dtype((_restore(description["base"]), tuple(description["shape"])))
    if "names" in description:
        formats = [_restore(item) for item in description["formats"]]
        packed = np.dtype(list(zip(description["names"], formats, strict=True)))
        if describe(packed) == description:
            return packed
        return _make({**description, "formats": formats})
    if "vlen" in description:
        plain: Mapping[Any, Any] = {"str": str, "bytes": bytes}
        of = description["vlen"]
        of = plain[of] if isinstance(of, str) and of in plain else _restore(of)
        return _make("O", vlen=of)
    if "enum" in description:
        return _make(description["integer"], enum=dict(description["enum"]))
    return _make(description["string"], h5py_encoding=description["encoding"])
