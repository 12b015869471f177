"""Model sections: a table's learned model inside a packed file, or in a model file that packed files name.

The header is ``{"t": table, "c": crc, "m": rows}`` with the parts of the items as body, or, for a model that
lies in a ``.hpm`` file, ``{"t": table, "x": digest, "f": file name, "k": [items used]}`` without a body.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hepack._errors import BadInputError, CorruptFileError, HepackError
from hepack.autocoder.network import Network
from hepack.codec.plan import Plan
from hepack.conditional import Conditional
from hepack.container import (
    ArchiveReader,
    ArchiveWriter,
    SectionHead,
    SectionKind,
    SectionRef,
    pack_json,
    unpack_json,
)
from hepack.learned import Key, TableModel
from hepack.table import Schema

SUFFIX = ".hpm"
PATH_VARIABLE = "HEPACK_MODELS"
"""Folders, separated as in PATH, in which model files are looked for."""

NETWORK_VERSION = 3
MODEL_VERSION = 4
"""Of the format: what files with networks alone need, and files with learned models."""

COPY = "copy of "


def conditional_class(tag: str) -> type[Conditional]:
    """The class that reads the conditional models of a tag.

    Raises:
        CorruptFileError: there is none.
    """
    if tag == "t":
        from hepack.conditional.tree import Tree

        return Tree
    if tag == "m":
        from hepack.conditional.mlp import Mlp

        return Mlp
    if tag == "h":
        from hepack.conditional.history import History

        return History
    raise CorruptFileError(f"a model is of the unknown kind {tag[:20]!r}")


def write_model(writer: ArchiveWriter, number: int, model: TableModel, *, copy: bool = False) -> str:
    """Append the model of a table; return the section's digest."""
    rows, blobs = model.parts
    body = b"".join(blobs)
    header = pack_json({"t": number, "c": zlib.crc32(body), "m": rows})
    return writer.add(SectionKind.MODEL, header, [body], f"{COPY if copy else ''}model {number}")


def write_network(
    writer: ArchiveWriter, place: tuple[int, int], network: Network, model: TableModel, *, copy: bool = False
) -> None:
    """Append a network of a table (``place``: its number and that of the network) and the items about it."""
    value, sections = network.to_parts()
    rows, blobs = model.parts
    body = b"".join([*sections, *blobs])
    header = pack_json({"t": place[0], "c": zlib.crc32(body), "n": value, "m": rows})
    label = f"{COPY if copy else ''}network {place[0]}.{place[1]}"
    writer.add(SectionKind.MODEL, header, [body], label)


def model_size(model: TableModel) -> int:
    """About the bytes of a model's section."""
    rows, blobs = model.parts
    return len(pack_json(rows)) + sum(map(len, blobs))


def write_reference(writer: ArchiveWriter, number: int, digest: str, name: str, keys: Iterable[Key]) -> None:
    """Append that the items ``keys`` of a table are coded by the model ``digest`` of the file ``name``."""
    names = [[role, item] for role, item in keys]
    header = pack_json({"t": number, "x": digest, "f": name, "k": names})
    writer.add(SectionKind.MODEL, header, [], f"reference {number}")


def is_sound(header: bytes, body: bytes) -> bool:
    """Whether a model section holds what was written."""
    value = unpack_json(header, "the header of a model")
    return isinstance(value, dict) and value.get("c", 0) == (zlib.crc32(body) if body else 0)


def read_network(value: Any, rows: Any, body: bytes, schema: Schema) -> TableModel:
    """The items of a network's section.

    Raises:
        CorruptFileError, LimitError: they are none of such a table.
    """
    network, rest = Network.from_parts(value, body, schema)
    return TableModel.from_parts(schema, rows, rest, _no_conditional, predictors=network.predictor)


def _no_conditional(tag: str) -> Any:
    raise CorruptFileError(f"a column about a network cannot have a model of the kind {tag[:20]!r}")


class ModelReader:
    """Reads the models of a packed file; those in other files are looked for in ``folders``."""

    def __init__(self, reader: ArchiveReader, schemas: Sequence[Schema], folders: Sequence[Path]) -> None:
        self._reader = reader
        self._schemas = schemas
        self._folders = folders

    def read(self, sections: Iterable[SectionRef], *, damaged: bool = False) -> list[TableModel]:
        """The model of each table; one without items where the file holds none.

        A table's models add up. Of a model and its copy the first sound one counts; with ``damaged``, one of
        which none is sound is left out.

        Raises:
            CorruptFileError: a model is damaged in all copies, or contradicts the schemas.
            BadInputError: a model lies in a file that is not found.
        """
        models = [TableModel(schema, ()) for schema in self._schemas]
        problems: dict[Any, CorruptFileError] = {}
        seen: set[Any] = set()
        for section in sections:
            if section.kind != SectionKind.MODEL:
                continue
            name = str(section.label).removeprefix(COPY)
            try:
                header, number, found = self._one(section)
            except CorruptFileError as error:
                problems[name] = error
                continue
            if header not in seen:
                models[number] = models[number].extended(found)
            seen |= {header, name}
        lost = [error for name, error in problems.items() if name not in seen]
        if lost and not damaged:
            raise lost[0]
        return models

    def _one(self, section: SectionRef) -> tuple[bytes, int, TableModel]:
        head, raw = self._reader.header(section)
        value = unpack_json(raw, "the header of a model")
        match value:
            case {"t": int(number), "c": int(crc), "m": rows, **rest} if (
                0 <= number < len(self._schemas) and not rest
            ):
                body = self._body(section, head, crc)
                schema = self._schemas[number]
                return raw, number, TableModel.from_parts(schema, rows, body, conditional_class)
            case {"t": int(number), "c": int(crc), "n": network, "m": rows} if (
                0 <= number < len(self._schemas)
            ):
                body = self._body(section, head, crc)
                return raw, number, read_network(network, rows, body, self._schemas[number])
            case {"t": int(number), "x": str(digest), "f": str(name), "k": [*keys]} if (
                0 <= number < len(self._schemas)
            ):
                return raw, number, self._elsewhere(self._schemas[number], digest, name, keys)
            case _:
                raise CorruptFileError(f"a model of '{self._reader.path}' has a wrong form")

    def _body(self, section: SectionRef, head: SectionHead, crc: int) -> bytes:
        body = self._reader.body(section, head, 0, head.body_length)
        if zlib.crc32(body) != crc:
            raise CorruptFileError(f"the model in '{self._reader.path}' is damaged")
        return body

    def _elsewhere(self, schema: Schema, digest: str, name: str, keys: list[Any]) -> TableModel:
        for folder in self._folders:
            for path in sorted(folder.glob(f"*{SUFFIX}")):
                try:
                    file = ModelFile(path)
                except HepackError:  # another file of that suffix is nobody's business here
                    continue
                with file:
                    for section in file.sections:
                        if section.digest == digest:
                            return file.model(section, schema, {tuple(key) for key in keys})
        raise BadInputError(
            f"'{self._reader.path}' needs the model file '{name[:100]}' (digest {digest[:32]}); put it beside "
            f"the packed file, or name its folder in the environment variable {PATH_VARIABLE}"
        )


class ModelFile:
    """An open ``.hpm`` file: models of tables, to be used for many files; a context manager.

    Raises (on opening and reading): BadInputError if it is none, CorruptFileError if it is damaged.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self._handle = self.path.open("rb")
        except OSError as error:
            raise BadInputError(f"cannot open the model file '{self.path}': {error.strerror}") from error
        try:
            self._reader = ArchiveReader(self._handle, str(self.path))
            _, sections = self._reader.index()
            self.sections = [s for s in sections if s.kind == SectionKind.MODEL]
            plans = [s for s in sections if s.kind == SectionKind.PLAN]
            if not plans:
                raise CorruptFileError(f"'{self.path}' has no plan")
            plan = Plan.from_json(unpack_json(self._reader.header(plans[0])[1], "the plan"))
            self.schemas = plan.coded
            self._scores = [s for s in sections if s.kind == SectionKind.SCORES]
        except BaseException:
            self._handle.close()
            raise

    def model(self, section: SectionRef, schema: Schema, keys: set[tuple[str, str]]) -> TableModel:
        """The items ``keys`` of a model, for a table of ``schema``."""
        head, raw = self._reader.header(section)
        body = self._reader.body(section, head, 0, head.body_length)
        match unpack_json(raw, "the header of a model"):
            case {"c": int(crc), "m": [*rows], **rest} if zlib.crc32(body) == crc and "n" not in rest:
                return TableModel.from_parts(schema, rows, body, conditional_class, keys=keys)
            case _:
                raise CorruptFileError(f"the model file '{self.path}' is damaged")

    def find(self, table: str) -> tuple[str, TableModel] | None:
        """Digest and model of the table of that name, or of the only table there is."""
        names = [schema.name for schema in self.schemas]
        number = names.index(table) if table in names else 0
        if table not in names and len(names) > 1:
            return None
        for section in self.sections:
            _, raw = self._reader.header(section)
            value = unpack_json(raw, "the header of a model")
            if isinstance(value, dict) and value.get("t") == number:
                keys = {(str(row[0]), str(row[1])) for row in value.get("m", ())}
                return section.digest, self.model(section, self.schemas[number], keys)
        return None

    def scores(self) -> tuple[bytes, bytes] | None:
        """Header and body of the detector (`hepack.scoring.stored`), if the file has one; the caller checks both."""
        if not self._scores:
            return None
        head, header = self._reader.header(self._scores[0])
        return header, self._reader.body(self._scores[0], head, 0, head.body_length)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._handle.close()


def model_folders(path: str) -> list[Path]:
    """Where the models of a packed file are looked for: beside it, then in HEPACK_MODELS."""
    beside = [Path(path).parent] if "://" not in path else []
    return beside + [Path(part) for part in os.environ.get(PATH_VARIABLE, "").split(os.pathsep) if part]
