"""Codecs that were made for one sample of events, and code others: by plain coders, a learned model, autoencoders.

What belongs to the codec itself (models, networks) costs nothing here: it is made once, and reused.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hepack.archive.models import model_size
from hepack.autocoder import decode, encode
from hepack.autocoder.encode import Options
from hepack.autocoder.frame import unframe
from hepack.codec.block import EncodedBlock, encode_block
from hepack.codec.blockreader import BlockReader
from hepack.codec.choose import Chooser
from hepack.fitting import CAMPAIGN, CAMPAIGN_EVENTS, fit_table
from hepack.learned import TableModel
from hepack.table import EventTable, Schema

if TYPE_CHECKING:
    from hepack.training.trained import Trained

Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Coded:
    """``nbytes`` of the columns with the lengths of collections, and the columns as they come back."""

    nbytes: float
    columns: Columns


class Codec(Protocol):
    """``promises``: whether every value comes back within its tolerance."""

    @property
    def name(self) -> str: ...

    @property
    def promises(self) -> bool: ...

    def code(self, table: EventTable) -> Coded:
        """There and back; the tolerances are those of the table's schema."""
        ...


@dataclass(frozen=True, eq=False)
class PlainCoders:
    """Every column by itself, as `hepack pack` does where nothing is learned."""

    pool: Executor
    name: str = "plain coders"
    promises: bool = True

    def code(self, table: EventTable) -> Coded:
        return _there_and_back(table, self.pool, None)


@dataclass(frozen=True, eq=False)
class ModelAlone:
    """The learned model as it is, for all columns that it knows."""

    model: TableModel
    pool: Executor
    name: str = "learned, background's model"
    promises: bool = True

    def code(self, table: EventTable) -> Coded:
        return _there_and_back(table, self.pool, self.model)


@dataclass(frozen=True, eq=False)
class ModelChosen:
    """What ``hepack pack --model`` does: columns for which the model does not pay are learned anew, and that counts."""

    model: TableModel
    pool: Executor
    name: str = "learned, pack --model"
    promises: bool = True

    def code(self, table: EventTable) -> Coded:
        fitted = fit_table(table, events=len(table), chooser=Chooser(), executor=self.pool, given=self.model)
        found = _there_and_back(table, self.pool, fitted.model)
        own = model_size(fitted.own) if fitted.own.items else 0
        return Coded(found.nbytes + own, found.columns)


def learned_model(background: EventTable, pool: Executor) -> TableModel:
    """What ``hepack fit`` learns."""
    fitted = fit_table(background, events=CAMPAIGN_EVENTS, chooser=Chooser(), executor=pool, options=CAMPAIGN)
    return fitted.own


@dataclass(frozen=True, eq=False)
class Autoencoders:
    """Networks of the background by axis, each with its columns; all other columns by plain coders.

    With ``promises`` residuals are coded as well, else the latent stands for the columns.
    """

    networks: Mapping[str, tuple[tuple[str, ...], Trained]]
    promises: bool
    pool: Executor

    @property
    def name(self) -> str:
        return "autoencoder, bounded" if self.promises else "autoencoder, unbounded"

    def code(self, table: EventTable) -> Coded:
        bare = encode_block(table, Chooser(), self.pool)
        costs = {key: stored for key, (_, stored) in bare.item_bytes.items()}
        columns = dict(table.columns)
        total = 0.0
        for names, trained in self.networks.values():
            size, back = self._group({name: table.columns[name] for name in names}, table.schema, trained)
            total += size
            columns |= back
            for name in names:
                costs.pop(("values", name))
        plain = _decoded(table.schema, bare, None).columns
        columns |= {name: plain[name] for role, name in costs if role == "values"}
        return Coded(total + sum(costs.values()), columns)

    def _group(self, given: Columns, schema: Schema, trained: Trained) -> tuple[float, Columns]:
        variables = [schema.by_name[name] for name in given]
        bounds = {v.name: v.tolerance for v in variables} if self.promises else None
        periods = {v.name: v.period for v in variables if v.period is not None} if self.promises else None
        if not len(next(iter(given.values()))):
            return 0.0, given
        data = encode(given, bounds, periods=periods, model=trained, options=Options(always=True))
        header, sections = unframe(data)
        weights = 2 * len(header["network"]["net"]["layers"])  # weights and biases of each come first
        return float(sum(map(len, sections[weights:]))), decode(data)


def learned_networks(background: EventTable, options: Options) -> dict[str, tuple[tuple[str, ...], Trained]]:
    """Autoencoders of the float columns of every axis that has more of them than the latent.

    Raises:
        MissingExtraError: torch is not installed.
    """
    from hepack.autocoder.learn import learn

    found = {}
    for axis, variables in options.groups(background.schema).items():
        names = tuple(v.name for v in variables)
        if background.length(axis) >= options.batch:
            matrix = np.stack([background.columns[name].astype(np.float64) for name in names], axis=1)
            found[axis] = (names, learn(matrix, options))
    return found


def _there_and_back(table: EventTable, pool: Executor, model: TableModel | None) -> Coded:
    encoded = encode_block(table, Chooser(), pool, model)
    total = sum(stored for _, stored in encoded.item_bytes.values())
    return Coded(total, _decoded(table.schema, encoded, model).columns)


def _decoded(schema: Schema, encoded: EncodedBlock, model: TableModel | None) -> EventTable:
    body = b"".join(encoded.body)
    header = {"t": 0, "i": 0, **encoded.header}
    return BlockReader(schema, header, lambda start, length: body[start : start + length], model).table()
