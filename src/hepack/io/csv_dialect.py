"""The dialect of a CSV file: delimiter, header, quotes, line ends; found in its first lines."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import IO, Any, Literal

from hepack._errors import BadInputError
from hepack.io.numerals import read_float

SPACES = "spaces"
"""The delimiter of columns that are lined up with any number of blanks."""

_PREAMBLE_LINES = 200

Quoted = Literal["needed", "text", "all"]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """All of a file's form that the values do not tell. ``preamble`` are the first lines that start with
    a ``#``; the header is the last of them when ``comment`` (``"# "``) is not empty."""

    delimiter: str = ","
    pad: str = ""
    header: bool = True
    comment: str = ""
    preamble: tuple[str, ...] = ()
    quoted: Quoted = "needed"
    line_end: str = "\n"
    final_line_end: bool = True
    encoding: str = "utf-8"

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, Any]) -> Dialect:
        known = {field.name for field in fields(cls)}
        values = {key: value for key, value in attributes.items() if key in known}
        return cls(**values | {"preamble": tuple(values.get("preamble", ()))})

    def attributes(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self) | {"preamble": list(self.preamble)}

    def skip_lines(self) -> int:
        """Lines before the first event or the plain header."""
        return len(self.preamble) + bool(self.comment)

    def rows(self, text: IO[str], path: str, width: int) -> Iterator[list[str]]:
        """The rows after the preamble, all with ``width`` fields; empty lines are left out.

        Raises:
            BadInputError: a row has another number of fields, or broken quotes; names the line.
        """
        skipped = self.skip_lines()
        for _ in range(skipped):
            text.readline()
        if self.delimiter == SPACES:
            for number, line in enumerate(text, skipped + 1):
                row = line.split()
                if row:
                    yield self._checked(row, width, path, number)
            return
        reader = csv.reader(text, delimiter=self.delimiter, strict=True, skipinitialspace=bool(self.pad))
        try:
            for row in reader:
                if len(row) == width:
                    yield row
                elif row:
                    self._checked(row, width, path, skipped + reader.line_num)
        except csv.Error as error:
            raise BadInputError(f"'{path}' line {skipped + reader.line_num}: {error}") from error

    @staticmethod
    def _checked(row: list[str], width: int, path: str, line: int) -> list[str]:
        if len(row) != width:
            raise BadInputError(f"'{path}' line {line}: {len(row)} fields where the others have {width}")
        return row


@dataclass(frozen=True, kw_only=True)
class Sniffed:
    """A dialect, and the names of the columns (in a file without header: ``column_1`` and so on)."""

    dialect: Dialect
    names: tuple[str, ...]


def sniff(text: str, path: str, encoding: str, *, complete: bool) -> Sniffed:
    """Find the dialect in the first part of a file; ``complete`` when the part is all of it.

    Raises:
        BadInputError: there is no line of values.
    """
    line_end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(line_end)
    if not complete:
        lines = lines[:-1] or lines
    preamble: list[str] = []
    while lines and lines[0].startswith("#") and len(preamble) < _PREAMBLE_LINES:
        preamble.append(lines.pop(0))
    body = [line for line in lines if line.strip()][:200]
    if not body and not preamble:
        raise BadInputError(f"'{path}' holds no line of text")
    delimiter, width = _delimiter(body or [preamble[-1].lstrip("# ")], path)
    pad = " " if delimiter in ",;" and body and all(_padded(line, delimiter) for line in body) else ""
    try:
        first = _rows(body, delimiter)[:1]
    except csv.Error as error:
        raise BadInputError(f"'{path}' is not CSV: {error}") from error
    comment, names = _comment_header(preamble, delimiter, width)
    header = bool(comment)
    if comment:
        preamble.pop()
    elif first and _is_header(first[0]):
        header, names = True, [name.strip() for name in first[0]]
    dialect = Dialect(
        delimiter=delimiter,
        pad=pad,
        header=header,
        comment=comment,
        preamble=tuple(preamble),
        quoted=_quoted(body, width),
        line_end=line_end,
        encoding=encoding,
    )
    return Sniffed(dialect=dialect, names=tuple(names or [f"column_{i + 1}" for i in range(width)]))


def _split(line: str, delimiter: str) -> list[str]:
    if delimiter == SPACES:
        return line.split()
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=delimiter != " "), [])


def _rows(body: list[str], delimiter: str) -> list[list[str]]:
    """The lines taken apart; quoted text may go over several of them."""
    if delimiter == SPACES:
        return [line.split() for line in body]
    lines = (line + "\n" for line in body)
    rows = list(csv.reader(lines, delimiter=delimiter, skipinitialspace=delimiter != " "))
    return [row for row in rows if row]


def _delimiter(body: list[str], path: str) -> tuple[str, int]:
    """The delimiter that cuts every line into the same number of fields, the larger number first."""
    candidates = ["\t", ",", ";", " ", SPACES]
    if path.lower().endswith(".tsv"):
        candidates = ["\t"]
    found = []
    for order, candidate in enumerate(candidates):
        try:
            widths = set(map(len, _rows(body, candidate)))
        except csv.Error:
            continue
        if len(widths) == 1 and max(widths) > 1:
            spaced = candidate in (" ", SPACES)
            found.append((not spaced, max(widths), -order, candidate))
    if found:
        _, width, _, delimiter = max(found)
        return delimiter, width
    for candidate in candidates[:3]:  # uneven rows: the reader will name the first line that differs
        if candidate in body[0]:
            return candidate, len(_split(body[0], candidate))
    return ",", 1


def _padded(line: str, delimiter: str) -> bool:
    return line.count(delimiter + " ") == line.count(delimiter) > 0


def _comment_header(preamble: list[str], delimiter: str, width: int) -> tuple[str, list[str]]:
    """``# x y z`` above the values, as NumPy writes it: the sign, and the names."""
    if not preamble:
        return "", []
    sign = re.match(r"#+\s*", preamble[-1])
    assert sign is not None
    names = _split(preamble[-1][sign.end() :], delimiter)
    fits = len(names) == width and all(name.strip() for name in names)
    return (sign.group(), [name.strip() for name in names]) if fits else ("", [])


def _is_header(row: list[str]) -> bool:
    """Names are no numbers, and at least one is not empty."""
    for field in row:
        try:
            read_float(field)
        except ValueError:
            continue
        return False
    return any(field.strip() for field in row)


def _quoted(body: list[str], width: int) -> Quoted:
    """Whether every field is in quotes, or every text (then the titles are)."""
    first, last = (body[0], body[-1]) if body else ("", "")
    if last.count('"') == 2 * width:
        return "all"
    return "text" if first.count('"') == 2 * width else "needed"
