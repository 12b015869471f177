"""`ArchiveReader`: find sections by the index, read their headers, and parts of their bodies."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from hepack._errors import BadInputError, CorruptFileError, HepackError, TooNewError, TruncatedFileError
from hepack.container.limits import MAX_SECTIONS, check
from hepack.container.metadata import unpack_json
from hepack.container.section import (
    CLOSING_SIZE,
    HEAD_SIZE,
    OPENING_SIZE,
    SYNC,
    SectionHead,
    SectionKind,
    check_opening,
    digest,
    read_closing,
)

_SCAN_BYTES = 1 << 20
FIRST_OPTIONAL = 128
"""Kinds of sections from here on may be skipped by a reader that does not know them."""


@dataclass(frozen=True)
class SectionRef:
    """Where a section lies, what the index says of it, and its digest (empty when found by a scan)."""

    kind: int
    offset: int
    length: int
    label: Any = None
    digest: str = ""


class ArchiveReader:
    """Reads a packed file from a seekable ``handle``; checks every length against the file's size.

    Raises (from any method): TruncatedFileError, CorruptFileError, TooNewError, LimitError; and
    BadInputError if the file is not a packed file at all.
    """

    def __init__(self, handle: IO[bytes], path: str, *, damaged: bool = False) -> None:
        """With ``damaged``, a broken opening is no error."""
        self._handle = handle
        self.path = path
        self.size = handle.seek(0, 2)
        self._piece = (0, b"")
        try:
            check_opening(self._read(0, min(OPENING_SIZE, self.size)), path)
        except (BadInputError, CorruptFileError):
            if not damaged:
                raise

    def index(self) -> tuple[Any, list[SectionRef]]:
        """The summary and the sections, from the index at the end of the file."""
        tail = min(CLOSING_SIZE, self.size)
        offset, length = read_closing(self._read(self.size - tail, tail), self.path)
        if offset + length + CLOSING_SIZE != self.size:
            raise CorruptFileError(f"the index of '{self.path}' does not end where the file does")
        ref = SectionRef(SectionKind.INDEX, offset, length)
        head, header = self.header(ref)
        if head.kind != SectionKind.INDEX:
            raise CorruptFileError(f"'{self.path}' has no index where its closing says")
        return self._check_index(unpack_json(header, "the index"), offset)

    def _check_index(self, value: Any, end: int) -> tuple[Any, list[SectionRef]]:
        try:
            summary, rows = value
            check(len(rows), MAX_SECTIONS, "the number of sections")
            refs = [SectionRef(*row) for row in rows]
        except (TypeError, ValueError):
            raise CorruptFileError(f"the index of '{self.path}' has a wrong form") from None
        position = OPENING_SIZE
        for ref in refs:
            numbers = (ref.kind, ref.offset, ref.length)
            if any(type(number) is not int for number in numbers) or type(ref.digest) is not str:
                raise CorruptFileError(f"the index of '{self.path}' has a wrong form")
            known = (SectionKind.PLAN, SectionKind.BLOCK, SectionKind.MODEL)
            if ref.kind not in known and ref.kind < FIRST_OPTIONAL:
                raise TooNewError(f"'{self.path}' has sections of the unknown kind {ref.kind}; update hepack")
            if ref.offset != position or ref.length < HEAD_SIZE:
                raise CorruptFileError(f"the sections of '{self.path}' overlap or leave gaps")
            position += ref.length
        if position != end:
            raise CorruptFileError(f"the sections of '{self.path}' do not reach its index")
        return summary, refs

    def header(self, ref: SectionRef) -> tuple[SectionHead, bytes]:
        """A section's head and checked header."""
        head = SectionHead.from_bytes(self._read(ref.offset, HEAD_SIZE))
        if head.length != ref.length:
            raise CorruptFileError(f"a section of '{self.path}' has another length than the index says")
        header = self._read(ref.offset + HEAD_SIZE, head.header_length)
        if zlib.crc32(header) != head.header_crc:
            raise CorruptFileError(f"the header of a section of '{self.path}' is damaged")
        return head, header

    def body(self, ref: SectionRef, head: SectionHead, start: int, length: int) -> bytes:
        """``length`` bytes of a section's body from ``start``; the caller checks them."""
        if start < 0 or length < 0 or start + length > head.body_length:
            raise CorruptFileError(f"a chunk of '{self.path}' reaches beyond its section")
        return self._read(ref.offset + HEAD_SIZE + head.header_length + start, length)

    def verify(self, ref: SectionRef) -> bool:
        """Whether a section's digest is the one the index holds."""
        return digest(self._read(ref.offset, ref.length)) == ref.digest

    def scan(self) -> Iterator[SectionRef]:
        """Every section with a sound head and header, found without the index: for damaged files."""
        position = OPENING_SIZE
        while position + HEAD_SIZE <= self.size:
            try:
                head = SectionHead.from_bytes(self._read(position, HEAD_SIZE))
                ref = SectionRef(head.kind, position, head.length)
                self.header(ref)
            except HepackError:
                position = self._next_sync(position + 1)
                continue
            yield ref
            whole = position + head.length <= self.size
            position = position + head.length if whole else self._next_sync(position + HEAD_SIZE)

    def _next_sync(self, position: int) -> int:
        while position < self.size:
            start, piece = self._piece  # kept, so that many false marks do not read the file many times
            if not start <= position < start + len(piece) - len(SYNC):
                start, piece = position, self._read(position, min(_SCAN_BYTES, self.size - position))
                self._piece = (start, piece)
            found = piece.find(SYNC, position - start)
            if found >= 0:
                return start + found
            if start + len(piece) >= self.size:
                break
            position = start + len(piece) - len(SYNC) + 1
        return self.size

    def _read(self, offset: int, length: int) -> bytes:
        if offset + length > self.size:
            raise TruncatedFileError(f"'{self.path}' ends before byte {offset + length}")
        self._handle.seek(offset)
        data = self._handle.read(length)
        if len(data) != length:
            raise TruncatedFileError(f"'{self.path}' ends before byte {offset + length}")
        return data
