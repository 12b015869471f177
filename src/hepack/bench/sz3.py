"""SZ3: error-bounded prediction, all its predictors, and none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.bench.column import Column
from hepack.bench.logarithm import rough, smooth
from hepack.bench.peer import Encoded, Peer
from hepack.bench.quantise import filled

ALGORITHMS = {
    "none": "NOPRED",
    "lorenzo": "LORENZO_REG",
    "interpolation": "INTERP",
    "mixed": "INTERP_LORENZO",
}
"""Setting -> predictor. The sixth way of SZ3, lossless, is zstd alone, which is a peer of its own."""


class Sz3(Peer):
    """SZ3 with an absolute bound, on logarithms for a relative one. Arrays keep their shape up to 4 axes."""

    id, title = "sz3", "SZ3"
    package, module = "pysz", "pysz"

    def settings(self, column: Column) -> Sequence[str]:
        if not column.is_bounded or column.values.dtype.itemsize < 4 or not column.values.size:
            return ()
        ordinary = filled(np.ascontiguousarray(column.values).reshape(-1))
        return () if ordinary is None or smooth(column.tolerance, ordinary) is None else tuple(ALGORITHMS)

    def compress(self, column: Column, setting: str) -> Encoded:
        from pysz import sz, szAlgorithm, szConfig, szErrorBoundMode

        values = shaped(column)
        given = smooth(column.tolerance, values)
        assert given is not None
        config = szConfig()
        config.errorBoundMode = szErrorBoundMode.ABS
        config.absErrorBound = given.bound
        config.cmprAlgo = getattr(szAlgorithm, ALGORITHMS[setting])
        packed, _ = sz.compress(given.values, config)
        state = (values.dtype, values.shape, column.values.shape, given.signs)
        return Encoded((packed.tobytes(), given.signs or b""), state)

    def decompress(self, encoded: Encoded, setting: str) -> NDArray[Any]:
        from pysz import sz

        dtype, packed_shape, shape, signs = encoded.state
        values, _ = sz.decompress(np.frombuffer(encoded.parts[0], np.uint8).copy(), dtype, packed_shape)
        return rough(values, signs).reshape(shape)


def shaped(column: Column) -> NDArray[Any]:
    """The values without special ones, with their shape if it has no more than four axes of length > 1."""
    flat = filled(np.ascontiguousarray(column.values).reshape(-1))
    assert flat is not None
    shape = [length for length in column.values.shape if length > 1] or [1]
    return flat.reshape(shape) if len(shape) <= 4 else flat


PEERS = (Sz3(),)
