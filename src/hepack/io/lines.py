"""Text files in blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from hepack._errors import BadInputError


@dataclass(frozen=True)
class LineBlock:
    """Whole lines (the file's last may lack its end); ``first`` is the number of the first, from 1."""

    first: int
    text: bytes


def line_blocks(handle: IO[bytes], path: str, size: int, *, longest: int = 1 << 26) -> Iterator[LineBlock]:
    """Cut a file into blocks of about ``size`` bytes, at line ends.

    Raises:
        BadInputError: reading fails, or a line has over ``longest`` bytes.
    """
    first, rest = 1, b""
    while True:
        try:
            piece = handle.read(size)
        except (OSError, ValueError, EOFError) as error:
            raise BadInputError(f"cannot read '{path}' after line {first}: {error}") from error
        if not piece:
            break
        end = piece.rfind(b"\n") + 1
        if end == 0:
            rest += piece
            if len(rest) > longest:
                raise BadInputError(f"'{path}' line {first} has over {longest} bytes, so it is no event text")
            continue
        text = rest + piece[:end]
        rest = piece[end:]
        yield LineBlock(first, text)
        first += text.count(b"\n")
    if rest:
        yield LineBlock(first, rest)
