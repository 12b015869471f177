"""A table coded through a network: latent, prediction, and each column about it or plainly; how precisely, by size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hepack.autocoder.columns import CodedColumn, encode_exceptions, encode_plain, filled
from hepack.autocoder.integers import pack_integers
from hepack.autocoder.latent import codes_of, grid_bits, pack_codes
from hepack.autocoder.residual import Residual
from hepack.autocoder.stored import net_to_sections
from hepack.models.fixedpoint import FixedNet
from hepack.table import Tolerance

if TYPE_CHECKING:
    from hepack.training.trained import Trained

Columns = Mapping[str, NDArray[Any]]
SEARCH_ROWS = 20000


@dataclass(frozen=True)
class Bound:
    """What is promised of a column; ``period`` of an angle, whose error is the wrapped difference."""

    tolerance: Tolerance
    period: float | None = None


Bounds = Mapping[str, Bound]


@dataclass(frozen=True, eq=False)
class Coded:
    """A network's part of the file, and what it predicts for each numeric column."""

    net: FixedNet
    codes: NDArray[np.int64]
    prediction: NDArray[np.float64]

    @cached_property
    def stored(self) -> tuple[dict[str, Any], list[bytes]]:
        """The net's part of the header, and its sections."""
        return net_to_sections(self.net)

    @cached_property
    def sections(self) -> list[bytes]:
        return [*self.stored[1], *pack_codes(self.codes)]


def code(trained: Trained, latent: NDArray[np.float32], bits: tuple[int, ...], weight_bits: int) -> Coded:
    """Latent codes and predictions, with weights of ``weight_bits`` bits."""
    from hepack.models.lowering import lower_decoder

    net = lower_decoder(trained.model, bits, weight_bits=weight_bits)
    codes = codes_of(latent, bits)
    return Coded(net, codes, trained.normaliser.inverse(net.run(codes)))


def plainly(columns: Columns, bounds: Bounds) -> dict[str, CodedColumn]:
    """Every column without a network."""
    return {name: encode_plain(values, bounds[name].tolerance) for name, values in columns.items()}


def best_precision(
    columns: Columns,
    bounds: Bounds,
    trained: Trained,
    latent: NDArray[np.float32],
    plain: Mapping[str, CodedColumn],
) -> tuple[int, int]:
    """The latent's levels per standard deviation (as a power of 2) and the bits of weights: by size on a sample."""
    count = len(latent)
    step = max(1, count // SEARCH_ROWS)
    part = {name: values[::step] for name, values in columns.items()}
    sampled = plainly(part, bounds) if step > 1 else plain
    growth = count / max(1, len(latent[::step]))

    @cache
    def cost(levels: int, weight_bits: int) -> float:
        coded = code(trained, latent[::step], grid_bits(latent, levels), weight_bits)
        chosen = smaller(part, bounds, coded, sampled)
        weights = sum(map(len, coded.stored[1]))
        moving = sum(map(len, coded.sections)) - weights + sum(c.nbytes for c in chosen.values())
        return weights + growth * moving

    levels = min((2, 4, 6, 8, 10, 12), key=lambda value: cost(value, 12))
    return levels, min((8, 10, 12, 16), key=lambda value: cost(levels, value))


def smaller(
    columns: Columns, bounds: Bounds, coded: Coded, plain: Mapping[str, CodedColumn]
) -> dict[str, CodedColumn]:
    """Each column about its prediction or plainly."""
    chosen = {}
    for place, (name, values) in enumerate(columns.items()):
        about = about_network(values, bounds[name], coded.prediction[:, place])
        chosen[name] = about if about.nbytes < plain[name].nbytes else plain[name]
    return chosen


def about_network(values: NDArray[Any], bound: Bound, prediction: NDArray[np.float64]) -> CodedColumn:
    """A column as its residual about the prediction, what breaks the bound stored exactly."""
    ordinary = filled(values)
    residual = Residual.for_column(ordinary, bound.tolerance, bound.period)
    steps = residual.forward(ordinary, prediction)
    restored = residual.inverse(steps, prediction, values.dtype)
    wrong = bound.tolerance.violated(values, restored, period=bound.period)
    steps[wrong] = 0
    sections = [pack_integers(steps)]
    if wrong.any():
        sections += encode_exceptions(values, wrong)
    settings = {
        "form": "residual",
        "residual": residual.to_list(),
        "exceptions": int(wrong.sum()),
    }
    return CodedColumn(settings, sections)
