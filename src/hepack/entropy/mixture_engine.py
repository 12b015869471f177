"""Which inner loops of the mixture coder run: the compiled ones, or their slow twins."""

from __future__ import annotations

import functools
import os
from typing import Any


@functools.cache
def _compiled() -> Any:
    try:
        from hepack.entropy import mixture_kernels
    except ImportError:
        from hepack.entropy import mixture_reference

        return mixture_reference
    return mixture_kernels


def loops() -> Any:
    """`mixture_kernels`, or `mixture_reference` without numba or with HEPACK_NO_NUMBA=1."""
    if os.environ.get("HEPACK_NO_NUMBA") == "1":
        from hepack.entropy import mixture_reference

        return mixture_reference
    return _compiled()
