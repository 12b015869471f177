"""Which inner loops run: the compiled ones, or their slow twins."""

from __future__ import annotations

import functools
import os
from typing import Any


@functools.cache
def _compiled() -> Any:
    try:
        from hepack.entropy import kernels
    except ImportError:
        from hepack.entropy import reference

        return reference
    return kernels


def loops() -> Any:
    """The module of inner loops: `kernels`, or `reference` without numba or with HEPACK_NO_NUMBA=1."""
    if os.environ.get("HEPACK_NO_NUMBA") == "1":
        from hepack.entropy import reference

        return reference
    return _compiled()
