"""Four-vector identities: any usual quantity of a particle, or of a sum of particles, from any others.

A particle is given by some of its quantities (`ROLES`). `RULES` are applied in rounds, each round using
only what earlier rounds gave, the first rule that fits winning, until the wanted quantity is there; the
steps it does not need are left out. So a set of given quantities means one formula, for good.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.relations import arithmetic as a
from hepack.relations.arithmetic.slices import Floats
from hepack.relations.kinds.base import Axes, Leaves, Settings, Values, floats, is_number
from hepack.relations.kinds.functions import hypot, signed_root
from hepack.relations.view import View, deepest
from hepack.table import Schema

ROLES = ("px", "py", "pz", "E", "pt", "phi", "eta", "theta", "p", "m", "y", "mt", "et", "beta", "gamma")
MAX_PARTICLES = 8


@dataclass(frozen=True)
class Rule:
    """``gives = compute(*needs)``."""

    gives: str
    needs: tuple[str, ...]
    compute: Callable[..., Floats]


RULES = (
    Rule("pt", ("px", "py"), hypot),
    Rule("pt", ("p", "eta"), lambda p, eta: p / a.cosh(eta)),
    Rule("pt", ("p", "theta"), lambda p, theta: p * a.sin(theta)),
    Rule("pt", ("mt", "m"), lambda mt, m: signed_root((mt - m) * (mt + m))),
    Rule("pt", ("p", "pz"), lambda p, pz: signed_root((p - pz) * (p + pz))),
    Rule("phi", ("px", "py"), lambda px, py: a.atan2(py, px)),
    Rule("px", ("pt", "phi"), lambda pt, phi: pt * a.cos(phi)),
    Rule("py", ("pt", "phi"), lambda pt, phi: pt * a.sin(phi)),
    Rule("pz", ("pt", "eta"), lambda pt, eta: pt * a.sinh(eta)),
    Rule("pz", ("p", "theta"), lambda p, theta: p * a.cos(theta)),
    Rule("pz", ("pt", "theta"), lambda pt, theta: pt / a.tan(theta)),
    Rule("pz", ("mt", "y"), lambda mt, y: mt * a.sinh(y)),
    Rule("pz", ("E", "y"), lambda e, y: e * a.tanh(y)),
    Rule("p", ("px", "py", "pz"), hypot),
    Rule("p", ("pt", "pz"), hypot),
    Rule("p", ("pt", "eta"), lambda pt, eta: pt * a.cosh(eta)),
    Rule("p", ("pt", "theta"), lambda pt, theta: pt / a.sin(theta)),
    Rule("p", ("E", "m"), lambda e, m: signed_root((e - m) * (e + m))),
    Rule("eta", ("pt", "pz"), lambda pt, pz: a.asinh(pz / pt)),
    Rule("eta", ("theta",), lambda theta: -a.log(a.tan(theta / 2.0))),
    Rule("theta", ("pt", "pz"), a.atan2),
    Rule("theta", ("eta",), lambda eta: 2.0 * a.atan(a.exp(-eta))),
    Rule("m", ("E", "p"), lambda e, p: signed_root((e - p) * (e + p))),
    Rule("m", ("mt", "pt"), lambda mt, pt: signed_root((mt - pt) * (mt + pt))),
    Rule("E", ("p", "m"), hypot),
    Rule("E", ("mt", "y"), lambda mt, y: mt * a.cosh(y)),
    Rule("E", ("et", "eta"), lambda et, eta: et * a.cosh(eta)),
    Rule("E", ("mt", "pz"), hypot),
    Rule("mt", ("m", "pt"), hypot),
    Rule("mt", ("E", "pz"), lambda e, pz: signed_root((e - pz) * (e + pz))),
    Rule("et", ("E", "eta"), lambda e, eta: e / a.cosh(eta)),
    Rule("et", ("E", "pt", "p"), lambda e, pt, p: e * pt / p),
    Rule("y", ("mt", "pz"), lambda mt, pz: a.asinh(pz / mt)),
    Rule("beta", ("p", "E"), lambda p, e: p / e),
    Rule("gamma", ("E", "m"), lambda e, m: e / m),
)


@functools.cache
def route(given: frozenset[str], wanted: frozenset[str]) -> tuple[int, ...] | None:
    """The rules, by number and in order, that lead from the given quantities to the wanted ones."""
    known = set(given)
    steps: list[int] = []
    while not wanted <= known:
        fresh: dict[str, int] = {}
        for number, rule in enumerate(RULES):
            if rule.gives not in known and rule.gives not in fresh and known.issuperset(rule.needs):
                fresh[rule.gives] = number
        if not fresh:
            return None
        steps += fresh.values()
        known.update(fresh)
    needed, kept = set(wanted), []
    for number in reversed(steps):
        if RULES[number].gives in needed:
            kept.append(number)
            needed.update(RULES[number].needs)
    return tuple(reversed(kept))


def derive(given: Mapping[str, Floats], wanted: Iterable[str]) -> dict[str, Floats]:
    """The wanted quantities of one particle. There must be a route."""
    steps = route(frozenset(given), frozenset(wanted))
    assert steps is not None
    known = dict(given)
    for number in steps:
        rule = RULES[number]
        known[rule.gives] = rule.compute(*(known[need] for need in rule.needs))
    return {name: known[name] for name in wanted}


@dataclass(frozen=True)
class Vector:
    """Settings: the wanted quantity, then for each particle ``(sign, roles, fixed role, fixed value)``.

    The roles belong to the inputs in order; the fixed role (or ``""``) has a constant value. One particle
    of sign 1 is derived directly; otherwise components are summed in order, each times its sign.
    """

    elementwise: bool = True

    def check(self, settings: Settings, axes: Axes, leaves: Leaves, schema: Schema) -> str | None:
        if not 2 <= len(settings) <= MAX_PARTICLES + 1 or settings[0] not in ROLES or not axes:
            return None
        used = 0
        for particle in settings[1:]:
            match particle:
                case [sign, (*roles,), str(role), value] if (
                    type(sign) is int
                    and abs(sign) == 1
                    and is_number(value)
                    and (role in ROLES or role == "")
                ):
                    given = [*roles, role] if role else roles
                case _:
                    return None
            if not all(type(name) is str and name in ROLES for name in given) or len(set(given)) != len(
                given
            ):
                return None
            if route(frozenset(given), _components(settings)) is None:
                return None
            used += len(roles)
        if used != len(axes) or route(_components(settings), frozenset({settings[0]})) is None:
            return None
        return deepest(schema, axes)

    def evaluate(
        self, settings: Settings, values: Values, axes: Axes, view: View
    ) -> tuple[NDArray[Any], str]:
        wanted, particles = settings[0], settings[1:]
        needs = sorted(_components(settings))
        inputs = iter(values)
        total: dict[str, Floats] = {}
        for sign, roles, role, value in particles:
            given = {name: floats(next(inputs)) for name in roles}
            if role:
                given[role] = np.full(len(values[0]), float(value))
            for name, part in derive(given, needs).items():
                signed = part if sign > 0 else -part
                total[name] = total[name] + signed if name in total else signed
        axis = deepest(view.schema, axes)
        assert axis is not None
        return derive(total, [wanted])[wanted], axis


def _components(settings: Settings) -> frozenset[str]:
    """What each particle must give: the wanted quantity itself, or the components of a sum."""
    wanted, particles = settings[0], settings[1:]
    if len(particles) == 1 and particles[0][0] == 1:
        return frozenset({wanted})
    if wanted in ("px", "py", "pz", "E"):
        return frozenset({wanted})
    if wanted in ("pt", "phi"):
        return frozenset({"px", "py"})
    return frozenset({"px", "py", "pz"} if wanted in ("p", "eta", "theta") else {"px", "py", "pz", "E"})
