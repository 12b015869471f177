"""Threads that code blocks, and iterators whose next items are produced while the current one is in use."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from hepack.intnet import one_thread

T = TypeVar("T")
U = TypeVar("U")


@contextmanager
def workers(threads: int | None) -> Iterator[Executor]:
    """So many threads (None: one for each core), none of which starts more for the products of its nets."""
    with one_thread(), ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        yield pool


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
