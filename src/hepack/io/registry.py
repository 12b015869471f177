"""Find the format of a file; third parties join by the entry point group ``hepack.formats``."""

from __future__ import annotations

import difflib
import importlib
from functools import cache
from importlib.metadata import entry_points

from hepack._errors import BadInputError, BadRequestError
from hepack.io.base import Format, ReadOptions, Source
from hepack.io.location import open_binary

_BUILT_IN = {
    "root": "hepack.io.root:RootFormat",
    "parquet": "hepack.io.parquet:ParquetFormat",
    "hdf5": "hepack.io.hdf5:Hdf5Format",
    "npy": "hepack.io.npy:NpyFormat",
    "npz": "hepack.io.npy:NpzFormat",
    "pickle": "hepack.io.pickled:PickleFormat",
    "phenoml": "hepack.io.phenoml:PhenomlFormat",
    "csv": "hepack.io.csv:CsvFormat",
}
"""Format id -> class, in the order in which content is tried; each module is imported on first use."""

HEAD_BYTES = 4096


@cache
def get_format(name: str) -> Format:
    """The format registered under ``name``.

    Raises:
        BadRequestError: no such format; lists the nearest names.
    """
    if name in _BUILT_IN:
        module, _, attribute = _BUILT_IN[name].partition(":")
        built_in: type[Format] = getattr(importlib.import_module(module), attribute)
        return built_in()
    for entry in entry_points(group="hepack.formats"):
        if entry.name == name:
            third_party: type[Format] = entry.load()
            return third_party()
    near = difflib.get_close_matches(name, format_ids(), n=3) or format_ids()
    raise BadRequestError(f"there is no file format '{name}'; did you mean {', '.join(near)}?")


def format_ids() -> list[str]:
    """Every registered id."""
    return [*_BUILT_IN, *(entry.name for entry in entry_points(group="hepack.formats"))]


def detect(path: str) -> Format:
    """The format of an existing file, by its first bytes and its name.

    Raises:
        BadInputError: the file cannot be opened, is empty, or no format recognises it.
    """
    try:
        with open_binary(path) as handle:
            head = handle.read(HEAD_BYTES)
    except OSError as error:
        raise BadInputError(f"cannot read '{path}': {error.strerror or error}") from error
    if not head:
        raise BadInputError(f"'{path}' is empty (0 bytes)")
    for name in format_ids():
        candidate = get_format(name)
        if candidate.recognises(path, head):
            return candidate
    raise BadInputError(
        f"'{path}' is in no format that hepack reads ({', '.join(format_ids())}); name it with --format"
    )


def open_source(path: str, options: ReadOptions | None = None, *, format_id: str | None = None) -> Source:
    """Open a file of any registered format."""
    chosen = get_format(format_id) if format_id else detect(path)
    return chosen.open(path, options or ReadOptions())


def format_for_output(path: str) -> Format:
    """The format that a new file's name asks for.

    Raises:
        BadRequestError: no format writes this suffix.
    """
    lower = path.lower()
    for name in format_ids():
        candidate = get_format(name)
        if lower.endswith(candidate.suffixes):
            return candidate
    raise BadRequestError(f"cannot tell the format of '{path}' from its name; give one with --to")
