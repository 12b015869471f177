"""Which inner loops map features to inputs: the compiled ones, or their slow twins."""

from __future__ import annotations

import functools
import os
from typing import Any


@functools.cache
def _compiled() -> Any:
    try:
        from hepack.conditional.mlp import kernels
    except ImportError:
        from hepack.conditional.mlp import reference

        return reference
    return kernels


def loops() -> Any:
    """`kernels`, or `reference` without numba or with HEPACK_NO_NUMBA=1."""
    if os.environ.get("HEPACK_NO_NUMBA") == "1":
        from hepack.conditional.mlp import reference

        return reference
    return _compiled()
