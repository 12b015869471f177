"""ZFP: transform coding of blocks of neighbours; reversible, or with an absolute bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.bench.column import Column
from hepack.bench.logarithm import rough, smooth
from hepack.bench.peer import Encoded, Peer
from hepack.bench.quantise import filled
from hepack.bench.sz3 import shaped

KINDS = ("<f4", "<f8", "<i4", "<i8")


class Zfp(Peer):
    """ZFP: ``exact`` is its reversible mode; ``accuracy`` the bound, on logarithms for a relative one."""

    id, title = "zfp", "ZFP"
    package, module = "zfpy", "zfpy"

    def settings(self, column: Column) -> Sequence[str]:
        values = column.values
        if not values.size or values.dtype.str not in KINDS:
            return ()
        if not column.is_bounded:
            return ("exact",)
        ordinary = filled(np.ascontiguousarray(values).reshape(-1))
        bounded = ordinary is not None and smooth(column.tolerance, ordinary) is not None
        return ("exact", "accuracy") if bounded else ("exact",)

    def compress(self, column: Column, setting: str) -> Encoded:
        import zfpy

        if setting == "exact":
            flat = np.ascontiguousarray(column.values).reshape(-1)
            return Encoded((zfpy.compress_numpy(flat),), (column.values.shape, None))
        given = smooth(column.tolerance, shaped(column))
        assert given is not None
        packed = zfpy.compress_numpy(given.values, tolerance=given.bound)
        return Encoded((packed, given.signs or b""), (column.values.shape, given.signs))

    def decompress(self, encoded: Encoded, setting: str) -> NDArray[Any]:
        import zfpy

        shape, signs = encoded.state
        return rough(zfpy.decompress_numpy(encoded.parts[0]), signs).reshape(shape)


PEERS = (Zfp(),)
