"""PhenoML, the ragged text of the Dark Machines challenge.

One event a line: ``event ID; process ID; event weight; MET; METphi; obj1, E1, pt1, eta1, phi1; obj2, ...``
with energies in MeV and angles in radians.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from hepack._errors import BadInputError
from hepack.io.base import Contents, Format, ReadOptions, Sink, Source, WriteOptions
from hepack.io.lines import line_blocks
from hepack.io.location import open_binary
from hepack.io.phenoml_lines import FIELDS, OBJECTS, EventLines
from hepack.io.phenoml_writer import PhenomlSink
from hepack.io.strings import text_column
from hepack.table import Collection, EventTable, Schema, Variable

_OBJECT = re.compile(rb" *[^,;]*,(?: *[-+.0-9a-zA-Z]+ *,){3} *[-+.0-9a-zA-Z]+ *")
_BYTES_PER_CHARACTER = 4
"""Of Python objects, while a line is taken apart."""


@dataclass(frozen=True)
class Spelling:
    """The separators of a file; all that the values do not tell."""

    header: str | None = None
    field: str = ";"
    value: str = ","
    trailing: bool = True
    line_end: str = "\n"
    final_line_end: bool = True


def schema_of(spellings: Mapping[str, str]) -> Schema:
    """The one table of a PhenoML file; ``spellings`` (see `numerals`) by column."""

    def number(name: str, axis: str = "", unit: str = "") -> Variable:
        angle = name in ("METphi", "phi")
        attributes = {"spelling": spellings[name]} if name in spellings else {}
        return Variable(
            name=name,
            dtype=np.dtype("<f8"),
            axis=axis,
            unit="rad" if angle else unit,
            kind="angle" if angle else "continuous",
            period=math.tau if angle else None,
            attributes=attributes,
        )

    process, process_text = text_column("process")
    kind, kind_text = text_column("object", parent=OBJECTS)
    return Schema(
        "events",
        (
            Variable(name="event_id", dtype=np.dtype("<i8"), kind="integer"),
            process_text,
            number("weight"),
            number("MET", unit="MeV"),
            number("METphi"),
            kind_text,
            number("E", OBJECTS, "MeV"),
            number("pt", OBJECTS, "MeV"),
            number("eta", OBJECTS),
            number("phi", OBJECTS),
        ),
        (process, Collection(name=OBJECTS), kind),
    )


def looks_like_phenoml(head: bytes) -> bool:
    """Whether the first complete lines are events and at least one has an object."""
    lines = [line for line in head.splitlines()[: None if len(head) < 4096 else -1] if line.strip()]
    if lines and not lines[0].lstrip()[:1].isdigit():
        lines = lines[1:]
    found = 0
    for line in lines:
        fields = line.rstrip().removesuffix(b";").split(b";")
        if len(fields) < len(FIELDS) or not all(_OBJECT.fullmatch(field) for field in fields[5:]):
            return False
        found += len(fields) - len(FIELDS)
    return found > 0


class PhenomlSource(Source):
    """An open PhenoML file."""

    def __init__(self, path: str) -> None:
        self.path = path
        events, separators, spellings = self._survey()
        schema = schema_of(spellings)
        self.contents = Contents(
            format="phenoml", schemas=(schema,), n_events=(events,), attributes=asdict(separators)
        )

    def _survey(self) -> tuple[int, Spelling, dict[str, str]]:
        """Count the events and learn the spelling from the first lines."""
        events, separators, spellings = 0, Spelling(), {}
        last = b"\n"
        with open_binary(self.path) as handle:
            for block in line_blocks(handle, self.path, 1 << 20):
                lines = block.text.splitlines()
                if block.first == 1 and lines:
                    if b"\0" in block.text:
                        raise BadInputError(f"'{self.path}' is not PhenoML: it holds zero bytes")
                    separators = _separators(block.text)
                    header = separators.header is not None
                    first = EventLines(self.path, 1 + header)
                    first.take([line.decode("utf-8", "replace") for line in lines[header : header + 2000]])
                    spellings = first.spellings()
                    events -= header
                events += sum(1 for line in lines if line.strip())
                last = block.text[-1:]
        return events, Spelling(**asdict(separators) | {"final_line_end": last == b"\n"}), spellings

    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        schema = self.contents.schemas[table]
        skip = self.contents.attributes["header"] is not None
        with open_binary(self.path) as handle:
            for block in line_blocks(handle, self.path, max(1, max_bytes // _BYTES_PER_CHARACTER)):
                try:
                    lines = block.text.decode().splitlines()
                except UnicodeDecodeError as error:
                    line = block.first + block.text.count(b"\n", 0, error.start)
                    raise BadInputError(f"'{self.path}' line {line}: bytes that are no UTF-8 text") from error
                parsed = EventLines(self.path, block.first + skip)
                parsed.take(lines[skip:])
                skip = False
                if parsed.events:
                    yield parsed.table(schema)


def _separators(text: bytes) -> Spelling:
    """The separators of the first event line."""
    lines = text.decode("utf-8", "replace").split("\n")
    line_end = "\r\n" if lines[0].endswith("\r") else "\n"
    header = None
    if lines[0].strip() and not lines[0].lstrip()[:1].isdigit() and not lines[0].lstrip().startswith("-"):
        header = lines[0].removesuffix("\r")
    line = next((item for item in lines[header is not None :] if item.strip()), "")
    body = line.rstrip()
    return Spelling(
        header=header,
        field="; " if "; " in body else ";",
        value=", " if ", " in body else ",",
        trailing=body.endswith(";") or not body,
        line_end=line_end,
    )


class PhenomlFormat(Format):
    """PhenoML text."""

    id: ClassVar[str] = "phenoml"
    title: ClassVar[str] = "PhenoML"
    suffixes: ClassVar[tuple[str, ...]] = (".phenoml",)

    def recognises(self, path: str, head: bytes) -> bool:
        return b"\0" not in head and looks_like_phenoml(head)

    def open(self, path: str, options: ReadOptions) -> Source:
        return PhenomlSource(path)

    def create(self, path: str, attributes: Mapping[str, Any], options: WriteOptions) -> Sink:
        return PhenomlSink(path, attributes)
