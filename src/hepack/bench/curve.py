"""The rate-distortion curve: bits per value of hepack and its peers at several tolerances, on a sample of a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hepack.bench.result import BenchResult
from hepack.bench.run import bench
from hepack.codec.recipe import Recipe
from hepack.evaluate.costs import CurvePoint
from hepack.io import ReadOptions, WriteOptions, get_format, open_source
from hepack.table import Tolerance

TOLERANCES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
PEERS = ("pcodec", "sz3", "zfp", "openzl")
SAMPLE_BYTES = 4 << 20


def curve(
    path: str | os.PathLike[str], *, tolerances: Sequence[float] = TOLERANCES, peers: Sequence[str] = PEERS,
    read: ReadOptions | None = None, format_id: str | None = None,
) -> tuple[CurvePoint, ...]:  # fmt: skip
    """Measure the first events of the file's first table, about ``SAMPLE_BYTES`` of columns, at each tolerance.

    A tolerance is relative for all floats but angles and pseudorapidities, for which it is absolute.
    """
    points: list[CurvePoint] = []
    with tempfile.TemporaryDirectory(prefix="hepack-curve-") as folder:
        sample = Path(folder) / "sample.parquet"
        rules = _write_sample(os.fspath(path), sample, read or ReadOptions(), format_id)
        for tolerance in tolerances:
            recipe = Recipe(rules=tuple((name, Tolerance(mode, tolerance)) for name, mode in rules))  # type: ignore[arg-type]
            points += _points(bench(sample, recipe, peers=peers, repeat=1), tolerance)
    return tuple(points)


def _write_sample(path: str, sample: Path, read: ReadOptions, format_id: str | None) -> list[tuple[str, str]]:
    with open_source(path, read, format_id=format_id) as source:
        schema = source.contents.schemas[0]
        block = next(source.blocks(0, max_bytes=SAMPLE_BYTES))
    block = block.slice(0, max(100, len(block) * SAMPLE_BYTES // max(block.nbytes, 1)))
    with get_format("parquet").create(str(sample), {}, WriteOptions()) as sink:
        sink.begin(schema, len(block))
        sink.write(block)
    floats = [v for v in schema.variables if v.dtype.kind == "f" and v.kind != "text"]
    absolute = [v.kind == "angle" or v.name.lower().endswith("eta") for v in floats]
    return [(v.name, "absolute" if a else "relative") for v, a in zip(floats, absolute, strict=True)]


def _points(result: BenchResult, tolerance: float) -> list[CurvePoint]:
    values = sum(item.raw_bytes // _width(item.dtype) for item in result.items if item.role == "values")
    found = [("hepack", result.own[0].bytes)]
    found += [
        (total.peer, total.bytes)
        for total in result.totals()
        if total.family == "bounded" and not total.broken
    ]
    return [
        CurvePoint(compressor=name, tolerance=tolerance, bytes=size, bits_per_value=8 * size / max(values, 1))
        for name, size in found
    ]


def _width(dtype: str) -> int:
    import numpy as np

    return np.dtype(dtype).itemsize
