"""`inspect`: what is in a file of any supported format, and where the bytes go."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from hepack._errors import BadInputError
from hepack.archive.measure import ColumnSummary
from hepack.archive.packed import PackedFile, PackedTable
from hepack.codec.blockreader import BlockReader
from hepack.codec.item import LEARNED
from hepack.container import MAGIC
from hepack.io import GroupingError, ReadOptions, Skipped, open_source
from hepack.io.location import byte_size, open_binary
from hepack.learned import ItemModel
from hepack.table import EventTable, Order, Schema, Variable
from hepack.table.split import component_names


@dataclass(frozen=True)
class VariableReport:
    """One variable: what it is and, in a packed file, what it costs and how it is coded.

    ``stored_bytes`` is what it takes in a file of another format, compressed; None where that is not known.
    """

    variable: Variable
    summary: ColumnSummary
    packed_bytes: float | None = None
    coder: str = ""
    stored_bytes: int | None = None
    bits_per_value: float | None = None
    plain_bits: float | None = None


@dataclass(frozen=True)
class TableReport:
    """One table. ``lengths`` gives for each collection the entries in all and the packed bytes, ``hidden`` for each
    column of the latent of an autoencoder its packed bytes, ``order`` by what a packed file has sorted its events
    and objects."""

    schema: Schema
    n_events: int
    variables: tuple[VariableReport, ...]
    lengths: dict[str, tuple[int, float | None]] = field(default_factory=dict)
    hidden: dict[str, float] = field(default_factory=dict)
    order: Order = field(default_factory=Order)


@dataclass(frozen=True)
class FileReport:
    """A whole file. ``overhead`` are the bytes that belong to no variable (names, index, headers)."""

    path: str
    format: str
    bytes: int
    tables: tuple[TableReport, ...]
    skipped: tuple[Skipped, ...]
    packed: bool
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def unbounded(self) -> tuple[str, ...]:
        """The variables of a packed file of which nothing is promised."""
        return tuple(
            v.variable.name for t in self.tables for v in t.variables if not v.variable.tolerance.is_bounded
        )

    @property
    def overhead(self) -> float:
        stored = sum(v.packed_bytes or 0.0 for t in self.tables for v in t.variables)
        stored += sum(cost or 0.0 for t in self.tables for _, cost in t.lengths.values())
        stored += sum(cost for t in self.tables for cost in t.hidden.values())
        return self.bytes - stored


def inspect(
    path: str | os.PathLike[str],
    *,
    read: ReadOptions | None = None,
    format_id: str | None = None,
    max_events: int | None = None,
) -> FileReport:
    """Look at a file; with ``max_events`` only at about so many events of each table."""
    name = os.fspath(path)
    if format_id is None and is_packed(name):
        return _inspect_packed(name, max_events)
    read = read or ReadOptions()
    while True:
        try:
            return _inspect_source(name, read, format_id, max_events)
        except GroupingError as error:
            read = replace(read, ungrouped=read.ungrouped | {error.collection})


def is_packed(path: str) -> bool:
    """Whether a file begins as a packed file does."""
    try:
        with open_binary(path) as handle:
            return handle.read(len(MAGIC)) == MAGIC
    except (OSError, BadInputError):
        return False


def _inspect_source(
    path: str, read: ReadOptions, format_id: str | None, max_events: int | None
) -> FileReport:
    with open_source(path, read, format_id=format_id) as source:
        contents = source.contents
        tables = []
        for number, schema in enumerate(contents.schemas):
            summaries = {v.name: ColumnSummary() for v in schema.variables}
            lengths: dict[str, int] = defaultdict(int)
            stored = source.stored_bytes(number)
            seen = 0
            for block in source.blocks(number, max_bytes=16 << 20):
                _add(block, summaries, lengths)
                seen += len(block)
                if max_events is not None and seen >= max_events:
                    break
            tables.append(
                TableReport(
                    schema,
                    contents.n_events[number],
                    tuple(
                        VariableReport(v, summaries[v.name], stored_bytes=stored.get(v.name))
                        for v in schema.variables
                    ),
                    {c.name: (lengths[c.name], None) for c in schema.collections},
                )
            )
        return FileReport(
            path, contents.format, byte_size(path), tuple(tables), contents.skipped, packed=False
        )


def _inspect_packed(path: str, max_events: int | None) -> FileReport:
    with PackedFile(path) as packed:
        tables = []
        for table in packed.tables:
            costs = table_costs(packed, table)
            summaries = {v.name: ColumnSummary() for v in table.schema.variables}
            lengths: dict[str, int] = defaultdict(int)
            part = table if max_events is None else table[:max_events]
            for events in part.iterate():
                _add(events, summaries, lengths)
            tables.append(
                TableReport(
                    table.schema,
                    len(table),
                    tuple(_packed_variable(v, summaries[v.name], costs) for v in table.schema.variables),
                    {
                        c.name: (lengths[c.name], costs.stored["counts", c.name])
                        for c in table.schema.collections
                        if c.layout != "text"
                    },
                    {name: costs.stored["values", name] for name in _hidden(packed, table)},
                    packed.plan.order(table.number),
                )
            )
        details = {"creator": packed.plan.creator, "original": packed.plan.format, **packed.plan.source}
        return FileReport(
            path, "hpk", packed.reader.size, tuple(tables), packed.plan.skipped, packed=True, details=details
        )


def _hidden(packed: PackedFile, table: PackedTable) -> list[str]:
    hidden = packed.plan.hidden
    return [variable.name for variable in hidden[table.number]] if hidden else []


@dataclass
class TableCosts:
    """By role and name: ``stored`` bytes, the ``coder`` in words, ``plain`` bits per value of learned items;
    ``counts``: values of each variable. Components of a split variable count as one."""

    stored: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    coders: dict[tuple[str, str], str] = field(default_factory=dict)
    plain: dict[tuple[str, str], float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def fold(self, variable: Variable) -> None:
        """Make one of the components of a variable: their costs added, the coder of the first."""
        names = component_names(variable)
        keys = [("values", name) for name in names]
        whole = ("values", variable.name)
        self.stored[whole] = sum(self.stored[key] for key in keys)
        self.coders[whole] = f"{len(names)} columns, first {self.coders.get(keys[0], '')}"
        self.counts[variable.name] = sum(self.counts[name] for name in names)
        if all(key in self.plain for key in keys):
            self.plain[whole] = sum(self.plain[key] for key in keys) / len(keys)


def table_costs(packed: PackedFile, table: PackedTable) -> TableCosts:
    """What each item of a table costs in the file, and how it is coded (in the first block)."""
    found = TableCosts()
    found.plain = {item.key: item.plain_bits for item in packed.models[table.number].items}
    for block in table.blocks:
        reader = packed.fetch(block.section)
        for variable in reader.schema.variables:
            found.counts[variable.name] += reader.value_count(variable.name)
        for key, cost in reader.item_bytes().items():
            found.stored[key] += cost
            found.coders.setdefault(key, _coder(reader, key))
    for variable in table.schema.variables:
        if variable.name not in packed.plan.coded[table.number].by_name:
            found.fold(variable)
    return found


def _packed_variable(variable: Variable, summary: ColumnSummary, costs: TableCosts) -> VariableReport:
    key = ("text", variable.axis) if variable.kind == "text" else ("values", variable.name)
    stored, count = costs.stored[key], costs.counts[variable.name]
    return VariableReport(
        variable,
        summary,
        stored,
        costs.coders.get(key, ""),
        bits_per_value=8 * stored / count if count else None,
        plain_bits=costs.plain.get(key),
    )


def _add(block: EventTable, summaries: dict[str, ColumnSummary], lengths: dict[str, int]) -> None:
    for variable in block.schema.variables:
        summaries[variable.name].add(block.columns[variable.name], variable)
    for collection in block.schema.collections:
        lengths[collection.name] += block.length(collection.name)


def _coder(reader: BlockReader, key: tuple[str, str]) -> str:
    description = reader.description(*key)
    return learned_words(reader.model.by_key[key]) if description[0] == LEARNED else describe(description)


def learned_words(item: ItemModel) -> str:
    """How a learned item is coded, in words: its relation, its coder, what it looks at."""
    words = [str(item.relation).partition(" = ")[2]] if item.relation else []
    if item.conditional is not None:
        used = [item.features[i] for i in item.conditional.used]
        names = [str(feature) for feature in used] + ["the row before"] * item.conditional.lagged
        words.append(f"{_CONDITIONALS[item.conditional.tag]} of {', '.join(names) or 'nothing'}")
    return "; ".join(words) or "plain"


_CONDITIONALS = {"t": "tree", "m": "net", "h": "history"}
_CODERS = {
    "e": "empty",
    "c": "constant",
    "p": "pcodec",
    "b": "bins + rANS",
    "d": "differences, bins + rANS",
    "n": "runs",
    "r": "bytes in a bundle",
    "z": "zstd",
    "x": "LZMA",
}
_GRIDS = {
    "int": "", "bits": "bits", "dict": "dictionary", "step": "steps", "digits": "digits", "ratio": "ratio",
}  # fmt: skip


def describe(description: list[Any]) -> str:
    """A column's description in a few words: ``ratio 0.00288 > bins + rANS``."""
    if description[0] == "=":
        return "repeat"
    if description[0] == "text":
        return "strings, dictionary" if len(description[1]) == 2 else "strings"
    if description[0] == "split":
        return f"{len(description[1])} columns, first {describe(description[1][0])}"
    transform, streams = description[0], description[1]
    grid = _GRIDS.get(transform[0], str(transform[0]))
    if transform[0] == "step":
        grid += f" of {transform[1] / transform[2]:.3g}"
    elif transform[0] in ("bits", "digits", "dict") and transform[1]:
        grid += f" {'-' if transform[0] == 'bits' else ''}{transform[1]}"
    elif transform[0] == "ratio":
        grid += f" {2 ** transform[1]:.5g}"
    coder = _CODERS.get(streams[0][1], str(streams[0][1]))
    exceptions = description[2] if len(description) > 2 else None
    exact = f" + {exceptions[1]} exact" if isinstance(exceptions, list) else ""
    return " > ".join(filter(None, [grid, coder])) + exact
