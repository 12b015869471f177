"""What a column costs, by itself and given a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.relations.centred import Centred, centred_candidates
from hepack.table import Variable
from hepack.transforms import Symbols, Transform, candidates, estimate_bits, sentinels

SPECIAL_BITS = 12.0
"""A NaN or infinity, or a value that a map misses, costs at least this much."""


@dataclass(frozen=True)
class Cost:
    """Of one column on a sample: ``bits`` in all, the maps worth trying, what the best of them gives back.

    ``spikes`` are sentinels, which come back exactly in any case.
    """

    bits: float
    options: list[Transform]
    restored: NDArray[Any]
    spikes: NDArray[Any]


@dataclass(frozen=True)
class Measured:
    """Of one column given a prediction."""

    bits: float
    centred: Centred
    restored: NDArray[Any]


def plain_cost(variable: Variable, values: NDArray[Any]) -> Cost:
    """The cost of a column by the best plain map."""
    none = values[:0]
    ordinary = values[~_special(values)]
    if not len(ordinary):
        return Cost(0.0, [], values, none)
    best: tuple[float, NDArray[Any], NDArray[Any]] | None = None
    options = candidates(variable, ordinary, ordinary)
    for option in options:
        bits, restored, spikes = _by(option, variable, values)
        if best is None or bits < best[0]:
            best = bits, restored, spikes
    assert best is not None
    return Cost(best[0], options, best[1], best[2])


def _by(
    option: Transform, variable: Variable, values: NDArray[Any]
) -> tuple[float, NDArray[Any], NDArray[Any]]:
    spikes = values[:0]
    special = _special(values)
    if not variable.tolerance.is_lossless:
        spikes = sentinels(values[~special], lambda part: option.inverse(option.forward(part), values.dtype))
        special |= np.isin(values, spikes)
    ordinary = values[~special]
    symbols = option.forward(ordinary)
    back = option.inverse(symbols, values.dtype)
    bits = symbol_bits(symbols) + sum(32.0 * len(table) for table in option.tables())
    bits += _missed(variable, ordinary, back) + _class_bits(values, special)
    return bits, _patched(values, ~special, back, variable), spikes


def measure(variable: Variable, values: NDArray[Any], predicted: NDArray[Any], plain: Cost) -> Measured:
    """The cost of a column by the best centred map."""
    special = _special(values)
    if len(plain.spikes):  # a sentinel that is predicted is like any other value
        special |= np.isin(values, plain.spikes) & (predicted != values)
    keep = ~special
    ordinary, centre = (values[keep], predicted[keep]) if special.any() else (values, predicted)
    best: tuple[float, Centred, NDArray[Any]] | None = None
    for option in centred_candidates(variable, plain.options):
        symbols = option.forward(ordinary, centre)
        back = option.inverse(symbols, centre, values.dtype)
        bits = symbol_bits(symbols) + _missed(variable, ordinary, back)
        if best is None or bits < best[0]:
            best = bits, option, back
    assert best is not None
    restored = _patched(values, keep, best[2], variable)
    return Measured(best[0] + _class_bits(values, special), best[1], restored)


def _patched(
    values: NDArray[Any], keep: NDArray[np.bool_], back: NDArray[Any], variable: Variable
) -> NDArray[Any]:
    """The column as a decoder has it: what a map gives back, and what it misses stored exactly."""
    ordinary = values[keep]
    wrong = variable.tolerance.violated(ordinary, back, period=variable.period)
    restored = values.copy()
    restored[keep] = np.where(wrong, ordinary, back)
    return restored


def _special(values: NDArray[Any]) -> NDArray[np.bool_]:
    if values.dtype.kind != "f":
        return np.zeros(len(values), np.bool_)
    return np.asarray(~np.isfinite(values) | ((values == 0) & np.signbit(values)))


def _class_bits(values: NDArray[Any], special: NDArray[np.bool_]) -> float:
    """To say for each value which special one it is, if any."""
    inside = int(special.sum())
    if not inside:
        return 0.0
    _, counts = np.unique(values[special], return_counts=True)
    counts = np.append(counts, len(values) - inside)
    share = counts[counts > 0] / len(values)
    return -len(values) * float((share * np.log2(share)).sum()) + 8.0 * values.dtype.itemsize * (
        len(counts) - 1
    )


def _missed(variable: Variable, values: NDArray[Any], back: NDArray[Any]) -> float:
    """Exceptions: their places and their bits."""
    wrong = int(variable.tolerance.violated(values, back, period=variable.period).sum())
    return wrong * (SPECIAL_BITS + 8.0 * values.dtype.itemsize)


def symbol_bits(symbols: Symbols) -> float:
    """Bits for all the symbols: the better of the quick estimate and an adaptive code of magnitudes."""
    if not len(symbols):
        return 0.0
    middle = np.sort(symbols)[len(symbols) // 2]
    return max(min(estimate_bits(symbols), _magnitude_bits(symbols - middle), _magnitude_bits(symbols)), 0.0)


def _magnitude_bits(symbols: Symbols) -> float:
    """Sign and length of the binary form by an adaptive code, the other bits as they are.

    Magnitudes below 16 have classes of their own.
    """
    size = np.abs(symbols).astype(np.float64)
    _, length = np.frexp(size)
    code = np.where(size < 16, size, length + 12).astype(np.int64)
    code = code * 2 + (symbols < 0)
    counts = np.bincount(code, minlength=160)
    total = len(symbols)
    used = counts[counts > 0].astype(np.float64)
    # Krichevsky-Trofimov, roughly: half of log2(n) for each class that occurs, and its name
    entropy = float(-(used * np.log2(used / total)).sum()) + len(used) * (0.5 * float(np.log2(total)) + 2.0)
    return entropy + float(np.where(size < 16, 0, length - 1).sum())
