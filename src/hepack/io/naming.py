"""What a column's name, title and dtype say of it: angles, flags, integers, units."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.table import Kind

_ANGLE = re.compile(
    r"(?:^|[^A-Za-z])(?i:(?:d|delta)?phi)\d*$"  # phi, Jet_phi, Jet.Phi, phi1, dphi
    r"|[a-z0-9](?<!cos)(?<!sin)(?<!tan)(?:Phi|PHI)\d*$"  # jetPhi, but not cosPhi
    r"|(?:^|[^A-Za-z])(?:[A-Z]{2,}|jet|met|mu|ele?|lep|tau|trk|gen)phi\d*$"  # METphi, jetphi
)
"""The name must end here: an error, significance or resolution of phi is no angle."""

_UNIT = re.compile(r"\[\s*(?P<unit>[A-Za-z]{1,4})\s*\]")
_UNITS = re.compile("[kMGT]?eV|[mcun]?m|m?rad|deg|[mnpuf]?s|[kM]?Hz|T|m?V|[pf]C")
_SAMPLE = 4096


def guess_kind(
    name: str, dtype: np.dtype[Any], sample: NDArray[Any] | None = None
) -> tuple[Kind, float | None]:
    """Kind and period of a column.

    A float named like an azimuth (``phi``, ``Jet_phi``, ``METphi``) is an angle of period 2 pi; given a
    ``sample`` of its values, only if they lie within [-2 pi, 2 pi].
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return "flag", None
    if dtype.kind in "iu":
        return "integer", None
    if dtype.kind == "f" and _ANGLE.search(name) and (sample is None or _within_circle(sample)):
        return "angle", 2 * math.pi
    return "continuous", None


def _within_circle(sample: NDArray[Any]) -> bool:
    with np.errstate(invalid="ignore"):  # a signalling NaN is a value like any other
        values = np.asarray(sample).reshape(-1)[:_SAMPLE].astype(np.float64)
    values = values[np.isfinite(values)]
    return not len(values) or float(np.abs(values).max()) <= 2 * math.pi


def unit_in(title: str) -> str:
    """The one unit that a title gives in brackets, as in ``transverse momentum [GeV]``; empty if none."""
    units = {match["unit"] for match in _UNIT.finditer(title) if _UNITS.fullmatch(match["unit"])}
    return units.pop() if len(units) == 1 else ""
