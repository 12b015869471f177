"""Inner loops: compiled by numba, or their slow twins; and the one way to compile them."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable
from typing import Any

ALONE = "HEPACK_ALONE"
"""The variable that says, if 1, that nobody else in this process needs numba: then it does not load what other
packages add to it (awkward, vector and with that sympy), which takes two seconds. The command line sets it."""


def jit(function: Callable[..., Any], **options: Any) -> Any:
    """Compile without the GIL; keep the machine code on disk where some cache folder is writable."""
    import numba

    if os.environ.get(ALONE) == "1" and hasattr(numba.core, "entrypoints"):
        numba.core.entrypoints._already_initialized = True
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy", **options)(function)
    except RuntimeError:  # numba found no place for its cache
        return numba.njit(nogil=True, error_model="numpy", **options)(function)


def compiled(kernels: str) -> Any:
    """The module of that name; None without numba or with HEPACK_NO_NUMBA=1."""
    return None if os.environ.get("HEPACK_NO_NUMBA") == "1" else _imported(kernels)


def loops_of(package: str, prefix: str = "") -> Any:
    """The module ``kernels`` of a package, or ``reference`` where nothing can be compiled; both with a prefix."""
    return compiled(f"{package}.{prefix}kernels") or importlib.import_module(f"{package}.{prefix}reference")


@functools.cache
def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
