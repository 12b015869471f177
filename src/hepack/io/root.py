"""ROOT files: every TTree and RNTuple in them is a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from hepack._errors import BadInputError
from hepack.io.base import Contents, Format, ReadOptions, Sink, Skipped, Source, WriteOptions
from hepack.io.fieldpath import has_records, split
from hepack.io.location import byte_size, local_path
from hepack.io.naming import unit_in, with_unit
from hepack.table import EventTable, Schema

ROOT_MAGIC = b"root"

_PROBE_BYTES = 1 << 24
_PROBE_EVENTS = 1000


@dataclass(frozen=True)
class _Table:
    """An open tree: its columns and how they are grouped."""

    columns: Any
    grouping: Any
    row_bytes: int

    def block(self, start: int, stop: int) -> EventTable:
        from hepack.io.arrays import from_awkward

        schema = self.grouping.separate
        table, _ = from_awkward(self.columns.read(start, stop), name=schema.name, schema=schema)
        return self.grouping.apply(table)  # type: ignore[no-any-return]


class RootSource(Source):
    """An open ROOT file."""

    def __init__(self, path: str, options: ReadOptions) -> None:
        self.path = path
        self._file = self._opened()
        self._skipped: list[Skipped] = []
        try:
            self._tables = self._survey(options)
            self.contents = Contents(
                format="root",
                schemas=tuple(table.grouping.schema for table in self._tables),
                n_events=tuple(table.columns.n_events for table in self._tables),
                skipped=tuple(self._skipped),
                attributes=self._compression(),
            )
        except BadInputError as error:
            self.close()
            raise BadInputError(f"'{path}': {error}") from error
        except Exception as error:  # damaged bytes can raise anything
            self.close()
            raise self._damaged(error) from error

    def _damaged(self, error: BaseException) -> BadInputError:
        from hepack.io.root_trees import one_line

        return BadInputError(f"'{self.path}' is not a sound ROOT file: {one_line(error)}")

    def _opened(self) -> Any:
        import uproot

        size = byte_size(self.path)
        place = local_path(self.path)
        try:
            file = uproot.open({place or self.path: None}, array_cache=None, object_cache=None)
        except Exception as error:
            raise self._damaged(error) from error
        end = int(file.file.fEND)
        if size < end:
            file.close()
            raise BadInputError(
                f"'{self.path}' is cut short: it has {size} of {end} bytes; copy it again from its origin"
            )
        return file

    def _survey(self, options: ReadOptions) -> list[_Table]:
        from hepack.io.root_trees import NTUPLES, TREES

        tables = []
        for name, (key, kind) in _newest(self._file.classnames(recursive=True, cycle=True)).items():
            if kind not in TREES | NTUPLES:
                if not kind.startswith("TDirectory"):
                    self._skipped.append(Skipped(name, f"a {kind} holds no events"))
            elif options.tables is None or name in options.tables:
                try:
                    tree = self._file[key]
                except NotImplementedError as error:
                    self._skipped.append(Skipped(name, f"uproot cannot read this {kind}: {error}"))
                    continue
                tables += self._table(tree, name, options)
        if not tables and not options.tables:
            raise BadInputError("it holds no TTree or RNTuple with columns that can be read")
        return tables

    def _table(self, tree: Any, name: str, options: ReadOptions) -> list[_Table]:
        from hepack.io.arrays import from_awkward
        from hepack.io.grouping import decide
        from hepack.io.root_trees import columns_of

        columns, first = columns_of(tree, _probe_events(tree))
        self._skipped += [Skipped(f"{name}/{s.name}", s.reason) for s in columns.skipped]
        if not columns.sources:
            self._skipped.append(Skipped(name, "it has no column that can be read"))
            return []
        table, _ = from_awkward(first, name=name)
        schema = _described(table.schema, columns.titles, columns.attributes)
        grouping = decide(
            replace(table, schema=schema), counters=columns.counters, ungrouped=options.ungrouped
        )
        return [_Table(columns, grouping, max(1, table.nbytes // max(1, len(table))))]

    def _compression(self) -> dict[str, Any]:
        code = int(self._file.file.fCompress)  # 100 * algorithm + level; old files have the level alone
        used = self._file.file.compression
        if code % 100 == 0:
            return {"compression": "none"}
        return {"compression": used.name.lower() if used else "zlib", "level": code % 100}

    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        chosen = self._tables[table]
        total = chosen.columns.n_events
        rows = max(1, max_bytes // chosen.row_bytes)
        for start in range(0, total, rows):
            try:
                yield chosen.block(start, min(start + rows, total))
            except BadInputError as error:
                raise BadInputError(f"'{self.path}': {error}") from error

    def stored_bytes(self, table: int) -> dict[str, int]:
        try:
            found = self._tables[table].columns.stored_bytes(self.contents.schemas[table])
        except Exception as error:  # damaged bytes can raise anything
            raise self._damaged(error) from error
        return found  # type: ignore[no-any-return]

    def close(self) -> None:
        self._file.close()


class RootFormat(Format):
    """ROOT, with TTree or RNTuple."""

    id: ClassVar[str] = "root"
    title: ClassVar[str] = "ROOT"
    suffixes: ClassVar[tuple[str, ...]] = (".root",)

    def recognises(self, path: str, head: bytes) -> bool:
        return head.startswith(ROOT_MAGIC)

    def open(self, path: str, options: ReadOptions) -> Source:
        return RootSource(path, options)

    def create(self, path: str, attributes: Mapping[str, Any], options: WriteOptions) -> Sink:
        from hepack.io.root_write import RootSink

        return RootSink(Path(path), attributes, options)


def _newest(kinds: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Object path without cycle -> key and class of its highest cycle."""
    cycles: dict[str, tuple[int, str, str]] = {}
    for key, kind in kinds.items():
        name, _, cycle = key.rpartition(";")
        if name not in cycles or int(cycle) > cycles[name][0]:
            cycles[name] = int(cycle), key, kind
    return {name: (key, kind) for name, (_, key, kind) in cycles.items()}


def _probe_events(tree: Any) -> int:
    """How many events to look at first: enough to know the columns, never much memory."""
    total = int(tree.num_entries)
    branches = getattr(tree, "branches", None)
    size = sum(branch.uncompressed_bytes for branch in tree.itervalues()) if branches else 0
    return max(1, min(total, _PROBE_EVENTS, _PROBE_BYTES * total // max(size, 1) if size else _PROBE_EVENTS))


def _described(schema: Schema, titles: Mapping[str, str], attributes: Mapping[str, Any]) -> Schema:
    """The schema with the titles and units that the file gives."""
    variables = []
    for variable in schema.variables:
        path = split(variable.name, records=has_records(schema))
        title = titles.get(path[0], "") if len(path) == 1 else ""
        if title:
            notes = {**variable.attributes, "title": title}
            variable = with_unit(replace(variable, attributes=notes), unit_in(title), title)
        variables.append(variable)
    return replace(schema, variables=tuple(variables), attributes={**schema.attributes, **attributes})
