"""`recover`: save every sound block of a damaged packed file into a new one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from hepack._atomic import refuse_same, replacing
from hepack._errors import BadInputError, CorruptFileError, HepackError
from hepack.archive.models import MODEL_VERSION, NETWORK_VERSION, ModelReader, is_sound, model_folders
from hepack.codec.blockreader import BlockReader
from hepack.codec.plan import Plan
from hepack.container import ArchiveReader, ArchiveWriter, SectionHead, SectionKind, SectionRef, unpack_json
from hepack.learned import TableModel


@dataclass(frozen=True)
class RecoverResult:
    """``kept`` and ``lost`` are ranges ``(table, first event, events)``; lost ranges are known only
    up to the last sound block."""

    path: str
    kept: tuple[tuple[str, int, int], ...]
    lost: tuple[tuple[str, int, int], ...]
    reasons: tuple[str, ...]


def recover(
    path: str | os.PathLike[str], output: str | os.PathLike[str], *, overwrite: bool = False
) -> RecoverResult:
    """Write a sound packed file with every block of ``path`` that decodes to what was packed.

    Works without the index and with any damage, as long as one copy of the plan survives.

    Raises:
        CorruptFileError: no plan and so no block can be read.
    """
    source = os.fspath(path)
    try:
        opened = open(source, "rb")  # noqa: PTH123, SIM115
    except OSError as error:
        raise BadInputError(f"cannot open '{source}': {error}") from error
    with opened as handle:
        refuse_same(source, output)
        reader = ArchiveReader(handle, source, damaged=True)
        sections = list(reader.scan())
        plan, plan_header = _find_plan(reader, sections, source)
        kept: list[tuple[int, int, int]] = []
        reasons: list[str] = []
        with replacing(Path(output), overwrite=overwrite) as temporary, temporary.open("wb") as target:
            writer = ArchiveWriter(target, _version(plan, sections))
            writer.add(SectionKind.PLAN, plan_header, [], "plan")
            folders = model_folders(source)
            models = ModelReader(reader, plan.coded, folders).read(sections, damaged=True)
            _copy_models(reader, sections, writer)
            position = [0] * len(plan.schemas)
            for section in sections:
                if section.kind != SectionKind.BLOCK:
                    continue
                try:
                    table, first, n_events, header, body = _sound_block(reader, section, plan, models)
                except HepackError as error:
                    reasons.append(f"the block at byte {section.offset}: {error}")
                    continue
                writer.add(SectionKind.BLOCK, header, [body], [table, position[table], n_events])
                position[table] += n_events
                kept.append((table, first, n_events))
            writer.finish({"events": position, "recovered": [list(row) for row in kept]})
    names = [schema.name for schema in plan.schemas]
    return RecoverResult(
        os.fspath(output),
        tuple((names[table], first, n) for table, first, n in kept),
        tuple((names[table], first, n) for table, first, n in _gaps(kept, len(names))),
        tuple(reasons),
    )


def _version(plan: Plan, sections: list[SectionRef]) -> int:
    """A version of the format that has what is kept."""
    if any(section.kind == SectionKind.MODEL for section in sections):
        return MODEL_VERSION
    return NETWORK_VERSION if plan.hidden or plan.unbounded else 1


def _copy_models(reader: ArchiveReader, sections: list[SectionRef], writer: ArchiveWriter) -> None:
    """Copy each model section that is sound, copies of copies excepted."""
    seen = set()
    for number, section in enumerate(sections):
        if section.kind == SectionKind.MODEL:
            head, header = reader.header(section)
            try:
                body = _body(reader, section, head)
            except CorruptFileError:  # the file ends inside it
                continue
            if is_sound(header, body) and header not in seen:
                seen.add(header)
                writer.add(SectionKind.MODEL, header, [body], f"model {number}")


def _find_plan(reader: ArchiveReader, sections: list[SectionRef], path: str) -> tuple[Plan, bytes]:
    for section in sections:
        if section.kind == SectionKind.PLAN:
            try:
                header = reader.header(section)[1]
                return Plan.from_json(unpack_json(header, "the plan")), header
            except HepackError:
                continue
    raise CorruptFileError(f"no plan survives in '{path}', so its blocks cannot be read")


def _sound_block(
    reader: ArchiveReader, section: SectionRef, plan: Plan, models: list[TableModel]
) -> tuple[int, int, int, bytes, bytes]:
    head, header = reader.header(section)
    value = unpack_json(header, "the header of a block")
    table, first = _place(value, len(plan.schemas))
    body = _body(reader, section, head)

    def fetch(start: int, length: int) -> bytes:
        if start + length > len(body):
            raise CorruptFileError("a chunk reaches beyond its section")
        return body[start : start + length]

    block = BlockReader(plan.coded[table], value, fetch, models[table])
    return table, first, len(block.table()), header, body


def _body(reader: ArchiveReader, section: SectionRef, head: SectionHead) -> bytes:
    return reader.body(section, head, 0, head.body_length)


def _place(value: object, tables: int) -> tuple[int, int]:
    match value:
        case {"t": int(table), "i": int(first)} if 0 <= table < tables and first >= 0:
            return table, first
        case _:
            raise CorruptFileError("it belongs to no table")


def _gaps(kept: list[tuple[int, int, int]], tables: int) -> list[tuple[int, int, int]]:
    gaps = []
    for table in range(tables):
        expected = 0
        for _, first, n_events in sorted(row for row in kept if row[0] == table):
            if first > expected:
                gaps.append((table, expected, first - expected))
            expected = first + n_events
    return gaps
