"""Small linear systems by elimination: elementwise operations alone, so no BLAS decides a digit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def solve(matrices: Floats, vectors: Floats) -> Floats:
    """Solve symmetric positive systems, shapes ``(system, j, j)`` and ``(system, j)``."""
    a, x = matrices.copy(), vectors.copy()
    size = a.shape[1]
    for j in range(size):
        for k in range(j + 1, size):
            factor = a[:, k, j] / a[:, j, j]
            a[:, k, j:] -= factor[:, None] * a[:, j, j:]
            x[:, k] -= factor * x[:, j]
    for j in range(size - 1, -1, -1):
        for k in range(j + 1, size):
            x[:, j] -= a[:, j, k] * x[:, k]
        x[:, j] /= a[:, j, j]
    return x


def inverse(matrix: Floats) -> Floats:
    """The inverse of one symmetric positive matrix."""
    size = len(matrix)
    return solve(np.repeat(matrix[None], size, axis=0), np.eye(size))
