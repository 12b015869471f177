"""Caps that a reader applies before it allocates anything a file asks for."""

from __future__ import annotations

from hepack._errors import LimitError

MAX_HEADER_BYTES = 1 << 28
"""A section's header as stored."""

MAX_METADATA_BYTES = 1 << 27
"""Metadata after decompression; 1,500 branches with titles need about a quarter of a megabyte."""

MAX_METADATA_ITEMS = 1 << 22
"""Values in metadata (counted by the brackets and commas of the text): a value takes up to 100 bytes."""

MAX_METADATA_DEPTH = 64
"""Lists in lists."""

MAX_RATIO = 1 << 12
"""Metadata may not expand by more than this (with a floor of 1 MiB), so that a small file stays small."""

MAX_VALUES = 1 << 27
"""Numbers in one stream: a column of a block decodes to at most 1 GiB."""

MAX_BLOCK_BYTES = 1 << 30
"""All columns of a block, decoded, with eight bytes for each length of a collection."""

MAX_SECTIONS = 1 << 24
"""Sections in one file."""


def check(value: int, cap: int, what: str) -> int:
    """Return ``value`` if it is within ``0 .. cap``.

    Raises:
        LimitError: it is not.
    """
    if not 0 <= value <= cap:
        raise LimitError(f"{what} is given as {value}, the cap is {cap}")
    return value
