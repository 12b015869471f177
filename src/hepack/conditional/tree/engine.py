"""Which inner loops run: the compiled ones, or their slow twins."""

from __future__ import annotations

import functools
import os
from typing import Any


@functools.cache
def _compiled() -> Any:
    try:
        from hepack.conditional.tree import fit_kernels, kernels
    except ImportError:
        return None
    return kernels, fit_kernels


def coding_loops() -> Any:
    """`kernels`, or `reference` without numba or with HEPACK_NO_NUMBA=1."""
    compiled = None if os.environ.get("HEPACK_NO_NUMBA") == "1" else _compiled()
    if compiled is not None:
        return compiled[0]
    from hepack.conditional.tree import reference

    return reference


def fitting_loops() -> Any:
    """`fit_kernels`, or `fit_reference` without numba or with HEPACK_NO_NUMBA=1."""
    compiled = None if os.environ.get("HEPACK_NO_NUMBA") == "1" else _compiled()
    if compiled is not None:
        return compiled[1]
    from hepack.conditional.tree import fit_reference

    return fit_reference
