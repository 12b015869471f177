"""`Network`: a decoder net over hidden columns of a packed file, and what it predicts; docs/learned.md, "Networks"."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError
from hepack.autocoder.stored import net_from_sections, net_to_sections
from hepack.models.fixedpoint import FixedNet
from hepack.models.normalise import Normaliser
from hepack.relations import View
from hepack.table import Schema

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Network:
    """``net`` reads the integer columns ``latent`` of one axis and says where the float columns ``columns`` of that
    axis are about. Runs once for each view that asks."""

    latent: tuple[str, ...]
    columns: tuple[str, ...]
    net: FixedNet
    normaliser: Normaliser
    _kept: WeakKeyDictionary[View, Floats] = field(default_factory=WeakKeyDictionary, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def predict(self, view: View) -> Floats:
        """The predictions, shape ``(column, row)``."""
        with self._lock:  # several columns ask at once, in threads
            found = self._kept.get(view)
            if found is None:
                codes = np.stack([view.column(name) for name in self.latent], 1)
                with np.errstate(all="ignore"):  # the numbers of a file may be anything
                    found = np.ascontiguousarray(self.normaliser.inverse(self.net.run(codes)).T)
                self._kept[view] = found
        return found

    def prediction(self, column: str) -> NetPrediction:
        """What predicts one of ``columns``."""
        return NetPrediction(self, self.columns.index(column))

    def to_parts(self) -> tuple[dict[str, Any], list[bytes]]:
        """JSON, and the weights and biases."""
        net, sections = net_to_sections(self.net)
        scales = [[s.centre, s.width, s.knee, s.limit] for s in self.normaliser.scales]
        lengths = [len(section) for section in sections]
        names = {"latent": list(self.latent), "columns": list(self.columns)}
        return {**names, "net": net, "scales": scales, "lengths": lengths}, sections

    @classmethod
    def from_parts(cls, value: Any, body: bytes, schema: Schema) -> tuple[Network, bytes]:
        """Undo `to_parts`; also what of ``body`` is left behind the net.

        Raises:
            CorruptFileError, LimitError: no such network can stand over such a table.
        """
        try:
            latent, columns = tuple(value["latent"]), tuple(value["columns"])
            _check_names(latent, columns, schema)
            sections = _cut(body, value["lengths"])
            net = net_from_sections(value["net"], iter(sections))
            normaliser = _normaliser(value["scales"])
        except (KeyError, TypeError, ValueError, OverflowError, BadRequestError) as error:
            raise CorruptFileError(f"a network cannot be read: {str(error)[:200]}") from None
        if len(net.latent_bits) != len(latent) or not net.outputs == len(normaliser.scales) == len(columns):
            raise CorruptFileError("a network has another number of inputs or outputs than the file says")
        return cls(latent, columns, net, normaliser), body[sum(map(len, sections)) :]

    def predictor(self, value: Any, schema: Schema) -> NetPrediction:
        """Undo `NetPrediction.to_json`, as `hepack.learned.TableModel.from_parts` wants it.

        Raises:
            CorruptFileError: it names no output of the network.
        """
        match value:
            case [str(target), ["net", [int(place)]]] if (
                type(place) is int and 0 <= place < len(self.columns) and self.columns[place] == target
            ):
                return NetPrediction(self, place)
        raise CorruptFileError(f"a network predicts the impossible column {str(value)[:80]}")


@dataclass(frozen=True, eq=False)
class NetPrediction:
    """One output of a network; a `hepack.learned.Predictor`."""

    network: Network
    place: int

    @property
    def target(self) -> str:
        return self.network.columns[self.place]

    def needs(self, schema: Schema) -> set[tuple[str, str]]:
        return {("values", name) for name in self.network.latent}

    def predict(self, view: View) -> Floats:
        return np.asarray(self.network.predict(view)[self.place])

    def to_json(self) -> list[Any]:
        return [self.target, ["net", [self.place]]]

    def __str__(self) -> str:
        widths = [len(self.network.latent), *(w.weights.shape[1] for w in self.network.net.layers)]
        layers = "-".join(map(str, [*widths, len(self.network.columns)]))
        return f"{self.target} = autoencoder {layers}"


def _check_names(latent: tuple[Any, ...], columns: tuple[Any, ...], schema: Schema) -> None:
    found = [schema.by_name[name] for name in (*latent, *columns)]
    kinds = [v.dtype.str for v in found[: len(latent)]] + [v.dtype.kind for v in found[len(latent) :]]
    good = kinds == ["<i8"] * len(latent) + ["f"] * len(columns) and len({v.axis for v in found}) == 1
    if not good or any(v.shape for v in found) or len(set(latent + columns)) != len(found):
        raise CorruptFileError("a network stands over columns that it cannot read or predict")


def _cut(body: bytes, lengths: Any) -> list[bytes]:
    if not all(type(length) is int and length >= 0 for length in lengths) or sum(lengths) > len(body):
        raise CorruptFileError("a network reaches beyond its section")
    return list(_pieces(body, lengths))


def _pieces(body: bytes, lengths: list[int]) -> Iterator[bytes]:
    at = 0
    for length in lengths:
        yield body[at : at + length]
        at += length


def _normaliser(rows: Any) -> Normaliser:
    scales: list[Mapping[str, float]] = []
    for centre, width, knee, limit in rows:
        numbers = {"centre": centre, "width": width, "knee": knee, "limit": limit}
        if not all(type(x) in (int, float) and abs(x) <= sys.float_info.max for x in numbers.values()):
            raise CorruptFileError("the normalisation of a network has impossible numbers")
        scales.append(numbers)
    return Normaliser.from_dict({"way": "stored", "scales": scales})
