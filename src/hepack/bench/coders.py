"""Generic lossless packers: pcodec, zstd, LZMA, blosc2."""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.bench.generic import GenericPeer
from hepack.bench.peer import Coder


class Pcodec(Coder):
    """pcodec on whole columns; bytes and bools as 16-bit integers, for which it is made."""

    package, module = "pcodec", "pcodec"

    def __init__(self, level: int) -> None:
        self.level = level
        self.id = "pcodec" if level == 8 else f"pcodec-{level}"
        self.title = f"pcodec, level {level}"

    def layouts(self, dtype: np.dtype[Any]) -> Sequence[str]:
        return ("",)

    def pack(self, values: NDArray[Any], layout: str) -> bytes:
        from pcodec import ChunkConfig, standalone

        wide = values.astype(np.uint16) if values.dtype.itemsize == 1 else values
        return bytes(standalone.simple_compress(wide, ChunkConfig(compression_level=self.level)))

    def unpack(self, data: bytes, layout: str, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        from pcodec import standalone

        return np.asarray(standalone.simple_decompress(data)).astype(dtype, copy=False)


class _Bytewise(Coder):
    """A packer of bytes, on the values as they lie and with their byte planes apart."""

    def layouts(self, dtype: np.dtype[Any]) -> Sequence[str]:
        return ("plain", "shuffled") if dtype.itemsize > 1 else ("plain",)

    def pack(self, values: NDArray[Any], layout: str) -> bytes:
        rows = values.view(np.uint8)
        if layout == "shuffled":
            rows = np.ascontiguousarray(rows.reshape(-1, values.dtype.itemsize).T)
        return self.pack_bytes(rows.tobytes())

    def unpack(self, data: bytes, layout: str, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        rows = np.frombuffer(self.unpack_bytes(data, count * dtype.itemsize), np.uint8)
        if layout == "shuffled":
            rows = np.ascontiguousarray(rows.reshape(dtype.itemsize, -1).T).reshape(-1)
        return rows.view(dtype)

    def pack_bytes(self, data: bytes) -> bytes:
        raise NotImplementedError

    def unpack_bytes(self, data: bytes, size: int) -> bytes:
        raise NotImplementedError


class Zstd(_Bytewise):
    """zstd without checksum and content size."""

    package, module = "zstandard", "zstandard"

    def __init__(self, level: int) -> None:
        self.level = level
        self.id = f"zstd-{level}"
        self.title = f"zstd, level {level}"

    def pack_bytes(self, data: bytes) -> bytes:
        import zstandard

        return zstandard.ZstdCompressor(level=self.level, write_content_size=False).compress(data)

    def unpack_bytes(self, data: bytes, size: int) -> bytes:
        import zstandard

        return zstandard.ZstdDecompressor().decompress(data, max_output_size=max(1, size))


class Lzma(_Bytewise):
    """LZMA, preset 9, as a bare stream without headers and checksum."""

    package, module = "lzma", "lzma"
    id = "lzma-9"
    title = "LZMA, level 9"

    def _filters(self, size: int) -> list[dict[str, int]]:
        # a dictionary as large as the data: the same bytes, without clearing 64 MB for each small column
        dictionary = max(4096, min(size, 64 << 20))
        return [{"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": dictionary}]

    def pack_bytes(self, data: bytes) -> bytes:
        return lzma.compress(data, lzma.FORMAT_RAW, filters=self._filters(len(data)))

    def unpack_bytes(self, data: bytes, size: int) -> bytes:
        return lzma.decompress(data, lzma.FORMAT_RAW, filters=self._filters(size))


class Blosc2(Coder):
    """blosc2 with zstd at level 9, one thread, byte or bit shuffle."""

    package, module = "blosc2", "blosc2"
    id, title = "blosc2", "blosc2, zstd 9"

    def layouts(self, dtype: np.dtype[Any]) -> Sequence[str]:
        return ("shuffled", "bit-shuffled") if dtype.itemsize > 1 else ("plain", "bit-shuffled")

    def pack(self, values: NDArray[Any], layout: str) -> bytes:
        import blosc2

        kind = {"plain": "NOFILTER", "shuffled": "SHUFFLE", "bit-shuffled": "BITSHUFFLE"}[layout]
        packed = blosc2.compress2(
            values.view(np.uint8), codec=blosc2.Codec.ZSTD, clevel=9, filters=[blosc2.Filter[kind]],
            typesize=values.dtype.itemsize, nthreads=1,
        )  # fmt: skip
        return bytes(packed)

    def unpack(self, data: bytes, layout: str, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        import blosc2

        return np.frombuffer(blosc2.decompress2(data, nthreads=1), dtype)


PEERS = tuple(GenericPeer(c) for c in (Pcodec(8), Pcodec(12), Zstd(3), Zstd(19), Lzma(), Blosc2()))
