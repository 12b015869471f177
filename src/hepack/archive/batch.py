"""Pack many files: one bad file does not stop the others, and a rerun goes on where the last one ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import fsspec

from hepack._atomic import replacing
from hepack._errors import BadRequestError, HepackError
from hepack.archive.pack import PackResult, pack
from hepack.archive.packed import PackedFile
from hepack.codec.recipe import Recipe
from hepack.io import ReadOptions

MANIFEST = "hepack-manifest.json"


@dataclass(frozen=True)
class FileStatus:
    """A row of the manifest: ``state`` is ``packed``, ``unchanged`` (packed by an earlier run) or ``failed``."""

    source: str
    output: str
    state: str
    fingerprint: str
    input_bytes: int = 0
    packed_bytes: int = 0
    events: int = 0
    message: str = ""


def pack_many(
    sources: Sequence[str],
    folder: Path,
    recipe: Recipe,
    *,
    read: ReadOptions | None = None,
    format_id: str | None = None,
    strict: bool = False,
    started: Callable[[str, int], None] | None = None,
    finished: Callable[[FileStatus], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[FileStatus]:
    """Pack every source into ``folder`` as ``<name>.hpk`` and keep ``hepack-manifest.json`` there.

    A file whose output is there, sound, and made from the same input by the same recipe is left alone.

    Raises:
        BadRequestError: ``folder`` is not a folder, or two sources have the same name.
    """
    if folder.exists() and not folder.is_dir():
        raise BadRequestError(f"'{folder}' is a file; several inputs need a folder for their outputs")
    folder.mkdir(parents=True, exist_ok=True)
    outputs = [folder / f"{Path(source).name}.hpk" for source in sources]
    if len(set(outputs)) < len(outputs):
        twice = next(path.name for path in outputs if outputs.count(path) > 1)
        raise BadRequestError(f"two inputs would both become '{twice}'; pack them into different folders")
    earlier = _load(folder / MANIFEST)
    rows: dict[str, FileStatus] = dict(earlier)
    done: list[FileStatus] = []
    for number, (source, output) in enumerate(zip(sources, outputs, strict=True)):
        if started:
            started(source, number)
        try:
            fingerprint = _fingerprint(source, recipe, strict, read, format_id)
            row = _unchanged(earlier.get(source), output, fingerprint)
            if row is None:
                result = pack(
                    source, output, recipe, read=read, format_id=format_id, strict=strict, overwrite=True,
                    progress=progress,
                )  # fmt: skip
                row = _packed(result, fingerprint)
        except Exception as error:  # whatever is wrong with one file, the others go on
            known = isinstance(error, HepackError | OSError)
            message = str(error) if known else f"{type(error).__name__}: {error}"
            row = FileStatus(source, str(output), "failed", "", message=" ".join(message.split()))
        rows[source] = row
        done.append(row)
        _save(folder / MANIFEST, rows)
        if finished:
            finished(row)
    return done


def _packed(result: PackResult, fingerprint: str) -> FileStatus:
    return FileStatus(
        result.source,
        result.path,
        "packed",
        fingerprint,
        result.input_bytes,
        result.packed_bytes,
        sum(result.n_events),
    )


def _unchanged(row: FileStatus | None, output: Path, fingerprint: str) -> FileStatus | None:
    if row is None or row.state == "failed" or row.fingerprint != fingerprint or not output.is_file():
        return None
    try:
        with PackedFile(output) as packed:
            if packed.reader.size != row.packed_bytes:
                return None
    except HepackError:
        return None
    return FileStatus(**{**asdict(row), "state": "unchanged"})


def _fingerprint(
    source: str, recipe: Recipe, strict: bool, read: ReadOptions | None, format_id: str | None
) -> str:
    """Of the input's size and time, and of all that decides how it is packed."""
    filesystem, path = fsspec.core.url_to_fs(source)
    try:
        info = filesystem.info(path)
    except FileNotFoundError:
        raise BadRequestError(f"cannot open '{source}': there is no such file") from None
    parts = [source, str(info.get("size")), str(info.get("mtime", info.get("ETag", "")))]
    parts += [
        repr((recipe.rules, recipe.preset, recipe.effort, recipe.block_bytes, recipe.network)),
        str(strict),
    ]
    parts += [repr((read.tables if read else None, format_id))]
    if recipe.frees_order:
        parts += [repr((recipe.free_event_order, recipe.free_object_order))]
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=12).hexdigest()


def _load(path: Path) -> dict[str, FileStatus]:
    if not path.exists():
        return {}
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text())["files"]
        return {row["source"]: FileStatus(**row) for row in rows}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BadRequestError(f"'{path}' is no manifest of hepack ({error}); move it away") from error


def _save(path: Path, rows: dict[str, FileStatus]) -> None:
    with replacing(path, overwrite=True) as temporary:
        temporary.write_text(json.dumps({"files": [asdict(row) for row in rows.values()]}, indent=1) + "\n")
