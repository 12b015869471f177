"""`encode`: columns to bytes, through an autoencoder; with tolerances the promise is kept value by value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack._optional import require
from hepack.autocoder.columns import CodedColumn, encode_exceptions, encode_plain, filled
from hepack.autocoder.frame import frame
from hepack.autocoder.integers import pack_integers
from hepack.autocoder.latent import codes_of, grid_bits, pack_codes
from hepack.autocoder.residual import Residual
from hepack.autocoder.stored import net_to_sections
from hepack.codec.exceptions import special_values
from hepack.models.fixedpoint import FixedNet
from hepack.table import LOSSLESS, Tolerance

if TYPE_CHECKING:
    from hepack.models.normalise import Normaliser, Scale
    from hepack.training.trained import Trained

Columns = Mapping[str, NDArray[Any]]
MIN_ROWS = 256
"""Below, no network is tried: its weights alone are larger than the columns."""
UNBOUNDED_LEVELS = 10
SEARCH_ROWS = 20000


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to make a network for a table: hidden ``layers`` as `hepack.models.architecture.parse_layers` reads
    them, without the latent, which ``latent`` gives; the rest as in `hepack.training.epochs.Settings`.
    ``always`` stores the network even where the plain coders alone are smaller, to see what it costs."""

    latent: int = 3
    hidden: tuple[int, ...] = (64, 64)
    activation: str = "leaky-relu"
    normalisation: str = "response"
    loss: str = "mse"
    epochs: int = 20
    batch: int = 512
    seed: int = 1
    seconds: float = 120.0
    always: bool = False


@dataclass(frozen=True, eq=False)
class _Coded:
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


def encode(
    columns: Columns,
    tolerances: Mapping[str, Tolerance | str] | None = None,
    *,
    latent: int | None = None,
    options: Options | None = None,
    model: Trained | Path | None = None,
) -> bytes:
    """Columns of equal length (numbers, shape ``(n,)``) to bytes.

    With ``tolerances`` (name -> tolerance; a column that is not named is kept bit for bit) every value comes
    back within its bound, and each column is coded as its residual about the network's prediction or plainly,
    whichever is smaller; if the network does not pay for its bytes it is left out. Without, the file is marked
    unbounded: it holds the latent and the decoder, and exactly only what the network cannot take: NaN,
    infinities, -0.0 and values beyond the range of its normalisation.

    ``model`` is a trained network for just these columns; without one, it is trained here.

    Raises:
        BadRequestError: the columns differ in length, or a tolerance names no column.
        MissingExtraError: torch is not installed.
    """
    _check(columns, tolerances)
    chosen = options or Options()
    if latent is not None:
        chosen = replace(chosen, latent=latent)
    count = len(next(iter(columns.values()))) if columns else 0
    bounds = None if tolerances is None else _bounds(columns, tolerances)
    if count < MIN_ROWS and model is None:
        bounds = bounds or dict.fromkeys(columns, LOSSLESS)  # bit for bit is a bound as well
        return _file(columns, bounds, _plainly(columns, bounds))
    trained = _model(columns, chosen, model)
    if bounds is None:
        return _unbounded(columns, trained)
    return _bounded(columns, bounds, trained, chosen.always)


def _check(columns: Columns, tolerances: Mapping[str, Tolerance | str] | None) -> None:
    for name, values in columns.items():
        if values.ndim != 1 or values.dtype.kind not in "fiub" or values.dtype.byteorder == ">":
            raise BadRequestError(f"column '{name}' is {values.dtype}{values.shape}; it must be flat numbers")
    if len({len(values) for values in columns.values()}) > 1:
        raise BadRequestError("the columns differ in length; encode each collection of a file by itself")
    for name in tolerances or ():
        if name not in columns:
            raise BadRequestError(f"there is no column '{name}'; there are {', '.join(columns)}")


def _bounds(columns: Columns, tolerances: Mapping[str, Tolerance | str]) -> dict[str, Tolerance]:
    found = {}
    for name in columns:
        given = tolerances.get(name, LOSSLESS)
        found[name] = given if isinstance(given, Tolerance) else Tolerance.parse(given)
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
    bounds: Mapping[str, Tolerance] | None,
    parts: Mapping[str, CodedColumn],
    coded: _Coded | None = None,
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
        promise = "unbounded" if bounds is None else str(bounds[name])
        entry = {"name": name, "dtype": columns[name].dtype.str, "tolerance": promise, **part.settings}
        header["columns"].append(entry)
        sections += part.sections
    return frame(header, sections)


def _plainly(columns: Columns, bounds: Mapping[str, Tolerance]) -> dict[str, CodedColumn]:
    return {name: encode_plain(values, bounds[name]) for name, values in columns.items()}


def _unbounded(columns: Columns, trained: Trained) -> bytes:
    latent = trained.latent(_matrix(columns))
    coded = _code(trained, latent, grid_bits(latent, UNBOUNDED_LEVELS), 16)
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


def _code(trained: Trained, latent: NDArray[np.float32], bits: tuple[int, ...], weight_bits: int) -> _Coded:
    from hepack.models.lowering import lower_decoder

    net = lower_decoder(trained.model, bits, weight_bits=weight_bits)
    codes = codes_of(latent, bits)
    return _Coded(net, codes, trained.normaliser.inverse(net.run(codes)))


def _bounded(columns: Columns, bounds: Mapping[str, Tolerance], trained: Trained, always: bool) -> bytes:
    plain = _plainly(columns, bounds)
    latent = trained.latent(_matrix(columns))
    levels, weight_bits = _best_precision(columns, bounds, trained, latent, plain)
    coded = _code(trained, latent, grid_bits(latent, levels), weight_bits)
    chosen = _smaller(columns, bounds, coded, plain)
    total = sum(map(len, coded.sections)) + sum(part.nbytes for part in chosen.values())
    if total >= sum(part.nbytes for part in plain.values()) and not always:
        return _file(columns, bounds, plain)
    return _file(columns, bounds, chosen, coded, trained.normaliser)


def _best_precision(
    columns: Columns,
    bounds: Mapping[str, Tolerance],
    trained: Trained,
    latent: NDArray[np.float32],
    plain: Mapping[str, CodedColumn],
) -> tuple[int, int]:
    """The latent's levels per standard deviation (as a power of 2) and the bits of weights: by size on a sample."""
    count = len(latent)
    step = max(1, count // SEARCH_ROWS)
    part = {name: values[::step] for name, values in columns.items()}
    sampled = _plainly(part, bounds) if step > 1 else plain
    growth = count / max(1, len(latent[::step]))

    @cache
    def cost(levels: int, weight_bits: int) -> float:
        coded = _code(trained, latent[::step], grid_bits(latent, levels), weight_bits)
        chosen = _smaller(part, bounds, coded, sampled)
        weights = sum(map(len, coded.stored[1]))
        moving = sum(map(len, coded.sections)) - weights + sum(c.nbytes for c in chosen.values())
        return weights + growth * moving

    levels = min((2, 4, 6, 8, 10, 12), key=lambda value: cost(value, 12))
    return levels, min((8, 10, 12, 16), key=lambda value: cost(levels, value))


def _smaller(
    columns: Columns, bounds: Mapping[str, Tolerance], coded: _Coded, plain: Mapping[str, CodedColumn]
) -> dict[str, CodedColumn]:
    """Each column about its prediction or plainly."""
    chosen = {}
    for place, (name, values) in enumerate(columns.items()):
        about = _about(values, bounds[name], coded.prediction[:, place])
        chosen[name] = about if about.nbytes < plain[name].nbytes else plain[name]
    return chosen


def _about(values: NDArray[Any], bound: Tolerance, prediction: NDArray[np.float64]) -> CodedColumn:
    ordinary = filled(values)
    residual = Residual.for_column(ordinary, bound)
    steps = residual.forward(ordinary, prediction)
    restored = residual.inverse(steps, prediction, values.dtype)
    wrong = bound.violated(values, restored)
    steps[wrong] = 0
    sections = [pack_integers(steps)]
    if wrong.any():
        sections += encode_exceptions(values, wrong)
    settings = {
        "form": "residual",
        "residual": [residual.form, residual.width],
        "exceptions": int(wrong.sum()),
    }
    return CodedColumn(settings, sections)
