"""Which inner loops run: the compiled ones, or their slow twins."""

from __future__ import annotations

import functools
import os
from typing import Any


@functools.cache
def _compiled() -> Any:
    try:
        from hepack.conditional.history import kernels
    except ImportError:
        return None
    return kernels


def loops() -> Any:
    """`kernels`, or `reference` without numba or with HEPACK_NO_NUMBA=1."""
    compiled = None if os.environ.get("HEPACK_NO_NUMBA") == "1" else _compiled()
    if compiled is not None:
        return compiled
    from hepack.conditional.history import reference

    return reference
