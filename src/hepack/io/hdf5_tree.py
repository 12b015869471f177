"""The tree of an HDF5 file: its datasets, sorted into tables, and its attributes as JSON."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from hepack.io.base import Skipped
from hepack.io.dtypes import describe, metadata_of, restore

_LONGEST_ATTRIBUTE = 1 << 16


@dataclass
class Tree:
    """What a walk over the file finds: datasets by path in file order, group paths, and what is left out."""

    datasets: dict[str, Any] = field(default_factory=dict)
    groups: dict[str, Any] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def walk(file: Any) -> Tree:
    """Visit every object once; links to elsewhere, and second names of an object, are skipped.

    Data that HDF5 would fetch from other files (external storage, virtual datasets, external links) is
    never opened: an input must not reach for files that the user did not name.
    """
    tree = Tree()
    seen: set[Any] = set()
    pending: list[tuple[str, Any]] = [("", file)]
    while pending:
        path, group = pending.pop(0)
        tree.groups[path] = group
        for name, child in _children(group, path, tree):
            inner = f"{path}/{name}" if path else name
            if _kind(child) == "group":
                if _first_visit(child, seen, inner, tree):
                    pending.append((inner, child))
            elif _kind(child) == "dataset":
                if _first_visit(child, seen, inner, tree) and not _unreadable(child, inner, tree):
                    tree.datasets[inner] = child
            else:
                tree.skipped.append(Skipped(inner, "a named data type"))
    return tree


def _children(group: Any, path: str, tree: Tree) -> Iterator[tuple[str, Any]]:
    for name in group:
        link = type(group.get(name, getlink=True)).__name__
        if link != "HardLink":
            tree.skipped.append(Skipped(f"{path}/{name}".lstrip("/"), f"a link ({link})"))
            continue
        yield name, group[name]


def _kind(thing: Any) -> str:
    return type(thing).__name__.lower()


def _first_visit(thing: Any, seen: set[Any], path: str, tree: Tree) -> bool:
    info = _address(thing)
    if info in seen:
        tree.skipped.append(Skipped(path, "a second name of an object that is read already"))
        return False
    seen.add(info)
    return True


def _address(thing: Any) -> Any:
    import h5py

    info = h5py.h5o.get_info(thing.id)
    return (info.fileno, info.addr)


def _unreadable(dataset: Any, path: str, tree: Tree) -> bool:
    reason = ""
    if dataset.shape is None:
        reason = "a dataset without a data space"
    elif dataset.is_virtual or dataset.external:
        reason = "its values lie in other files"
    if reason:
        tree.skipped.append(Skipped(path, reason))
    return bool(reason)


@dataclass(frozen=True)
class Share:
    """The datasets of one table, by path. ``scalar``: they have no axis, so the table has one event."""

    name: str
    paths: tuple[str, ...]
    n_events: int
    scalar: bool


def share_out(datasets: Mapping[str, Any]) -> list[Share]:
    """Datasets of one group with the same length share a table, called as the group (the root: ``data``);
    a second such set, and a dataset on its own, is called as its first dataset."""
    sets: dict[tuple[str, int | None], list[str]] = {}
    for path, dataset in datasets.items():
        length = dataset.shape[0] if dataset.shape else None
        sets.setdefault((path.rpartition("/")[0], length), []).append(path)
    shares: list[Share] = []
    taken = set(datasets)
    for (group, length), paths in sets.items():
        name = (group or "data") if len(paths) > 1 else paths[0]
        if len(paths) > 1 and name in taken:
            name = paths[0]
        taken.add(name)
        shares.append(Share(name, tuple(paths), 1 if length is None else length, length is None))
    return shares


def attributes_to_json(thing: Any, path: str, skipped: list[Skipped]) -> dict[str, Any]:
    """The attributes of a group or dataset; what JSON cannot hold goes to ``skipped``."""
    found: dict[str, Any] = {}
    for name in thing.attrs:
        label = f"{path or '/'}@{name}"
        try:
            value = thing.attrs[name]
            kept = _to_json(value, thing.attrs.get_id(name).dtype)
        except (OSError, TypeError, ValueError, KeyError, RuntimeError) as error:
            skipped.append(Skipped(label, f"an attribute that cannot be read: {error}"))
            continue
        if kept is None:
            skipped.append(Skipped(label, "an attribute that is no number or text, or over 64 kB"))
        else:
            found[name] = kept
    return found


def _to_json(value: Any, dtype: np.dtype[Any]) -> Any:
    """A plain string, or ``{"dtype", "shape", "data"}`` with the bytes in base64, or ``{"texts"}``, or
    ``{"empty"}`` with the dtype of an attribute that has no value."""
    if type(value).__name__ == "Empty":
        return {"empty": describe(value.dtype)}
    if isinstance(value, str):
        return value if len(value) < _LONGEST_ATTRIBUTE else None
    array = np.asarray(value)
    if array.nbytes > _LONGEST_ATTRIBUTE or metadata_of(dtype).get("ref") is not None:
        return None
    if array.dtype.kind == "O":
        items = array.ravel().tolist()
        if not all(isinstance(item, str) for item in items):
            return None
        return {"texts": items, "shape": list(array.shape)}
    if array.dtype.hasobject:
        return None
    data = base64.b64encode(array.tobytes()).decode()
    kept = dtype if dtype.kind in "biufcS" and dtype == array.dtype else array.dtype
    return {"dtype": describe(kept), "shape": list(array.shape), "data": data}


def set_attributes(thing: Any, attributes: Mapping[str, Any]) -> None:
    """Write attributes that `attributes_to_json` read."""
    for name, value in attributes.items():
        if isinstance(value, str):
            thing.attrs[name] = value
        elif "empty" in value:
            import h5py

            thing.attrs[name] = h5py.Empty(restore(value["empty"]))
        elif "texts" in value:
            texts = np.empty(len(value["texts"]), object)
            texts[:] = value["texts"]
            dtype = restore({"vlen": "str"})
            thing.attrs.create(name, texts.reshape(value["shape"]), dtype=dtype)
        else:
            dtype = restore(value["dtype"])
            data = np.frombuffer(base64.b64decode(value["data"]), dtype)
            thing.attrs.create(name, data.reshape(value["shape"]), dtype=dtype)


def unit_of(attributes: Mapping[str, Any]) -> str:
    """The text of the attribute that names a dataset's unit, if there is one."""
    for name, value in attributes.items():
        if name.lower() in ("unit", "units") and isinstance(value, str):
            return value
        if name.lower() in ("unit", "units") and isinstance(value, dict) and "data" in value:
            dtype = restore(value["dtype"])
            if dtype.kind == "S" and not value["shape"]:
                return base64.b64decode(value["data"]).rstrip(b"\0").decode("utf-8", "replace")
    return ""
