"""What a column's name, title and dtype say of it: angles, flags, integers, units."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.table import Kind, Variable

_ANGLE = re.compile(
    r"(?:^|[^A-Za-z])(?i:(?:d|delta)?phi)\d*$"  # phi, Jet_phi, Jet.Phi, phi1, dphi
    r"|[a-z0-9](?<!cos)(?<!sin)(?<!tan)(?:Phi|PHI)\d*$"  # jetPhi, but not cosPhi
    r"|(?:^|[^A-Za-z])(?:[A-Z]{2,}|jet|met|mu|ele?|lep|tau|trk|gen)phi\d*$"  # METphi, jetphi
)
"""The name must end here: an error, significance or resolution of phi is no angle."""

_UNIT = re.compile(r"\[\s*(?P<unit>[A-Za-z]{1,4})\s*\]")
_UNITS = re.compile("[kMGT]?eV|[mcun]?m|m?rad|deg|[mnpuf]?s|[kM]?Hz|T|m?V|[pf]C")
_RADIANS = ("", "rad", "radian", "radians")
_DEGREES = re.compile(r"(?i:\bdeg(?:rees?)?\b)|°")
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


def with_unit(variable: Variable, unit: str, title: str = "") -> Variable:
    """The variable in the unit that its file states (empty: it states none).

    An angle stated to be in degrees, by ``unit`` or in the words of ``title``, or in any other unit than
    radians, is no angle any more: its period is not 2 pi.
    """
    if variable.kind == "angle" and (unit not in _RADIANS or (not unit and _DEGREES.search(title))):
        return replace(variable, kind="continuous", period=None, unit=unit or "deg")
    return replace(variable, unit=unit or variable.unit)


def unit_in(title: str) -> str:
    """The one unit that a title gives in brackets, as in ``transverse momentum [GeV]``; empty if none."""
    units = {match["unit"] for match in _UNIT.finditer(title) if _UNITS.fullmatch(match["unit"])}
    return units.pop() if len(units) == 1 else ""
