"""`fit_network`: an autoencoder for the float columns of one axis: trained, lowered, and each column about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hepack._optional import require
from hepack.autocoder.coded import Bound, best_precision, plainly
from hepack.autocoder.latent import codes_of, grid_bits
from hepack.autocoder.network import Network
from hepack.codec.choose import Chooser
from hepack.codec.item import Item, items_of
from hepack.codec.network import NetworkOptions
from hepack.codec.plan import hidden_variable, with_hidden
from hepack.fitting.draft import Drafter
from hepack.fitting.sample import sample_events
from hepack.learned import ItemModel
from hepack.relations import Bare
from hepack.relations.find.cost import measure, plain_cost
from hepack.table import EventTable, Schema, Variable

if TYPE_CHECKING:
    from hepack.models.normalise import Scale
    from hepack.training.trained import Trained

LEAST_ROWS = 256
"""Below, no network is tried: its weights alone are larger than the columns."""

MOST_ROWS = 1 << 16
UNBOUNDED = (10, 16)
"""Grid steps in a standard deviation of the latent (as a power of two) and bits of a weight, where nothing is bound."""


@dataclass(frozen=True, eq=False)
class Networked:
    """A network on ``axis`` with what encodes for it; ``items``: the columns that are coded about its outputs."""

    axis: str
    network: Network
    items: tuple[ItemModel, ...]
    encoder: Trained

    @property
    def hidden(self) -> tuple[Variable, ...]:
        """The columns that hold the latent."""
        return tuple(hidden_variable(self.axis, name) for name in self.network.latent)

    def codes(self, table: EventTable) -> dict[str, NDArray[np.int64]]:
        """The hidden columns of a block."""
        latent = self.encoder.latent(_matrix([table.columns[name] for name in self.network.columns]))
        codes = codes_of(latent, self.network.net.latent_bits)
        return {name: np.ascontiguousarray(codes[:, d]) for d, name in enumerate(self.network.latent)}

    @cached_property
    def nbytes(self) -> int:
        """About the bytes of the network in the file."""
        value, sections = self.network.to_parts()
        return len(str(value)) + sum(map(len, sections))


def fit_network(
    block: EventTable,
    axis: str,
    columns: Sequence[str],
    options: NetworkOptions,
    *,
    events: int,
    chooser: Chooser,
) -> Networked | None:
    """The network of ``columns`` (single floats on ``axis``), learned from a block, to be used for ``events`` events.

    Columns without a bound are what the network says of them; others are coded about that where it is smaller, and
    where all are bound and the network does not pay for its bytes there is none. None too for very few rows.

    Raises:
        MissingExtraError: torch is not installed.
    """
    if block.length(axis) < LEAST_ROWS:
        return None
    require("torch", extra="train", purpose="the autoencoder codec")
    part = sample_events(block, events=MOST_ROWS, objects=MOST_ROWS)
    if part.length(axis) < LEAST_ROWS:
        part = block
    return _Fit(part, axis, tuple(columns), options, events, chooser).run()


@dataclass(frozen=True, eq=False)
class _Fit:
    part: EventTable
    axis: str
    columns: tuple[str, ...]
    options: NetworkOptions
    events: int
    chooser: Chooser

    def run(self) -> Networked | None:
        from hepack.autocoder.learn import learn
        from hepack.models.lowering import lower_decoder

        values = [self.part.columns[name] for name in self.columns]
        trained = learn(_matrix(values), self.options)
        latent = trained.latent(_matrix(values))
        levels, weight_bits = self._precision(trained, latent)
        net = lower_decoder(trained.model, grid_bits(latent, levels), weight_bits=weight_bits)
        network = Network(self._names(len(net.latent_bits)), self.columns, net, trained.normaliser)
        found = Networked(self.axis, network, (), trained)
        return self._with_items(replace(found, network=self._stored(found)))

    def _stored(self, found: Networked) -> Network:
        """The network as a reader will have it: what is checked while packing is what was stored."""
        value, sections = found.network.to_parts()
        schema = with_hidden(self.part.schema, found.hidden)
        return Network.from_parts(value, b"".join(sections), schema)[0]

    def _names(self, count: int) -> tuple[str, ...]:
        """Names for the hidden columns that no variable has."""
        taken = self.part.schema.by_name
        stem = f"latent of {self.axis}" if self.axis else "latent"
        while any(f"{stem} {d}" in taken for d in range(count)):
            stem += "_"
        return tuple(f"{stem} {d}" for d in range(count))

    def _bounded(self) -> list[Variable]:
        chosen = (self.part.schema.by_name[name] for name in self.columns)
        return [variable for variable in chosen if variable.tolerance.is_bounded]

    def _precision(self, trained: Trained, latent: NDArray[np.float32]) -> tuple[int, int]:
        bounded = self._bounded()
        if len(bounded) < len(self.columns):
            return UNBOUNDED
        columns = {v.name: self.part.columns[v.name] for v in bounded}
        bounds = {v.name: Bound(v.tolerance, v.period) for v in bounded}
        return best_precision(columns, bounds, trained, latent, plainly(columns, bounds))

    def _with_items(self, found: Networked) -> Networked | None:
        table = with_latents(self.part, (found,))
        drafter = Drafter(table, table, self.chooser, MOST_ROWS)
        items = {item.name: item for item in items_of(table.schema) if item.role == "values"}
        scales = dict(zip(self.columns, found.network.normaliser.scales, strict=True))
        chosen: list[ItemModel] = []
        saved = 0.0
        for name in self.columns:
            model, plain = self._item(items[name], found, drafter, scales[name])
            if model is not None:
                chosen.append(model)
                saved += plain - model.bits
        if not any(not self.part.schema.by_name[item.name].tolerance.is_bounded for item in chosen):
            spent = sum(drafter.draft(items[v.name], None).plain_bits for v in found.hidden)
            rows = table.length(self.axis) * self.events / max(1, len(self.part))
            if rows * (saved - spent) <= 8 * found.nbytes:
                return None
        return replace(found, items=tuple(chosen))

    def _item(
        self, item: Item, found: Networked, drafter: Drafter, scale: Scale
    ) -> tuple[ItemModel | None, float]:
        """How a column is coded about the network, None where it is smaller by itself; what it costs by itself."""
        values = self.part.columns[item.name]
        predictor = found.network.prediction(item.name)
        if not item.variable.tolerance.is_bounded:
            draft = drafter.about(item, predictor, _bare(values, scale))
            return replace(draft.model, plain_bits=draft.plain_bits, bits=draft.bits), draft.plain_bits
        cost = plain_cost(item.variable, values)
        if not cost.options:
            return None, 0.0
        centred = measure(item.variable, values, predictor.predict(drafter.view), cost).centred
        draft = drafter.about(item, predictor, centred)
        if draft.bits >= draft.plain_bits:
            return None, draft.plain_bits
        return replace(draft.model, plain_bits=draft.plain_bits, bits=draft.bits), draft.plain_bits


def with_latents(table: EventTable, networks: Sequence[Networked]) -> EventTable:
    """The table with the hidden columns of its networks behind its own."""
    if not networks:
        return table
    columns: dict[str, NDArray[Any]] = dict(table.columns)
    schema: Schema = table.schema
    for networked in networks:
        schema = with_hidden(schema, networked.hidden)
        columns |= networked.codes(table)
    return EventTable(schema, table.n_events, table.offsets, columns)


def _matrix(columns: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # signalling NaN
        return np.stack([values.astype(np.float64) for values in columns], 1)


def _bare(values: NDArray[Any], scale: Scale) -> Bare:
    """The range that a column has and the normalisation reaches; what is outside, a network cannot say."""
    good = values[np.isfinite(values) & (np.abs(scale.forward(values)) < scale.limit)]
    return Bare(float(good.min()), float(good.max())) if len(good) else Bare(0.0, 0.0)
