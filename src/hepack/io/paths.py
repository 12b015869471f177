"""Patterns on the command line to a list of inputs."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

import fsspec

from hepack._errors import BadInputError

_MAGIC = "*?["


def expand(patterns: Iterable[str]) -> list[str]:
    """The files that local paths, globs and fsspec URLs (with globs too) name.

    In the order of the patterns, those of one pattern sorted; a file that two patterns name comes once.

    Raises:
        BadInputError: a pattern matches nothing, or names a folder.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        for path in _matches(pattern):
            found.setdefault(path)
    return list(found)


def _matches(pattern: str) -> list[str]:
    if "://" in pattern or "::" in pattern:
        return _remote(pattern)
    path = Path(pattern).expanduser()
    if path.exists():  # also a name that has a bracket in it
        return [_file(path)]
    if not any(sign in pattern for sign in _MAGIC):
        raise BadInputError(f"there is no file '{pattern}'")
    matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207  (pathlib's has other rules for **)
    files = [match for match in matches if not Path(match).is_dir()]
    if not files:
        raise BadInputError(f"no file matches '{pattern}'")
    return files


def _file(path: Path) -> str:
    if path.is_dir():
        raise BadInputError(f"'{path}' is a folder; name its files, for example '{path}/*.root'")
    return str(path)


def _remote(pattern: str) -> list[str]:
    if "::" in pattern or not any(sign in pattern for sign in _MAGIC):
        return [pattern]  # whether it exists is known when it is opened, without one more request
    try:
        filesystem, path = fsspec.core.url_to_fs(pattern)
        matches = sorted(
            name for name, info in filesystem.glob(path, detail=True).items() if info["type"] == "file"
        )
    except (OSError, ValueError, ImportError, NotImplementedError) as error:
        raise BadInputError(f"cannot list '{pattern}': {error}") from error
    if not matches:
        raise BadInputError(f"no file matches '{pattern}'")
    return [filesystem.unstrip_protocol(match) for match in matches]
