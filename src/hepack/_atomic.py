"""Write under a temporary name; rename into place only when all went well."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from hepack._errors import BadRequestError


def refuse_same(source: str, output: str | os.PathLike[str]) -> None:
    """An output may replace an older output, never the input.

    Raises:
        BadRequestError: both are the same file.
    """
    with contextlib.suppress(OSError, ValueError):
        if Path(source).samefile(output):
            raise BadRequestError(
                f"the output '{os.fspath(output)}' is the input itself; choose another name"
            )


@contextlib.contextmanager
def replacing(path: Path, *, overwrite: bool = False, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path``; on success rename it to ``path``.

    With ``durable`` it is flushed to disk first, so that not even a power cut leaves a file that is
    named but incomplete; leave that out only for what can be made again.

    On any exception, Ctrl-C included, the temporary file is removed and ``path`` is as it was.
    A killed process leaves at most a file that has ``.part`` in its name.

    Raises:
        BadRequestError: ``path`` exists and ``overwrite`` is off, or its folder does not exist.
    """
    if path.is_dir():
        raise BadRequestError(f"'{path}' is a folder; name a file")
    if path.exists() and not overwrite:
        raise BadRequestError(f"'{path}' exists already; choose another name or pass --overwrite")
    if not path.parent.is_dir():
        raise BadRequestError(f"the folder '{path.parent}' does not exist; create it first")
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        yield temporary
        if durable:
            with temporary.open("rb") as handle:
                os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if not durable:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
