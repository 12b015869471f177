"""`decode` and `describe`: bytes of `hepack.autocoder.encode` to columns, with NumPy alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError, LimitError
from hepack.autocoder.columns import decode_exceptions, decode_plain
from hepack.autocoder.frame import unframe
from hepack.autocoder.integers import unpack_integers
from hepack.autocoder.residual import Residual
from hepack.autocoder.stored import net_from_sections
from hepack.container import MAX_VALUES
from hepack.models.normalise import Normaliser

MAX_COLUMNS = 4096


@dataclass(frozen=True)
class Description:
    """What an encoded table says of itself. ``bounded`` is False where values may be anywhere: the latent of
    an autoencoder without residuals. ``columns`` maps each to its tolerance."""

    rows: int
    bounded: bool
    latent: int
    columns: Mapping[str, str]


def describe(data: bytes) -> Description:
    """Read the header only.

    Raises:
        CorruptFileError: the bytes are damaged.
    """
    header, _ = unframe(data)
    rows, entries = _checked(header)
    network = header.get("network")
    try:
        latent = len(network["net"]["latent_bits"]) if network else 0
        columns = {str(entry["name"]): str(entry["tolerance"]) for entry in entries}
    except (KeyError, TypeError) as error:
        raise CorruptFileError(f"the header of the table cannot be read: {error}") from None
    return Description(rows, bool(header.get("bounded")), latent, columns)


def decode(data: bytes) -> dict[str, NDArray[Any]]:
    """The columns by name, the same bits on every machine.

    Raises:
        CorruptFileError: the bytes are damaged.
        LimitError: a length is over its cap.
    """
    header, parts = unframe(data)
    rows, entries = _checked(header)
    sections = iter(parts)
    network = header.get("network")
    prediction = None if network is None else _prediction(network, sections, rows, len(entries))
    columns = {}
    for place, entry in enumerate(entries):
        about = None if prediction is None else prediction[:, place]
        columns[str(entry["name"])] = _column(entry, sections, rows, about)
    if next(sections, None) is not None:
        raise CorruptFileError("the table has more sections than its header explains")
    return columns


def _checked(header: Mapping[str, Any]) -> tuple[int, list[dict[str, Any]]]:
    rows, entries = header.get("rows"), header.get("columns")
    if (
        type(rows) is not int
        or not isinstance(entries, list)
        or not all(isinstance(e, dict) for e in entries)
    ):
        raise CorruptFileError("the header of the table cannot be read")
    if not 0 <= rows <= MAX_VALUES or len(entries) > MAX_COLUMNS:
        raise LimitError(f"the table claims {rows} rows and {len(entries)} columns, over the cap")
    return rows, entries


def _prediction(network: Any, sections: Iterator[bytes], rows: int, width: int) -> NDArray[np.float64]:
    try:
        net = net_from_sections(network["net"], sections)
        normaliser = Normaliser.from_dict(network["normaliser"])
    except (KeyError, TypeError, BadRequestError) as error:
        raise CorruptFileError(f"the network of the table cannot be read: {error}") from None
    if net.outputs != width or len(normaliser.scales) != width:
        raise CorruptFileError(f"the network predicts {net.outputs} columns, the table has {width}")
    if rows * max(width, len(net.latent_bits)) > MAX_VALUES:
        raise LimitError(f"the table claims {rows} rows of {width} predictions, over the cap")
    codes = [unpack_integers(next(sections, b""), rows) for _ in net.latent_bits]
    return normaliser.inverse(net.run(np.stack(codes, 1)))


def _column(
    entry: Mapping[str, Any], sections: Iterator[bytes], rows: int, prediction: NDArray[np.float64] | None
) -> NDArray[Any]:
    try:
        dtype, form, exceptions = np.dtype(str(entry["dtype"])), entry["form"], int(entry["exceptions"])
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(f"the description of a column cannot be read: {error}") from None
    if dtype.kind not in "fiub" or dtype.itemsize > 8 or dtype.names is not None:
        raise CorruptFileError(f"a column has the impossible dtype {dtype}")
    if form == "plain":
        return decode_plain(dict(entry), sections, rows, dtype)
    if prediction is None or form not in ("residual", "network"):
        raise CorruptFileError(f"a column has the impossible form {form}")
    residual, steps = Residual("bits", 0), np.zeros(rows, np.int64)
    if form == "residual":
        residual = _residual(entry)
        steps = unpack_integers(next(sections, b""), rows)
    restored = np.array(residual.inverse(steps, prediction, dtype))
    return decode_exceptions(restored, exceptions, sections) if exceptions else restored


def _residual(entry: Mapping[str, Any]) -> Residual:
    try:
        form, *numbers = entry["residual"]
        if len(numbers) not in (1, 4):
            raise ValueError("a residual has one number, or four")
        return Residual(str(form), *map(float, numbers))
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFileError(f"the residual of a column cannot be read: {error}") from None
