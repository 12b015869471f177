"""`Table`: rows of numbers out of any event file: the 4-vectors of jets, 27 variables, or what is named."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.io import ReadOptions, open_source
from hepack.table import EVENTS, EventTable, Variable

READ_BYTES = 64 << 20
FOUR = (("pt",), ("eta",), ("phi",), ("m", "mass", "e", "energy"))
KINDS = ("ChHad", "NeHad", "Photon", "Electron", "Muon", "HFHad", "HFEM")
JET_27 = (
    *("pt", "eta", "phi", "mass", "area"),
    *(f"energy{kind}" for kind in KINDS),
    *(f"n{kind}" for kind in KINDS),
    *("nConstituents", "tau1", "tau2", "tau3", "width", "charge", "btag", "time"),
)


@dataclass(frozen=True, eq=False)
class Table:
    """``values`` is float64, shape ``(row, variable)``; ``angles`` are the places of azimuths."""

    name: str
    names: tuple[str, ...]
    values: NDArray[np.float64]
    angles: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Any) -> Table:
        """Some of the rows."""
        return replace(self, values=self.values[rows])

    @property
    def raw_bytes(self) -> int:
        """The size as float32."""
        return 4 * self.values.size

    def columns(self) -> dict[str, NDArray[Any]]:
        """The columns as flat float32 arrays."""
        return {name: self.values[:, k].astype(np.float32) for k, name in enumerate(self.names)}


def extract(
    path: str | Path,
    variables: Sequence[str] = (),
    *,
    allow_pickle: bool = False,
    most: int | None = None,
) -> Table:
    """A table out of any file that hepack reads. All ``variables`` must lie on one axis (one collection, or the
    event); without any, the first pt, eta, phi and mass (or energy) that belong together.

    Raises:
        BadRequestError: a variable is missing, or they lie on different axes.
        BadInputError: the file cannot be read.
    """
    with open_source(str(path), ReadOptions(allow_pickle=allow_pickle)) as source:
        for number, schema in enumerate(source.contents.schemas):
            flat = [v for v in schema.variables if not v.shape and v.dtype.kind in "fiub"]
            chosen = _named(flat, variables) if variables else _four_vector(flat)
            if not chosen:
                continue
            found: list[NDArray[np.float64]] = []
            for block in source.blocks(number, max_bytes=READ_BYTES):
                found.append(_rows(block, chosen))
                if most is not None and sum(map(len, found)) >= most:
                    break
            empty = np.zeros((0, len(chosen)))
            values = np.concatenate([empty, *found])[:most]
            angles = tuple(k for k, v in enumerate(chosen) if _is_angle(v))
            return Table(Path(path).name, tuple(v.name for v in chosen), values, angles)
    wanted = ", ".join(variables) or "pt, eta, phi and mass"
    raise BadRequestError(
        f"no table of '{Path(path).name}' has {wanted}; name the variables with --variables"
    )


def _rows(block: EventTable, chosen: Sequence[Variable]) -> NDArray[np.float64]:
    return np.stack([block.columns[v.name].astype(np.float64) for v in chosen], 1)


def _is_angle(variable: Variable) -> bool:
    return variable.kind == "angle" or _last(variable.name) == "phi"


def _last(name: str) -> str:
    return name.replace(".", "_").rsplit("_", 1)[-1].lower()


def _named(flat: Sequence[Variable], names: Sequence[str]) -> list[Variable]:
    by_name = {v.name: v for v in flat}
    missing = [name for name in names if name not in by_name]
    if missing:
        return []
    chosen = [by_name[name] for name in names]
    axes = {v.axis for v in chosen}
    if len(axes) > 1:
        shown = ", ".join(axis or "the event" for axis in sorted(axes))
        raise BadRequestError(f"the variables lie on different axes ({shown}); name those of one collection")
    return chosen


def _four_vector(flat: Sequence[Variable]) -> list[Variable]:
    for axis in dict.fromkeys((*(v.axis for v in flat if "jet" in v.axis.lower()), *(v.axis for v in flat))):
        here = [v for v in flat if v.axis == axis]
        heads = dict.fromkeys(v.name[: len(v.name) - len(_last(v.name))] for v in here)
        for head in heads:
            own = {_last(v.name): v for v in here if v.name == head + v.name[len(head) :] and _plain(v, head)}
            found = [next((own[o] for o in options if o in own), None) for options in FOUR]
            if all(v is not None for v in found):
                return [v for v in found if v is not None]
    return []


def _plain(variable: Variable, head: str) -> bool:
    return variable.name[len(head) :].lower() == _last(variable.name)


def jets_27(path: str | Path, most: int | None = None) -> Table:
    """The 27 variables of simulated jets (`hepack simulate`, layout nanoaod)."""
    table = extract(path, [f"Jet_{name}" for name in JET_27], most=most)
    return replace(table, names=JET_27, angles=(2,))


def objects_by_kind(path: str | Path) -> tuple[dict[str, Table], NDArray[np.int64]]:
    """The objects of a PhenoML file by kind (``j``, ``b``, ``e-`` ...) as pt, eta, phi, E, and under ``all`` all of
    them in the order of the file, with the number of objects of each event."""
    with open_source(str(path), format_id="phenoml") as source:
        blocks = list(source.blocks(0, max_bytes=READ_BYTES))
    whole = EventTable.concatenate(blocks)
    axis = next(v.axis for v in whole.schema.variables if v.name.endswith("pt") and v.axis != EVENTS)
    by_last = {_last(v.name): v.name for v in whole.schema.variables if v.axis == axis and not v.shape}
    names = ("pt", "eta", "phi", "e")
    values = np.stack([whole.columns[by_last[name]].astype(np.float64) for name in names], 1)
    kinds = np.array(_kinds(whole, axis), np.str_)
    made = {"all": Table("all", names, values, (2,))}
    for kind in map(str, np.unique(kinds)):
        made[kind] = Table(kind, names, values[kinds == kind], (2,))
    return made, whole.counts(axis)


def _kinds(whole: EventTable, axis: str) -> list[str]:
    text = next(c for c in whole.schema.collections if c.parent == axis and c.layout == "text")
    letters = next(v for v in whole.schema.variables if v.axis == text.name)
    data, offsets = whole.columns[letters.name].tobytes(), whole.offsets[text.name]
    return [data[a:b].decode("ascii", "replace") for a, b in itertools.pairwise(offsets)]
