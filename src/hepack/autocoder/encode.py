"""`encode`: columns to bytes, through an autoencoder; with tolerances the promise is kept value by value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack._optional import require
from hepack.autocoder.coded import Bound, Bounds, Coded, Columns, best_precision, code, plainly, smaller
from hepack.autocoder.columns import CodedColumn, encode_exceptions, encode_plain, filled
from hepack.autocoder.frame import frame
from hepack.autocoder.latent import grid_bits
from hepack.codec.exceptions import special_values
from hepack.codec.network import NetworkOptions
from hepack.table import LOSSLESS, Tolerance

if TYPE_CHECKING:
    from hepack.models.normalise import Normaliser, Scale
    from hepack.training.trained import Trained

MIN_ROWS = 256
"""Below, no network is tried: its weights alone are larger than the columns."""
UNBOUNDED_LEVELS = 10


@dataclass(frozen=True, kw_only=True)
class Options(NetworkOptions):
    """How to make a network for a table. ``always`` stores the network even where the plain coders alone are
    smaller, to see what it costs."""

    always: bool = False


def encode(
    columns: Columns,
    tolerances: Mapping[str, Tolerance | str] | None = None,
    *,
    latent: int | None = None,
    periods: Mapping[str, float] | None = None,
    options: Options | None = None,
    model: Trained | Path | None = None,
) -> bytes:
    """Columns of equal length (numbers, shape ``(n,)``) to bytes.

    With ``tolerances`` (name -> tolerance; a column that is not named is kept bit for bit) every value comes
    back within its bound, and each column is coded as its residual about the network's prediction or plainly,
    whichever is smaller; if the network does not pay for its bytes it is left out. Without, the file is marked
    unbounded: it holds the latent and the decoder, and exactly only what the network cannot take: NaN,
    infinities, -0.0 and values beyond the range of its normalisation.

    ``periods`` names the angles, as in ``{"phi": 2 * pi}``: their error is the wrapped difference.

    ``model`` is a trained network for just these columns; without one, it is trained here.

    Raises:
        BadRequestError: the columns differ in length, or a tolerance names no column.
        MissingExtraError: torch is not installed.
    """
    _check(columns, [*(tolerances or ()), *(periods or ())])
    chosen = options or Options()
    if latent is not None:
        chosen = replace(chosen, latent=latent)
    count = len(next(iter(columns.values()))) if columns else 0
    bounds = None if tolerances is None else _bounds(columns, tolerances, periods or {})
    if count < MIN_ROWS and model is None:
        bounds = bounds or dict.fromkeys(columns, Bound(LOSSLESS))  # bit for bit is a bound as well
        return _file(columns, bounds, plainly(columns, bounds))
    trained = _model(columns, chosen, model)
    if bounds is None:
        return _unbounded(columns, trained)
    return _bounded(columns, bounds, trained, chosen.always)


def _check(columns: Columns, named: Sequence[str]) -> None:
    for name, values in columns.items():
        if values.ndim != 1 or values.dtype.kind not in "fiub" or values.dtype.byteorder == ">":
            raise BadRequestError(f"column '{name}' is {values.dtype}{values.shape}; it must be flat numbers")
    if len({len(values) for values in columns.values()}) > 1:
        raise BadRequestError("the columns differ in length; encode each collection of a file by itself")
    for name in named:
        if name not in columns:
            raise BadRequestError(f"there is no column '{name}'; there are {', '.join(columns)}")


def _bounds(
    columns: Columns, tolerances: Mapping[str, Tolerance | str], periods: Mapping[str, float]
) -> dict[str, Bound]:
    found = {}
    for name in columns:
        given = tolerances.get(name, LOSSLESS)
        tolerance = given if isinstance(given, Tolerance) else Tolerance.parse(given)
        found[name] = Bound(tolerance, periods.get(name))
    return found


def _matrix(columns: Columns) -> NDArray[np.float64]:
    return np.stack([values.astype(np.float64) for values in columns.values()], 1)


def _model(columns: Columns, options: Options, model: Trained | Path | None) -> Trained:
    require("torch", extra="train", purpose="the autoencoder codec")
    from hepack.training import trained as training

    if isinstance(model, Path):
        model = training.load(model)
    if model is None:
        from hepack.autocoder.learn import learn

        return learn(_matrix(columns), options)
    if model.model.architecture.inputs != len(columns) or (model.names and model.names != tuple(columns)):
        raise BadRequestError(f"the model is for the columns {model.names}, found {tuple(columns)}")
    return model


def _file(
    columns: Columns,
    bounds: Bounds | None,
    parts: Mapping[str, CodedColumn],
    coded: Coded | None = None,
    normaliser: Normaliser | None = None,
) -> bytes:
    """The bytes: ``parts`` are all columns as coded, beside a network or by themselves."""
    count = len(next(iter(columns.values()))) if columns else 0
    header: dict[str, Any] = {"rows": count, "bounded": bounds is not None, "network": None, "columns": []}
    sections: list[bytes] = []
    if coded is not None and normaliser is not None:
        header["network"] = {"net": coded.stored[0], "normaliser": normaliser.to_dict()}
        sections += coded.sections
    for name, part in parts.items():
        promise = "unbounded" if bounds is None else str(bounds[name].tolerance)
        entry = {"name": name, "dtype": columns[name].dtype.str, "tolerance": promise, **part.settings}
        header["columns"].append(entry)
        sections += part.sections
    return frame(header, sections)


def _unbounded(columns: Columns, trained: Trained) -> bytes:
    latent = trained.latent(_matrix(columns))
    coded = code(trained, latent, grid_bits(latent, UNBOUNDED_LEVELS), 16)
    scales = trained.normaliser.scales
    parts = {
        name: _beside(values, scale) for (name, values), scale in zip(columns.items(), scales, strict=True)
    }
    return _file(columns, None, parts, coded, trained.normaliser)


def _beside(values: NDArray[Any], scale: Scale) -> CodedColumn:
    """What an unbounded file stores beside the network: a column that never varies, and values beyond its reach."""
    ordinary = filled(values)
    if len(values) and (ordinary == ordinary[0]).all():
        return encode_plain(values, LOSSLESS)
    wrong = np.abs(scale.forward(values)) >= scale.limit
    special = special_values(values)
    if special is not None:
        wrong |= special
    parts = encode_exceptions(values, wrong) if wrong.any() else []
    return CodedColumn({"form": "network", "exceptions": int(wrong.sum())}, parts)


def _bounded(columns: Columns, bounds: Bounds, trained: Trained, always: bool) -> bytes:
    plain = plainly(columns, bounds)
    latent = trained.latent(_matrix(columns))
    levels, weight_bits = best_precision(columns, bounds, trained, latent, plain)
    coded = code(trained, latent, grid_bits(latent, levels), weight_bits)
    chosen = smaller(columns, bounds, coded, plain)
    total = sum(map(len, coded.sections)) + sum(part.nbytes for part in chosen.values())
    if total >= sum(part.nbytes for part in plain.values()) and not always:
        return _file(columns, bounds, plain)
    return _file(columns, bounds, chosen, coded, trained.normaliser)
