"""Data of anomaly challenges as events with named objects: ADC2021, LHC Olympics, Dark Machines.

The files are read by the ordinary formats (`hdf5`, `phenoml`, or packed); this turns their tables, whose columns
are places in arrays, into ones that name what they hold:

==================== ============================================ ===========================================
challenge            in the file                                  becomes
==================== ============================================ ===========================================
ADC2021              ``Particles``: 19 rows of pt, eta, phi       ``MET_pt``, ``MET_phi``, collections ``Electron``,
(arXiv:2107.02157)   (and a class), padded with zeros             ``Muon`` and ``Jet``
LHC Olympics         a pandas frame of 700 times pt, eta, phi     the collection ``Particle``, without the padding,
(arXiv:2101.08320)   (and a label)                                and ``label``
LHC Olympics,        a pandas frame of named features             the features by name
features
Dark Machines        objects with a label (`phenoml`)             collections ``Jet``, ``Electron``, ``Muon``
(arXiv:2105.14027)                                                and ``Photon``; ``Jet_btag`` is 1 for b jets
==================== ============================================ ===========================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError
from hepack._optional import require
from hepack.physics.fields import fields_of
from hepack.physics.objects import label_codes
from hepack.table import EVENTS, Collection, EventTable, Schema, Variable, offsets_from_counts

Recast = Callable[[EventTable], EventTable]

OBJECTS = (("Electron", 1, 5), ("Muon", 5, 9), ("Jet", 9, 19))
"""The rows of ADC2021's ``Particles``; row 0 is the missing momentum."""

CONSTITUENTS = 700
LABELS = {
    "j": "Jet",
    "b": "Jet",
    "e-": "Electron",
    "e+": "Electron",
    "m-": "Muon",
    "m+": "Muon",
    "g": "Photon",
}
LABEL = "object"
"""The column of labels that `phenoml` makes."""

MAX_NAMES = 1 << 16


def recast_of(path: str, format_id: str, schema: Schema) -> Recast | None:
    """How the blocks of a table become events with named objects; None where it is no challenge's table.

    Raises:
        BadInputError: a frame's names are damaged.
    """
    shapes = {v.name: v.shape for v in schema.variables}
    if shapes.get("Particles") in ((19, 3), (19, 4)):
        return _trigger_objects
    if format_id == "phenoml" and schema.collection_by_name.get(LABEL) is not None:
        return _labelled
    wide = [name for name, shape in shapes.items() if shape in ((3 * CONSTITUENTS,), (3 * CONSTITUENTS + 1,))]
    if wide:
        return lambda table: _constituents(table, wide[0])
    if format_id == "hdf5" and is_frame(schema):
        names = frame_names(path, schema.name)
        if names:
            return lambda table: _features(table, names)
    return None


def is_frame(schema: Schema) -> bool:
    """Whether a table of an HDF5 file holds the values of a pandas frame in the fixed format."""
    return any(v.name.startswith("block") and v.name.endswith("_values") for v in schema.variables)


def frame_names(path: str, group: str) -> dict[str, list[str]]:
    """The column names of each block of a pandas frame in the fixed format: ``block0_values`` -> names.

    Raises:
        BadInputError: the names are damaged.
    """
    h5py = require("h5py", extra="hdf5", purpose="reading HDF5")
    found: dict[str, list[str]] = {}
    try:
        with h5py.File(path, "r") as file:
            frame = (
                file[group]
                if isinstance(file.get(group), h5py.Group)
                else file[group.rpartition("/")[0] or "/"]
            )
            for key in frame:
                if key.startswith("block") and key.endswith("_items"):
                    items = frame[key]
                    if items.ndim != 1 or items.shape[0] > MAX_NAMES or items.dtype.kind not in "SOiu":
                        raise BadInputError(f"'{path}': the names of the frame '{group}' have a wrong form")
                    found[key.replace("_items", "_values")] = [_text(item) for item in items[:]]
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        raise BadInputError(f"'{path}': the names of the frame '{group}' cannot be read: {error}") from error
    return found


def _text(item: Any) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)


def _features(table: EventTable, names: Mapping[str, Sequence[str]]) -> EventTable:
    columns: dict[str, NDArray[Any]] = {}
    for block, its in names.items():
        values = table.columns.get(block)
        if values is None:
            continue
        values = values.reshape(len(values), -1)
        if values.shape[1] != len(its):
            raise BadInputError(f"'{block}' has {values.shape[1]} columns, but {len(its)} names")
        for place, name in enumerate(its):
            columns.setdefault(name, np.ascontiguousarray(values[:, place]))
    return _table(table, columns, {})


def _constituents(table: EventTable, name: str) -> EventTable:
    values = table.columns[name]
    grid = values[:, : 3 * CONSTITUENTS].reshape(len(values), CONSTITUENTS, 3)
    columns: dict[str, NDArray[Any]] = {}
    if values.shape[1] == 3 * CONSTITUENTS + 1:
        columns["label"] = np.ascontiguousarray(values[:, -1])
    order = np.argsort(-grid[..., 0], axis=1, kind="stable")
    return _table(table, columns, {"Particle": np.take_along_axis(grid, order[..., None], axis=1)})


def _trigger_objects(table: EventTable) -> EventTable:
    grid = table.columns["Particles"]
    columns = {
        v.name: table.columns[v.name] for v in table.schema.variables if v.axis == EVENTS and not v.shape
    }
    met = {"MET_pt": np.ascontiguousarray(grid[:, 0, 0]), "MET_phi": np.ascontiguousarray(grid[:, 0, 2])}
    objects = {name: grid[:, start:stop, :3] for name, start, stop in OBJECTS}
    return _table(table, {**met, **columns}, objects)


def _table(
    table: EventTable, columns: Mapping[str, NDArray[Any]], objects: Mapping[str, NDArray[Any]]
) -> EventTable:
    """Event variables, and objects in grids ``(event, place, (pt, eta, phi))``, where a pt of 0 is no object."""
    kept, offsets = dict(columns), {}
    variables = [_variable(name, values, EVENTS) for name, values in columns.items()]
    for name, grid in objects.items():
        present = grid[..., 0] > 0
        offsets[name] = offsets_from_counts(present.sum(axis=1))
        for place, quantity in enumerate(("pt", "eta", "phi")):
            values = np.ascontiguousarray(grid[..., place][present])
            kept[f"{name}_{quantity}"] = values
            variables.append(_variable(f"{name}_{quantity}", values, name))
    collections = tuple(Collection(name=name) for name in objects)
    return EventTable(Schema(table.schema.name, tuple(variables), collections), len(table), offsets, kept)


def _variable(name: str, values: NDArray[Any], axis: str) -> Variable:
    kind = {"f": "continuous", "b": "flag"}.get(values.dtype.kind, "integer")
    return Variable(name=name, dtype=values.dtype, axis=axis, kind=kind)  # type: ignore[arg-type]


def _labelled(table: EventTable) -> EventTable:
    """Objects by what their labels say; objects of other labels are left out."""
    axis = table.schema.collection_by_name[LABEL].parent
    codes = label_codes(table, next(f for f in fields_of(table.schema) if f.name == LABEL))
    offsets = table.offsets[axis]
    owner = np.repeat(np.arange(len(table)), np.diff(offsets))
    variables = [v for v in table.schema.variables if v.axis == EVENTS and v.kind != "text"]
    columns = {v.name: table.columns[v.name] for v in variables}
    own = [v for v in table.schema.on(axis) if v.kind != "text" and not v.shape]
    cuts: dict[str, NDArray[np.int64]] = {}
    for kind in dict.fromkeys(LABELS.values()):
        chosen = np.isin(codes, [code for code, its in LABELS.items() if its == kind])
        cuts[kind] = offsets_from_counts(np.bincount(owner[chosen], minlength=len(table)))
        for v in own:
            columns[f"{kind}_{v.name}"] = table.columns[v.name][chosen]
            variables.append(replace(v, name=f"{kind}_{v.name}", axis=kind, attributes={}))
        if kind == "Jet":
            columns["Jet_btag"] = (codes[chosen] == "b").astype(np.int8)
            variables.append(Variable(name="Jet_btag", dtype=np.dtype(np.int8), axis=kind, kind="category"))
    collections = tuple(Collection(name=kind) for kind in cuts)
    return EventTable(Schema(table.schema.name, tuple(variables), collections), len(table), cuts, columns)
