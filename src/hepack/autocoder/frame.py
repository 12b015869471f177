"""The bytes of an encoded table: magic, version, a JSON header, sections, and a checksum of all before it.

====== ===== ========================================================
bytes  what
====== ===== ========================================================
4      magic ``HPAE``
1      version, 1
4      length of the header, little endian
...    header: JSON, with the length of each section in ``sections``
...    the sections, one behind the other
4      CRC-32 of all bytes before
====== ===== ========================================================
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from hepack._errors import CorruptFileError, LimitError, TooNewError, TruncatedFileError

MAGIC, VERSION = b"HPAE", 1
MAX_HEADER = 16 << 20
MAX_SECTIONS = 1 << 20


def frame(header: dict[str, Any], sections: Sequence[bytes]) -> bytes:
    """Put a header and its sections together."""
    head = json.dumps({**header, "sections": [len(part) for part in sections]}, separators=(",", ":"))
    coded = head.encode()
    body = MAGIC + bytes([VERSION]) + len(coded).to_bytes(4, "little") + coded + b"".join(sections)
    return body + zlib.crc32(body).to_bytes(4, "little")


def unframe(data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Undo `frame`, trusting nothing.

    Raises:
        TruncatedFileError, CorruptFileError, TooNewError, LimitError: what their names say.
    """
    if len(data) < 13 or data[:4] != MAGIC:
        raise CorruptFileError("these bytes are no table of the autoencoder: they do not start with HPAE")
    if data[4] > VERSION:
        raise TooNewError(
            f"the table has version {data[4]}, this hepack reads up to {VERSION}; update hepack"
        )
    size = int.from_bytes(data[5:9], "little")
    if size > MAX_HEADER:
        raise LimitError(f"the header of the table claims {size} bytes, the cap is {MAX_HEADER}")
    if 9 + size + 4 > len(data):
        raise TruncatedFileError("the table ends inside its header")
    if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        raise CorruptFileError("the table's checksum does not match: its bytes are damaged or cut short")
    try:
        header = json.loads(data[9 : 9 + size])
        lengths = header["sections"]
        good = isinstance(lengths, list) and len(lengths) <= MAX_SECTIONS
        good = good and all(type(length) is int and length >= 0 for length in lengths)
    except (ValueError, KeyError, TypeError, RecursionError):
        good, lengths = False, []
    if not good or 9 + size + sum(lengths) + 4 != len(data):
        raise CorruptFileError("the table's header contradicts its length")
    sections, at = [], 9 + size
    for length in lengths:
        sections.append(data[at : at + length])
        at += length
    return header, sections
