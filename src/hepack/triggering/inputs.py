"""Trigger inputs: files of 57 numbers to hardware integers, with what is wrong said in one sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadInputError, BadRequestError
from hepack.firmware.layout import CMS_UNITS, OBJECTS, Units
from hepack.io import open_source

COLUMN = "Particles"
MEAN_PILE_UP = "mean_pile_up"
"""Column of a file with pile-up: the mean number of further collisions that an event was made with."""
MAX_PT_GEV = 14_000.0
"""No object carries more than the beams' energy: a larger pt is in MeV."""
MAX_ETA = 6.0
MAX_PILE_UP = 1000.0
"""Collisions per crossing: no collider that is planned has as many."""
BLOCK_BYTES = 1 << 26
ROWS = 4096
"""Events at a time in double precision, so that a long stream is not copied whole."""

Floats = NDArray[np.float32]


def read_stream(path: str) -> Floats:
    """Events of a file, shape ``(event, object, 3)``: pt (GeV), eta, phi.

    Takes `hepack simulate --layout trigger`, the HDF5 files of the ADC2021 challenge (arXiv:2107.02157, whose
    fourth column is the object's class), and any file with a column ``Particles`` of 57 or 42 numbers.

    Raises:
        BadInputError: no such column, another number of columns, no events, NaN, or MeV instead of GeV.
    """
    found = _column(path, COLUMN)
    if found is None:
        raise BadInputError(
            f"'{path}' has no events in a column '{COLUMN}'; make one with 'hepack trigger simulate'"
        )
    return check_stream(found, path)


def read_mean_pile_up(path: str) -> NDArray[np.float64] | None:
    """The mean number of further collisions of each event; None for a file without that column.

    Raises:
        BadInputError: the column does not hold one plausible number per event.
    """
    found = _column(path, MEAN_PILE_UP)
    if found is None:
        return None
    if found.ndim != 1 or found.dtype.kind not in "fiu" or not ((found >= 0) & (found <= MAX_PILE_UP)).all():
        raise BadInputError(
            f"{path}: the column '{MEAN_PILE_UP}' must hold one number from 0 to {MAX_PILE_UP:g} per event; "
            "make the file again or drop the column"
        )
    return np.asarray(found, np.float64)


def _column(path: str, name: str) -> NDArray[Any] | None:
    with open_source(path) as source:
        for index, schema in enumerate(source.contents.schemas):
            if name in {variable.name for variable in schema.variables}:
                blocks = [
                    np.asarray(table.columns[name]) for table in source.blocks(index, max_bytes=BLOCK_BYTES)
                ]
                return np.concatenate(blocks) if blocks else None
    return None


def check_stream(values: NDArray[Any], where: str) -> Floats:
    """The same as ``(event, object, 3)``, float32, or the error that says what is wrong with it."""
    if values.ndim == 3 and values.shape[2] == 4:  # ADC2021: pt, eta, phi, class
        values = values[..., :3]
    columns = int(np.prod(values.shape[1:]))
    if columns not in OBJECTS or (values.ndim == 3 and values.shape[2] != 3) or values.ndim > 3:
        known = " or ".join(f"{n} ({n // 3} x 3)" for n in OBJECTS)
        raise BadInputError(f"{where}: events have {values.shape[1:]} numbers; expected {known}")
    if len(values) == 0:
        raise BadInputError(f"{where}: the stream is empty; give at least one event")
    if values.dtype.kind not in "fiu":
        raise BadInputError(f"{where}: the inputs are {values.dtype}, not numbers")
    out = np.asarray(values, np.float32).reshape(len(values), -1, 3)
    bad = ~np.isfinite(out).all(axis=(1, 2))
    if bad.any():
        raise BadInputError(
            f"{where}: {int(bad.sum())} of {len(out)} events hold NaN or infinity, first event {int(bad.argmax())}; "
            "drop or repair them"
        )
    return _plausible(out, where)


def _plausible(out: Floats, where: str) -> Floats:
    pt, eta, phi = out[..., 0], out[..., 1], out[..., 2]
    if (pt < 0).any():
        raise BadInputError(
            f"{where}: a pt is negative ({float(pt.min()):g}); the order must be pt, eta, phi"
        )
    if float(np.median(pt.max(axis=1))) > 1000 or float(pt.max()) > MAX_PT_GEV:
        raise BadInputError(
            f"{where}: the hardest objects have a median pt of {float(np.median(pt.max(axis=1))):g} and a maximum "
            f"of {float(pt.max()):g}; expected GeV, so MeV must be divided by 1000"
        )
    if float(np.abs(phi).max()) > 2 * np.pi + 0.01 or float(np.abs(eta).max()) > MAX_ETA:
        raise BadInputError(
            f"{where}: |eta| up to {float(np.abs(eta).max()):g}, |phi| up to {float(np.abs(phi).max()):g}; expected "
            f"|eta| below {MAX_ETA:g} and phi in radians, the order pt, eta, phi"
        )
    return out


def digitise(stream: Floats, inputs: int, units: Units = CMS_UNITS) -> NDArray[np.int32]:
    """Hardware integers, shape ``(event, inputs)``; what the detector's grid rounds, and saturation at its end.

    A stream of 19 objects also serves a net of 42 inputs: the five softest jets are left out.

    Raises:
        BadRequestError: ``inputs`` is not 57 or 42, or more than the stream has.
    """
    if inputs not in OBJECTS or inputs > stream.shape[1] * 3:
        raise BadRequestError(
            f"a net of {inputs} inputs does not fit events of {stream.shape[1] * 3} numbers"
        )
    steps = np.array([units.pt, units.eta, units.phi])
    low, high = np.array(units.bounds).T
    counts = np.empty((len(stream), inputs // 3, 3), np.int32)
    for start in range(0, len(stream), ROWS):
        values = stream[start : start + ROWS, : inputs // 3].astype(np.float64)
        values[..., 2] = (values[..., 2] + np.pi) % (2 * np.pi) - np.pi
        counts[start : start + ROWS] = np.clip(np.rint(values / steps), low, high)
    return counts.reshape(len(stream), inputs)
