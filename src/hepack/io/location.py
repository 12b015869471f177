"""Where an input lies: a local path or an fsspec URL, opened with errors that a user can act on."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from hepack._errors import BadInputError


def open_binary(path: str) -> IO[bytes]:
    """Open a local path or URL for reading bytes; the caller closes it.

    Raises:
        BadInputError: there is no such file, or it cannot be reached.
    """
    try:
        if "::" not in path and "://" not in path:
            return Path(path).open("rb")  # fsspec would take *, ? and [ in a plain name for a pattern
        handle: Any = fsspec.open(path, "rb").open()
    except FileNotFoundError as error:
        raise BadInputError(f"there is no file '{path}'") from error
    except (OSError, ValueError, ImportError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise BadInputError(f"cannot open '{path}': {reason}") from error
    return cast(IO[bytes], handle)


def local_path(path: str) -> Path | None:
    """The path on this machine, or None for a file that lies elsewhere (also within an archive)."""
    if "::" in path:
        return None
    try:
        filesystem, stripped = fsspec.core.url_to_fs(path)
    except (OSError, ValueError, ImportError) as error:
        raise BadInputError(f"cannot open '{path}': {error}") from error
    return Path(stripped) if isinstance(filesystem, LocalFileSystem) else None


def byte_size(path: str) -> int:
    """The file's length in bytes."""
    with open_binary(path) as handle:
        try:
            return handle.seek(0, 2)
        except (OSError, ValueError) as error:
            raise BadInputError(f"cannot read '{path}': {error}") from error
