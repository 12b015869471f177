"""Make uproot lay out a TTree of thousands of branches in seconds.

For each branch uproot adds up the lengths of all pieces written so far, several times: for 1,500
branches that is half a minute. Within `quick_sums` these sums go on from where the last one ended.
"""

from __future__ import annotations

import builtins
import contextlib
import threading
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType, GeneratorType
from typing import Any

_LOCK = threading.Lock()
_SHORT = 500


@contextlib.contextmanager
def quick_sums() -> Iterator[None]:
    """Let `uproot.writing._cascadetree` add up its pieces as `_RunningSum` does."""
    import uproot.writing._cascadetree as module

    with _LOCK:
        module.sum = _RunningSum()
        try:
            yield
        finally:
            del module.sum


class _RunningSum:
    """`sum`, but quick for a generator expression over a list that only grows.

    An element counts as final unless it is None, which stands for one that will be filled in. The
    elements are evaluated by the generator's own code, so the result is that of `sum`.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[CodeType, int], _State] = {}

    def __call__(self, items: Iterable[Any]) -> Any:
        pieces = _list_behind(items)
        if pieces is None or len(pieces) < _SHORT:
            return builtins.sum(items)
        assert isinstance(items, GeneratorType)
        key = (items.gi_code, id(pieces))
        state = self._known.setdefault(key, _State(items.gi_code, pieces))
        return state.total()


class _State:
    """The sum so far over ``pieces``, which it keeps alive so that no other list gets its identity."""

    def __init__(self, code: CodeType, pieces: list[Any]) -> None:
        self._values = FunctionType(code, {"__builtins__": builtins})
        self._pieces = pieces
        self._done = 0
        self._sum = 0
        self._open: list[int] = []

    def total(self) -> int:
        pieces = self._pieces
        fresh = [*self._open, *range(self._done, len(pieces))]
        self._sum += builtins.sum(self._values(iter([pieces[i] for i in fresh if pieces[i] is not None])))
        self._open = [i for i in fresh if pieces[i] is None]
        self._done = len(pieces)
        return int(self._sum + builtins.sum(self._values(iter([None] * len(self._open)))))


def _list_behind(items: Iterable[Any]) -> list[Any] | None:
    """The list that an unstarted generator expression without other variables goes through."""
    if not isinstance(items, GeneratorType) or items.gi_code.co_freevars or items.gi_frame is None:
        return None
    source = items.gi_frame.f_locals.get(".0")
    if isinstance(source, type(iter([]))):
        reduced: Any = source.__reduce__()  # iter, (list,), position
        source = reduced[1][0] if reduced[2:] == (0,) else None
    return source if isinstance(source, list) else None
