"""OpenZL: a handful of graphs for numeric columns, as its own trainer would choose among."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.bench.generic import GenericPeer
from hepack.bench.peer import Coder

Build = Callable[[Any, Any, Any], Any]
"""``(graphs, nodes, compressor)`` to the starting graph."""

GRAPHS: dict[str, Build] = {
    "generic": lambda g, n, c: g.Compress()(c),
    "field-lz": lambda g, n, c: g.FieldLz()(c),
    "delta, field-lz": lambda g, n, c: n.DeltaInt()(c, g.FieldLz()(c)),
    "range-pack, field-lz": lambda g, n, c: n.RangePack()(c, g.FieldLz()(c)),
    "transpose, entropy": lambda g, n, c: n.ConvertNumToStructLE()(c, n.TransposeSplit()(c, g.Entropy()(c))),
    "transpose, zstd": lambda g, n, c: n.ConvertNumToStructLE()(
        c, n.TransposeSplit()(c, g.Zstd(compression_level=19)(c))
    ),
    "tokens": lambda g, n, c: n.TokenizeNumeric(sort=True)(
        c, alphabet=n.DeltaInt()(c, g.FieldLz()(c)), indices=g.Compress()(c)
    ),
}


class OpenZL(Coder):
    """OpenZL on a numeric column; each graph is a layout. Floats go in as their bits."""

    id, title = "openzl", "OpenZL"
    package, module = "openzl", "openzl.ext"

    def layouts(self, dtype: np.dtype[Any]) -> Sequence[str]:
        return tuple(GRAPHS)

    def pack(self, values: NDArray[Any], layout: str) -> bytes:
        from openzl import ext

        compressor = ext.Compressor()
        compressor.set_parameter(ext.CParam.FormatVersion, ext.MAX_FORMAT_VERSION)
        # a graph that does not suit the data falls back to a generic one instead of failing
        compressor.set_parameter(ext.CParam.PermissiveCompression, 1)
        compressor.set_parameter(ext.CParam.ContentChecksum, 2)
        compressor.set_parameter(ext.CParam.CompressedChecksum, 2)
        compressor.select_starting_graph(GRAPHS[layout](ext.graphs, ext.nodes, compressor))
        context = ext.CCtx()
        context.ref_compressor(compressor)
        whole = values.view(np.dtype(f"u{values.dtype.itemsize}"))
        return bytes(context.compress([ext.Input(ext.Type.Numeric, whole)]))

    def unpack(self, data: bytes, layout: str, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        from openzl import ext

        outputs = ext.DCtx().decompress(data)
        return np.asarray(outputs[0].content.as_nparray()).reshape(-1).view(dtype).copy()


PEERS = (GenericPeer(OpenZL()),)
