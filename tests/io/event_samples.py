"""Small event tables of every form, and their content in plain Python for comparing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from hepack.io.phenoml import schema_of
from hepack.io.strings import text_column
from hepack.table import EVENTS, Collection, EventTable, Schema, Variable, offsets_from_counts

N = 23


def variable(name: str, values: np.ndarray, axis: str = EVENTS) -> Variable:
    kind = {"b": "flag", "i": "integer", "u": "integer"}.get(values.dtype.kind, "continuous")
    return Variable(name=name, dtype=values.dtype, axis=axis, shape=values.shape[1:], kind=kind)


def make(columns: dict[str, np.ndarray], name: str = "events") -> EventTable:
    """A flat table."""
    variables = tuple(variable(key, values) for key, values in columns.items())
    return EventTable(Schema(name, variables), len(next(iter(columns.values()))), {}, columns)


def jagged(columns: dict[str, np.ndarray], counts: list[int], layout: str = "list") -> EventTable:
    """One collection ``Jet``."""
    variables = tuple(variable(key, values, "Jet") for key, values in columns.items())
    schema = Schema("events", variables, (Collection(name="Jet", layout=layout),))
    return EventTable(schema, len(counts), {"Jet": offsets_from_counts(np.array(counts, int))}, columns)


def text(values: list[str]) -> EventTable:
    collection, column = text_column("process")
    encoded = [value.encode() for value in values]
    counts = np.array([len(value) for value in encoded], int)
    data = np.frombuffer(b"".join(encoded), "u1")
    schema = Schema("events", (column, variable("n", np.arange(len(values)))), (collection,))
    columns = {"process": data, "n": np.arange(len(values))}
    return EventTable(schema, len(values), {"process": offsets_from_counts(counts)}, columns)


def nested() -> EventTable:
    """Lists in lists: hits of tracks."""
    schema = Schema(
        "events",
        (Variable(name="Track_hits", dtype=np.dtype("<f4"), axis="Hit"),),
        (Collection(name="Track"), Collection(name="Hit", parent="Track")),
    )
    offsets = {"Track": offsets_from_counts([2, 0, 1]), "Hit": offsets_from_counts([1, 0, 3])}
    return EventTable(schema, 3, offsets, {"Track_hits": np.arange(4, dtype="f4")})


def phenoml(events: int = N) -> EventTable:
    rng = np.random.default_rng(7)
    counts = rng.integers(0, 4, events)
    objects = int(counts.sum())
    kinds = [("j", "b", "e-", "m+", "g")[i] for i in rng.integers(0, 5, objects)]
    columns = {
        "event_id": np.arange(events),
        "process": np.frombuffer(b"4top" * events, "u1"),
        "weight": rng.normal(size=events),
        "MET": rng.exponential(1e5, events),
        "METphi": rng.uniform(-3, 3, events),
        "object": np.frombuffer("".join(kinds).encode(), "u1"),
    }
    columns |= {name: rng.normal(size=objects) for name in ("E", "pt", "eta", "phi")}
    offsets = {
        "process": np.arange(events + 1) * 4,
        "Object": offsets_from_counts(counts),
        "object": offsets_from_counts(np.array([len(kind) for kind in kinds], int)),
    }
    return EventTable(schema_of({}), events, offsets, columns)


def specials() -> dict[str, np.ndarray]:
    """NaN with a payload, infinities, both zeros, denormals, extremes."""
    f8 = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3], "<f8")
    f8[0] = np.array([0x7FF800000000BEEF], "<u8").view("<f8")[0]
    f4 = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-45, 3.4e38, 1 / 3], "<f4")
    return {"d": f8, "f": f4}


def tables() -> dict[str, EventTable]:
    """Every form, by name."""
    rng = np.random.default_rng(3)
    counts = [2, 0, 3, 1, 0] * 4
    objects = sum(counts)
    flat = {"run": np.arange(N), "pt": rng.normal(size=N), "eta": rng.normal(size=N).astype("f4")}
    integers = {
        code: np.array([np.iinfo(code).min, np.iinfo(code).max, 7], code)
        for code in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
    }
    return {
        "flat": make(flat),
        "one column": make({"pt": flat["pt"]}),
        "one event": make({key: values[:1] for key, values in flat.items()}),
        "no events": make({key: values[:0] for key, values in flat.items()}),
        "specials": make(specials()),
        "integers": make(integers | {"flag": np.array([True, False, True])}),
        "half": make({"h": np.array([0.1, np.nan, -0.0, 65504], "<f2"), "x": np.zeros(4)}),
        "shapes": make({"image": rng.normal(size=(N, 3, 2)).astype("f4"), "n": np.arange(N)}),
        "text": text(["ttbar", "", "Z, 'and' \"more\"", "ü\nµ", " pad ", "0", "#", "x"]),
        "option": jagged({"mass": np.array([1.5, -0.0, np.nan])}, [1, 0, 1, 0, 1], "option"),
        "jagged": jagged(
            {"Jet_pt": rng.normal(size=objects), "Jet_id": np.arange(objects, dtype="i4")}, counts
        ),
        "jagged, no objects": jagged({"Jet_pt": np.empty(0)}, [0, 0, 0]),
        "nested": nested(),
        "phenoml": phenoml(),
    }


def content(table: EventTable, *, loose: bool = False) -> dict[str, list[Any]]:
    """Column -> one plain value, list or None for each event; floats as their bits.

    With ``loose``, as text formats keep them: floats by value and in their own precision, all NaN alike.
    """
    return {v.name: _entries(table, v, v.axis, _plain(table, v, loose)) for v in table.schema.variables}


def _plain(table: EventTable, var: Variable, loose: bool) -> list[Any]:
    values = table.columns[var.name]
    if values.dtype.kind != "f":
        return values.tolist()
    if loose:
        return [repr(value) for value in values.astype("f8").tolist()]
    return np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}").tolist()


def _entries(table: EventTable, var: Variable, axis: str, values: list[Any]) -> list[Any]:
    while axis != EVENTS:
        collection = table.schema.collection_by_name[axis]
        bounds = table.offsets[axis].tolist()
        runs = [values[start:stop] for start, stop in pairwise(bounds)]
        if collection.layout == "text":
            values = [bytes(run).decode() for run in runs]
        elif collection.layout == "option":
            values = [run[0] if run else None for run in runs]
        else:
            values = runs
        axis = collection.parent
    return values
