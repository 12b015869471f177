"""`TableNetworks`: the autoencoders of a table, found before its plan is written, and their sections in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from hepack.archive.models import write_network
from hepack.codec.choose import Chooser
from hepack.codec.network import NetworkOptions
from hepack.codec.recipe import Recipe
from hepack.container import ArchiveWriter
from hepack.fitting.network import Networked, fit_network, with_latents
from hepack.io import Source
from hepack.learned import TableModel
from hepack.table import LOSSLESS, EventTable, Schema, Variable, split_schema, split_table, splittable
from hepack.table.split import component_names


@dataclass(frozen=True, eq=False)
class TableNetworks:
    """``schema``: the table's tolerances, unbounded only where a network stands in for a column. ``notes``: why
    there is none where one was asked for."""

    schema: Schema
    networks: tuple[Networked, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def hidden(self) -> tuple[Variable, ...]:
        return tuple(chain.from_iterable(networked.hidden for networked in self.networks))

    def extended(self, block: EventTable) -> EventTable:
        """A block, split, with the hidden columns."""
        return with_latents(block, self.networks)

    def model(self, schema: Schema) -> TableModel:
        """The items that the networks predict."""
        return TableModel(schema, tuple(chain.from_iterable(each.items for each in self.networks)))

    def write(self, writer: ArchiveWriter, number: int, *, copy: bool = False) -> None:
        """Append a section for each network."""
        for place, each in enumerate(self.networks):
            items = TableModel(self.schema, each.items)
            write_network(writer, (number, place), each.network, items, copy=copy)

    @property
    def nbytes(self) -> int:
        """About the bytes of their sections."""
        return sum(networked.nbytes for networked in self.networks)


def find_networks(opened: Source, schemas: Sequence[Schema], recipe: Recipe) -> list[TableNetworks]:
    """The autoencoders that a recipe asks for, fitted to the first block of each table."""
    if recipe.network is None:
        return [TableNetworks(schema) for schema in schemas]
    return [_find(opened, number, schema, recipe, recipe.network) for number, schema in enumerate(schemas)]


def _find(
    opened: Source, number: int, schema: Schema, recipe: Recipe, options: NetworkOptions
) -> TableNetworks:
    groups = options.groups(schema)
    first = next(opened.blocks(number, max_bytes=recipe.block_bytes), None) if groups else None
    networks: list[Networked] = []
    notes: list[str] = []
    if first is not None:
        coded = split_schema(schema, splittable(schema))
        block = split_table(replace(first, schema=schema), coded)
        chooser = Chooser(effort=recipe.effort)
        for axis, variables in groups.items():
            columns = [name for v in variables for name in (component_names(v) if v.shape else [v.name])]
            events = opened.contents.n_events[number]
            found = fit_network(block, axis, columns, options, events=events, chooser=chooser)
            if found is None:
                notes.append(
                    f"{axis or schema.name}: an autoencoder does not pay for its bytes, so there is none"
                )
            else:
                networks.append(found)
    return TableNetworks(_settled(schema, networks), tuple(networks), tuple(notes))


def _settled(schema: Schema, networks: Sequence[Networked]) -> Schema:
    """Without a network nothing is unbounded."""
    covered = {name for networked in networks for name in networked.network.columns}

    def settle(variable: Variable) -> Variable:
        parts = component_names(variable) if variable.shape else [variable.name]
        if variable.tolerance.is_bounded or covered.issuperset(parts):
            return variable
        return replace(variable, tolerance=LOSSLESS)

    return replace(schema, variables=tuple(map(settle, schema.variables)))
