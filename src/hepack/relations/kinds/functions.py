"""The functions that a ``call`` may name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hepack.relations import arithmetic as a
from hepack.relations.arithmetic.slices import Floats

TWO_PI = 6.283185307179586
_LOG10_E = 0.4342944819032518


@dataclass(frozen=True)
class Function:
    """A named function of ``arity`` arrays."""

    arity: int
    compute: Callable[..., Floats]


def wrap(angle: Floats) -> Floats:
    """The angle in [-pi, pi]."""
    return np.asarray(angle - TWO_PI * np.rint(angle / TWO_PI))


def hypot(*parts: Floats) -> Floats:
    """``sqrt(x x + y y + ...)``, summed from the left."""
    total = parts[0] * parts[0]
    for part in parts[1:]:
        total = total + part * part
    return np.asarray(np.sqrt(total))


def signed_root(square: Floats) -> Floats:
    """The root of a square that rounding may have made negative: then minus the root of its size."""
    return np.copysign(np.sqrt(np.abs(square)), square)


def _delta_r(eta1: Floats, phi1: Floats, eta2: Floats, phi2: Floats) -> Floats:
    return hypot(eta1 - eta2, wrap(phi1 - phi2))


def _transverse_mass(pt1: Floats, phi1: Floats, pt2: Floats, phi2: Floats) -> Floats:
    return np.asarray(np.sqrt(2.0 * pt1 * pt2 * (1.0 - a.cos(phi1 - phi2))))


def _phi_centrality(phi: Floats, phi1: Floats, phi2: Floats) -> Floats:
    """Where an angle lies between two others: sqrt(2) in the middle, 1 on an edge, less outside."""
    span = a.sin(phi2 - phi1)
    first, second = a.sin(phi - phi1) / span, a.sin(phi2 - phi) / span
    return np.asarray((first + second) / np.sqrt(first * first + second * second))


def _eta_centrality(eta: Floats, eta1: Floats, eta2: Floats) -> Floats:
    """1 in the middle of two jets, 1/e at either of them."""
    away = (eta - (eta1 + eta2) / 2.0) / (eta1 - eta2)
    return a.exp(-4.0 * (away * away))


FUNCTIONS: dict[str, Function] = {
    "abs": Function(1, np.abs),
    "square": Function(1, lambda x: x * x),
    "root": Function(1, signed_root),
    "sqrt": Function(1, np.sqrt),
    "exp": Function(1, a.exp),
    "log": Function(1, a.log),
    "log10": Function(1, lambda x: a.log(x) * _LOG10_E),
    "log1p": Function(1, a.log1p),
    "sin": Function(1, a.sin),
    "cos": Function(1, a.cos),
    "tan": Function(1, a.tan),
    "atan": Function(1, a.atan),
    "asin": Function(1, lambda x: a.atan2(x, np.sqrt((1.0 - x) * (1.0 + x)))),
    "acos": Function(1, lambda x: a.atan2(np.sqrt((1.0 - x) * (1.0 + x)), x)),
    "sinh": Function(1, a.sinh),
    "cosh": Function(1, a.cosh),
    "tanh": Function(1, a.tanh),
    "asinh": Function(1, a.asinh),
    "wrap": Function(1, wrap),
    "atan2": Function(2, a.atan2),
    "hypot": Function(2, hypot),
    "hypot3": Function(3, hypot),
    "max": Function(2, np.maximum),
    "min": Function(2, np.minimum),
    "dphi": Function(2, lambda x, y: wrap(x - y)),
    "absdphi": Function(2, lambda x, y: np.abs(wrap(x - y))),
    "absdiff": Function(2, lambda x, y: np.abs(x - y)),
    "dr": Function(4, _delta_r),
    "mt": Function(4, _transverse_mass),
    "phicent": Function(3, _phi_centrality),
    "etacent": Function(3, _eta_centrality),
}
