"""`ArchiveWriter`: sections one after the other, then the index."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import IO, Any

from hepack.container.metadata import pack_json
from hepack.container.section import SectionHead, SectionKind, closing, digest, opening


class ArchiveWriter:
    """Streams a packed file to ``handle``; nothing is written twice or out of order.

    ``label`` is a small JSON value that the index keeps for each section, for readers to choose by.
    Only files of ``version`` 2 have sections of the kind MODEL.
    """

    def __init__(self, handle: IO[bytes], version: int = 1) -> None:
        self._handle = handle
        self._index: list[list[Any]] = []
        self._position = handle.write(opening(version))

    @property
    def position(self) -> int:
        """Bytes written so far."""
        return self._position

    def add(self, kind: SectionKind, header: bytes, body: Sequence[bytes], label: Any) -> str:
        """Append a section; return its digest."""
        start = self._position
        length = self._put(kind, header, body)
        self._index.append([int(kind), start, length, label, self._digest])
        return self._digest

    def finish(self, summary: Any) -> None:
        """Write the index, with a JSON ``summary`` of the file, and the closing."""
        start = self._position
        length = self._put(SectionKind.INDEX, pack_json([summary, self._index]), [])
        self._position += self._handle.write(closing(start, length))
        self._handle.flush()

    def _put(self, kind: SectionKind, header: bytes, body: Sequence[bytes]) -> int:
        head = SectionHead(kind, zlib.crc32(header), len(header), sum(map(len, body))).to_bytes()
        self._digest = digest(head, header, *body)
        for part in (head, header, *body):
            self._handle.write(part)
        length = len(head) + len(header) + sum(map(len, body))
        self._position += length
        return length
