"""What to accumulate: bins, measures and promises of every variable, from the surveys of both files."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hepack.evaluate.binning import Binning, suited
from hepack.evaluate.pairing import FieldPair
from hepack.evaluate.response import VariableSetup
from hepack.evaluate.results import Floats
from hepack.evaluate.survey import AxisSurvey, Survey
from hepack.physics.fields import Field
from hepack.physics.kinematics import wrap
from hepack.physics.roles import Roles
from hepack.table import Tolerance

PT_EDGES = (
    0, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 125, 150, 200, 250, 300, 400, 500, 600, 800, 1000, 1500, 2000, 3000,
)  # fmt: skip
ETA_EDGES = (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5)
OWN_BINS = 10
DEVIATION_BINS = 80

Promises = Mapping[str, tuple[Tolerance, str]]
"""Column -> tolerance, and who promised it."""


def role_of(name: str, roles: Roles) -> str:
    """What a field is of its object: "pt", "eta", ...; "met" for the missing momentum; empty if nothing."""
    for role in roles.objects:
        for slot in role.slots:
            for quantity, column in slot.items():
                if column == name:
                    return quantity
    return next((f"met {key}" for key, column in roles.met.items() if column == name), "")


def setup(
    pair: FieldPair, before: Survey, after: Survey, roles: Roles, promises: Promises, *, paired: bool
) -> VariableSetup:
    """How to accumulate one variable."""
    field = pair.before
    one, two = _sampled(pair, before, after)
    finite = one[np.isfinite(one)]
    role = role_of(field.name, roles)
    measure = "response" if _has_scale(field, role, finite) else "residual"
    both = np.concatenate([finite, two[np.isfinite(two)]]) if len(finite) < 1000 else finite
    binning = suited(both, integer=field.dtype.kind in "iub", period=field.period)
    tolerance, source = promises.get(field.column, (None, ""))
    return VariableSetup(
        pair=pair, role=role, measure=measure, binning=binning,
        deviation=_deviation_bins(one, two, field, measure) if paired else Binning(-1.0, 1.0, 1),
        profiles=_profiles(field, before.axes[field.axis], roles, finite) if paired and len(finite) else (),
        tolerance=tolerance, source=source, angle_range=angle_range(field, before),
    )  # fmt: skip


def _sampled(pair: FieldPair, before: Survey, after: Survey) -> tuple[Floats, Floats]:
    one = before.axes[pair.before.axis].column(pair.before.name)
    return one, after.axes[pair.after.axis].column(pair.after.name)


def _has_scale(field: Field, role: str, finite: Floats) -> bool:
    """Whether relative deviations make sense: momenta, masses, energies, and other positive quantities."""
    if field.dtype.kind != "f" or field.period is not None or role in ("eta", "phi", "charge", "btag"):
        return False
    if role in ("pt", "mass", "energy", "met pt"):
        return True
    return bool(len(finite)) and float(finite.min()) > 0


def _deviation_bins(one: Floats, two: Floats, field: Field, measure: str) -> Binning:
    if len(one) != len(two):
        return Binning(-1.0, 1.0, DEVIATION_BINS)
    with np.errstate(all="ignore"):
        deviation = two - one
        if field.period is not None:
            deviation = wrap(deviation, field.period)
        if measure == "response":
            deviation = deviation / one
    deviation = deviation[np.isfinite(deviation)]
    reach = float(np.quantile(np.abs(deviation), 0.995)) * 1.4 if len(deviation) else 0.0
    if reach == 0.0:
        top = float(np.max(np.abs(deviation), initial=0.0))
        reach = top or 1e-3
    return Binning(-reach, reach, DEVIATION_BINS)


def _profiles(
    field: Field, axis: AxisSurvey, roles: Roles, finite: Floats
) -> tuple[tuple[str, str, Floats], ...]:
    role = roles.on(field.axis)
    if role is None:
        return _own_profile(field, finite)
    low, high = _pt_range(axis, role.slots[0], role.scale)
    edges = np.array([low, *(edge for edge in PT_EDGES if low < edge < high), high], np.float64)
    if len(edges) < 4:
        edges = np.linspace(low, high, 6)
    return (("pt", "GeV", edges), ("|eta|", "", np.asarray(ETA_EDGES, np.float64)))


def _pt_range(axis: AxisSurvey, slot: Mapping[str, str], scale: float) -> tuple[float, float]:
    low, high = 0.0, 2000.0
    if slot.get("pt") in axis.low:
        low, high = axis.low[slot["pt"]] * scale, axis.high[slot["pt"]] * scale
    elif slot.get("px") in axis.high:
        high = max(abs(axis.high[slot[c]]) for c in ("px", "py")) * scale * 1.5
    return (low, high) if high > low else (low, low + 1.0)


def _own_profile(field: Field, finite: Floats) -> tuple[tuple[str, str, Floats], ...]:
    edges = np.unique(np.quantile(finite, np.linspace(0, 1, OWN_BINS + 1)))
    if len(edges) < 3:
        return ()
    return ((field.name, field.unit, edges),)


def angle_range(field: Field, before: Survey) -> tuple[float, float] | None:
    """The range that the original's angle keeps to: around zero or from zero; None if it keeps to none."""
    axis = before.axes[field.axis]
    if field.period is None or field.name not in axis.low:
        return None
    slack = 2e-3 * field.period
    low, high = axis.low[field.name], axis.high[field.name]
    if -field.period / 2 - slack <= low and high <= field.period / 2 + slack:
        return -field.period / 2 - slack, field.period / 2 + slack
    if -slack <= low and high <= field.period + slack:
        return -slack, field.period + slack
    return None
