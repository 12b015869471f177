"""What a file format promises: `Format` opens a `Source` to read and creates a `Sink` to write."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, ClassVar, Self

from hepack.table import EventTable, Schema


@dataclass(frozen=True)
class Skipped:
    """Something in the input that hepack cannot carry, and why. Shown, and recorded in the packed file."""

    name: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """``tables`` limits reading to these table names (None: all). ``ungrouped`` names collections that
    a first attempt grouped and that turned out to differ in length (see `GroupingError`)."""

    allow_pickle: bool = False
    tables: tuple[str, ...] | None = None
    ungrouped: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class WriteOptions:
    """Format-specific names, such as ROOT's ``zstd`` and ``ttree`` or ``rntuple``."""

    compression: str | None = None
    level: int | None = None
    container: str | None = None


class GroupingError(Exception):
    """A later block shows that columns taken for one collection have different lengths.

    Columns are grouped by name and by the lengths in the first block. Whoever reads catches this
    and opens the file anew with ``collection`` among ``ReadOptions.ungrouped``.
    """

    def __init__(self, collection: str) -> None:
        super().__init__(collection)
        self.collection = collection


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What an open file holds. ``attributes`` are plain JSON values for the writer of the same format."""

    format: str
    schemas: tuple[Schema, ...]
    n_events: tuple[int, ...]
    skipped: tuple[Skipped, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Source(ABC):
    """An open input file; use as a context manager."""

    contents: Contents

    @abstractmethod
    def blocks(self, table: int, *, max_bytes: int) -> Iterator[EventTable]:
        """Yield the events of ``contents.schemas[table]`` in order, in blocks of about ``max_bytes``.

        Each block has the schema ``contents.schemas[table]`` and at least one event (a table without
        events yields nothing). Memory stays within a few ``max_bytes``.

        Raises:
            GroupingError: see there.
            BadInputError: the file is damaged.
        """

    def stored_bytes(self, table: int) -> Mapping[str, int]:
        """The bytes that variables of ``contents.schemas[table]`` take in the file, compressed, by name.

        Only variables for which the format keeps such a number of their own; without any, empty. Lengths
        of collections that lie in a column of their own count for nothing.

        Raises:
            BadInputError: the file is damaged.
        """
        return {}

    def close(self) -> None:  # noqa: B027  (optional to override)
        """Release the file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Sink(ABC):
    """An output file: ``begin`` a table, ``write`` its blocks, then the next table; ``close``.

    ``notes`` are sentences for the user, about what was written otherwise than in the original.
    """

    notes: Sequence[str] = ()

    @abstractmethod
    def begin(self, schema: Schema, n_events: int) -> None:
        """Start a table. ``n_events`` is the total that will follow.

        Raises:
            BadRequestError: the format cannot hold this table; says which column and which formats can.
        """

    @abstractmethod
    def write(self, block: EventTable) -> None:
        """Append a block of the current table."""

    @abstractmethod
    def close(self) -> None:
        """Finish the file. Must be called for the file to be valid."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def abort(self) -> None:  # noqa: B027
        """Release handles after an error; the caller removes the unfinished file."""


class Format(ABC):
    """A file format, registered under ``id``. ``suffixes`` are lower case with the dot."""

    id: ClassVar[str]
    title: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]]

    @abstractmethod
    def recognises(self, path: str, head: bytes) -> bool:
        """Whether a file with this path and these first bytes (up to 4096) is of this format."""

    @abstractmethod
    def open(self, path: str, options: ReadOptions) -> Source:
        """Open a local path or fsspec URL.

        Raises:
            BadInputError: the file is not of this format or is damaged; one sentence.
        """

    @abstractmethod
    def create(self, path: str, attributes: Mapping[str, Any], options: WriteOptions) -> Sink:
        """Start a new local file. ``attributes`` are those of a source of this format, or empty."""
