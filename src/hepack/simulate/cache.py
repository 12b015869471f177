"""Simulated files kept in the user's cache folder, each with a digest of its bytes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from hepack._atomic import replacing
from hepack._errors import BadRequestError
from hepack.simulate.request import Request

Maker = Callable[[Path], object]
GENERATORS = ("pythia8mc", "fastjet")
SUFFIXES = {"nanoaod": ".root", "phenoml": ".phenoml"}
"""Layout -> suffix of its files; HDF5 for the rest."""


@dataclass(frozen=True)
class Entry:
    """A file of the cache; ``fresh`` says that it was made just now."""

    path: Path
    sha256: str
    fresh: bool


def cache_folder() -> Path:
    """``$HEPACK_CACHE``, or ``hepack`` in ``$XDG_CACHE_HOME`` or ``~/.cache``."""
    named = os.environ.get("HEPACK_CACHE")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "hepack"


def cached(request: Request, make: Maker) -> Entry:
    """The file of ``request``; ``make(path)`` is called when it is not there or is damaged.

    Beside ``NAME`` stands ``NAME.json`` with the request, the generators' versions and the SHA-256
    of the file. A file whose digest differs is made again.

    Raises:
        BadRequestError: the cache folder cannot be made.
    """
    folder = cache_folder() / "simulate"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadRequestError(f"cannot make the cache folder '{folder}': {error}") from error
    versions = {name: version(name) for name in GENERATORS}
    suffix = SUFFIXES.get(request.layout, ".h5")
    key = hashlib.sha256(f"{request.key} {versions}".encode()).hexdigest()[:12]
    path = folder / f"{request.process}-{request.layout}-{request.events}-{key}{suffix}"
    note = path.with_name(path.name + ".json")
    if path.exists() and note.exists():
        digest = file_digest(path)
        if _noted_digest(note) == digest:
            return Entry(path, digest, fresh=False)
    path.unlink(missing_ok=True)
    make(path)
    digest = file_digest(path)
    with replacing(note, overwrite=True) as temporary:
        content = {"request": asdict(request), "versions": versions, "sha256": digest}
        temporary.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
    return Entry(path, digest, fresh=True)


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _noted_digest(note: Path) -> str | None:
    try:
        found = json.loads(note.read_text())
    except (OSError, ValueError):
        return None
    return found.get("sha256") if isinstance(found, dict) else None
