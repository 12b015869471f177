"""Byte layout of a packed file: the opening, the head of a section, the closing (docs/format.md)."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

from hepack._errors import BadInputError, CorruptFileError, TooNewError, TruncatedFileError
from hepack.container.limits import MAX_HEADER_BYTES, check

MAGIC = b"\x89HPK\r\n\x1a\n"
VERSION = 4
"""The newest version; files without a model are written as version 1."""
END_MAGIC = b"HPKEND\r\n"
SYNC = b"\xf5HPS"

_OPENING = struct.Struct("<8sHHI")  # magic, version, flags, crc32 of what stands before
_HEAD = struct.Struct(
    "<4sBBHIIQI"
)  # sync, kind, flags, reserved, header crc32 and length, body length, crc32
_CLOSING = struct.Struct("<QQI8s")  # offset and length of the index section, crc32, end magic

OPENING_SIZE = _OPENING.size
HEAD_SIZE = _HEAD.size
CLOSING_SIZE = _CLOSING.size


class SectionKind(IntEnum):
    """What a section holds. A reader skips kinds it does not know from 128 upwards."""

    PLAN = 1
    BLOCK = 2
    INDEX = 3
    MODEL = 4
    SCORES = 128


@dataclass(frozen=True)
class SectionHead:
    """The fixed start of a section; a header and a body follow."""

    kind: int
    header_crc: int
    header_length: int
    body_length: int

    @property
    def length(self) -> int:
        """Bytes of the whole section."""
        return HEAD_SIZE + self.header_length + self.body_length

    def to_bytes(self) -> bytes:
        fields = _HEAD.pack(SYNC, self.kind, 0, 0, self.header_crc, self.header_length, self.body_length, 0)
        return fields[:-4] + zlib.crc32(fields[:-4]).to_bytes(4, "little")

    @classmethod
    def from_bytes(cls, data: bytes) -> SectionHead:
        """Read and check a head.

        Raises:
            TruncatedFileError: fewer bytes than a head has.
            CorruptFileError: no sync mark, or the checksum differs.
            LimitError: the header length is over the cap.
        """
        if len(data) < HEAD_SIZE:
            raise TruncatedFileError("the file ends inside the head of a section")
        sync, kind, flags, reserved, header_crc, header, body, crc = _HEAD.unpack(data[:HEAD_SIZE])
        if sync != SYNC or zlib.crc32(data[: HEAD_SIZE - 4]) != crc:
            raise CorruptFileError("the head of a section is damaged")
        if flags or reserved:
            raise TooNewError("a section uses flags that this version does not know; update hepack")
        check(header, MAX_HEADER_BYTES, "the length of a section's header")
        return cls(kind, header_crc, header, body)


def opening(version: int = 1) -> bytes:
    """The first bytes of a packed file."""
    fields = _OPENING.pack(MAGIC, version, 0, 0)[:-4]
    return fields + zlib.crc32(fields).to_bytes(4, "little")


def check_opening(data: bytes, path: str) -> None:
    """Check the first bytes of a file.

    Raises:
        BadInputError: not a packed file.
        TooNewError: written by a later format version.
        TruncatedFileError, CorruptFileError: a packed file, but damaged.
    """
    if not data.startswith(MAGIC[: max(len(data), 1)]):
        raise BadInputError(f"'{path}' is not a packed file: it does not start as a .hpk does")
    if len(data) < OPENING_SIZE:
        raise TruncatedFileError(f"'{path}' ends after {len(data)} bytes, inside its opening")
    _, version, flags, crc = _OPENING.unpack(data[:OPENING_SIZE])
    if zlib.crc32(data[: OPENING_SIZE - 4]) != crc:
        raise CorruptFileError(f"the opening of '{path}' is damaged")
    if not version:
        raise CorruptFileError(f"'{path}' has the impossible format version 0")
    if version > VERSION or flags:
        raise TooNewError(f"'{path}' has format version {version}; this hepack reads {VERSION}: update it")


def closing(offset: int, length: int) -> bytes:
    """The last bytes of a packed file: where its index lies."""
    fields = _CLOSING.pack(offset, length, 0, END_MAGIC)[: -len(END_MAGIC) - 4]
    return fields + zlib.crc32(fields).to_bytes(4, "little") + END_MAGIC


def read_closing(data: bytes, path: str) -> tuple[int, int]:
    """Offset and length of the index section.

    Raises:
        TruncatedFileError: the file does not end as it should.
        CorruptFileError: the closing is there, and damaged.
    """
    if len(data) < CLOSING_SIZE or not data.endswith(END_MAGIC):
        raise TruncatedFileError(
            f"'{path}' is cut short or damaged at its end; 'hepack recover' gives back the sound blocks"
        )
    offset, length, crc, _ = _CLOSING.unpack(data[-CLOSING_SIZE:])
    if zlib.crc32(data[-CLOSING_SIZE : -CLOSING_SIZE + 16]) != crc:
        raise CorruptFileError(f"the closing of '{path}' is damaged; try 'hepack recover'")
    return offset, length


def digest(*parts: bytes) -> str:
    """BLAKE2b, 16 bytes, in hexadecimal."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        state.update(part)
    return state.hexdigest()
