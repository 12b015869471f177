"""Produce the next items of an iterator in threads while the current one is in use."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


def ahead(items: Iterator[T]) -> Iterator[T]:
    """Yield the same items in the same order, one made ahead."""
    with ThreadPoolExecutor(1) as maker:
        pending = maker.submit(next, items, None)
        while (item := pending.result()) is not None:
            pending = maker.submit(next, items, None)
            yield item


def side_by_side(function: Callable[[T], U], items: Iterator[T], count: int) -> Iterator[U]:
    """Yield ``function`` of each item in the same order, ``count`` of them worked on at a time."""
    with ThreadPoolExecutor(count) as workers:
        pending: deque[Future[U]] = deque()
        for item in items:
            pending.append(workers.submit(function, item))
            if len(pending) == count:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
