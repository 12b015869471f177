"""`Peer`: one compressor behind one interface; the registry by id."""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.bench.column import Column


@dataclass(frozen=True, eq=False)
class Encoded:
    """What a peer made of a column: ``parts`` are charged by their length; ``state`` is what else its
    decoder needs (dtype, shape, a step), a few numbers that are not charged, in the peer's favour;
    nor are the ``shared`` bytes of the parts, which a file of many columns would hold once."""

    parts: tuple[bytes, ...]
    state: Any = None
    shared: int = 0

    @property
    def nbytes(self) -> int:
        return sum(map(len, self.parts)) - self.shared


def missing_package(module: str, package: str) -> str | None:
    """Why ``module`` cannot be imported, with the command that helps; None if it can."""
    try:
        importlib.import_module(module)
    except ImportError:
        return f"the package '{package}' is not installed; run: pip install {package}"
    return None


class Peer(ABC):
    """A compressor of single columns. Instances have no state."""

    id: str
    title: str
    package: str
    """The distribution whose version is recorded, and that is to be installed if it is missing."""
    module: str
    """What is imported; of the standard library where nothing needs installing."""

    def missing(self) -> str | None:
        """Why the peer cannot run here, with the command that helps; None if it can."""
        return missing_package(self.module, self.package)

    def version(self) -> str:
        """The installed version of the package."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return ""

    @abstractmethod
    def settings(self, column: Column) -> Sequence[str]:
        """The settings worth trying on a column, within its tolerance; empty if the peer cannot do it."""

    @abstractmethod
    def compress(self, column: Column, setting: str) -> Encoded:
        """Compress. May leave values outside the bound: the caller charges them (see `hepack.bench.measure`)."""

    @abstractmethod
    def decompress(self, encoded: Encoded, setting: str) -> NDArray[Any]:
        """The values again, of the column's shape and dtype."""


class Coder(ABC):
    """A lossless packer of an integer or float array, for `hepack.bench.generic`."""

    id: str
    title: str
    package: str
    module: str

    @abstractmethod
    def layouts(self, dtype: np.dtype[Any]) -> Sequence[str]:
        """The variants worth trying for a dtype."""

    @abstractmethod
    def pack(self, values: NDArray[Any], layout: str) -> bytes:
        """``values``, shape ``(n,)``, contiguous, not empty, to bytes."""

    @abstractmethod
    def unpack(self, data: bytes, layout: str, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        """Undo `pack`."""


_BUILT_IN = (
    "hepack.bench.coders:PEERS",
    "hepack.bench.openzl:PEERS",
    "hepack.bench.sz3:PEERS",
    "hepack.bench.zfp:PEERS",
    "hepack.bench.rntuple:PEERS",
)
_EXTRA: dict[str, Peer] = {}


def register(peer: Peer) -> None:
    """Add a peer of your own, for this process; one of the same id is replaced."""
    _EXTRA[peer.id] = peer


def all_peers() -> dict[str, Peer]:
    """Every peer by id, installed or not."""
    found: dict[str, Peer] = {}
    for place in _BUILT_IN:
        module, _, attribute = place.partition(":")
        for peer in getattr(importlib.import_module(module), attribute):
            found[peer.id] = peer
    return {**found, **_EXTRA}


def choose(ids: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """The ids asked for (None: all known).

    Raises:
        BadRequestError: an id is unknown; lists the nearest.
    """
    for name in ids or ():
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3) or known
            raise BadRequestError(f"there is no peer '{name}'; did you mean {', '.join(near)}?")
    return [name for name in known if ids is None or name in ids]
