"""The ways to compress rows without an autoencoder: plain quantisation, SZ3, ZFP, mantissa bits, the learned coder."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.archive.models import model_size
from hepack.autocoder.columns import decode_plain, encode_plain
from hepack.autocoder.integers import pack_integers
from hepack.bench.column import Column
from hepack.bench.peer import all_peers
from hepack.codec.block import EncodedBlock, encode_block
from hepack.codec.blockreader import BlockReader
from hepack.codec.choose import Chooser
from hepack.fitting import fit_table
from hepack.learned import TableModel
from hepack.study.quality import Quality, quality
from hepack.study.table import Table
from hepack.table import EventTable, Schema, Tolerance, Variable
from hepack.transforms import OrderedBits

PLAIN = "quantise + entropy code"


@dataclass(frozen=True)
class Point:
    """One way at one setting: bits per jet, how good, seconds of processor time, and what comes back."""

    way: str
    setting: str
    bits: float
    with_decoder: float
    found: tuple[Quality, ...]
    encode: float
    decode: float
    restored: NDArray[np.float64]


def tolerances(table: Table, bound: float) -> dict[str, Tolerance]:
    """``bound`` relative for steep variables, absolute for angles and variables through zero."""
    made = {}
    for place, name in enumerate(table.names):
        values = table.values[:, place]
        signed = place in table.angles or (values < 0).mean() > 0.02
        made[name] = Tolerance("absolute" if signed else "relative", bound)
    return made


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    result = run()
    return result, time.process_time() - started


def point(
    way: str, setting: str, size: float, extra: float, table: Table, restored: Any, times: tuple[float, float]
) -> Point:
    per = 8 / max(1, len(table))
    values = np.asarray(restored, np.float64)
    return Point(way, setting, size * per, (size + extra) * per, quality(table, restored), *times, values)


def plain(table: Table, bound: float) -> Point:
    bounds = tolerances(table, bound)
    coded, first = timed(lambda: {n: encode_plain(v, bounds[n]) for n, v in table.columns().items()})
    dtype = np.dtype(np.float32)
    restored, second = timed(
        lambda: np.stack(
            [decode_plain(c.settings, iter(c.sections), len(table), dtype) for c in coded.values()], 1
        )
    )
    size = sum(sum(map(len, c.sections)) for c in coded.values())
    return point(PLAIN, f"{bound:g}", size, 0, table, restored, (first, second))


def peer(name: str, table: Table, bound: float) -> Point | None:
    known = all_peers()[name]
    if known.missing():
        return None
    bounds, size, restored, first, second = tolerances(table, bound), 0, [], 0.0, 0.0
    for key, values in table.columns().items():
        column = Column("jets", key, "values", values, bounds[key])
        tries = [
            (known.compress(column, setting), setting)
            for setting in known.settings(column)
            if setting != "exact"
        ]
        if not tries:
            return None
        best, setting = min(tries, key=lambda one: one[0].nbytes)
        _, spent = timed(partial(known.compress, column, setting))
        out, back = timed(partial(known.decompress, best, setting))
        size, first, second = size + best.nbytes, first + spent, second + back
        restored.append(out)
    return point(known.title, f"{bound:g}", size, 0, table, np.stack(restored, 1), (first, second))


def truncated(table: Table, bits: int) -> NDArray[np.float64]:
    """The float32 values with ``bits`` mantissa bits."""
    grid = OrderedBits(23 - bits)
    made = [grid.inverse(grid.forward(v), v.dtype) for v in table.columns().values()]
    return np.stack(made, 1).astype(np.float64)


def mantissa(table: Table, bits: int) -> Point:
    kept = bits - 9  # a number of so many bits: sign, exponent, mantissa
    grid = OrderedBits(23 - max(0, kept))
    parts, spent = timed(lambda: [pack_integers(grid.forward(v)) for v in table.columns().values()])
    return point(
        "mantissa + entropy code",
        f"{bits} bits",
        sum(map(len, parts)),
        0,
        table,
        truncated(table, max(0, kept)),
        (spent, 0.0),
    )


def learned(table: Table, bound: float) -> Point:
    """What `hepack pack` does by default, its model's bytes counted: relations and trees, every value checked."""
    bounds = tolerances(table, bound)
    angles = {table.names[place]: {"kind": "angle", "period": 2 * math.pi} for place in table.angles}
    columns = table.columns()
    variables = tuple(
        Variable(name=name, dtype=values.dtype, tolerance=bounds[name], **angles.get(name, {}))  # type: ignore[arg-type]
        for name, values in columns.items()
    )
    block = EventTable(Schema("jets", variables), len(table), {}, columns)
    (encoded, model), first = timed(partial(_encoded, block))
    restored, second = timed(lambda: _decoded(block.schema, encoded, model).columns)
    size = encoded.nbytes + (model_size(model) if model.items else 0)
    values = np.stack([restored[name] for name in table.names], 1)
    return point("learned coder (hepack pack)", f"{bound:g}", size, 0, table, values, (first, second))


def _encoded(block: EventTable) -> tuple[EncodedBlock, TableModel]:
    """The smaller of what a table's model makes of it, model included, and what plain coders do."""
    chooser = Chooser()
    with ThreadPoolExecutor(1) as pool:
        model = fit_table(block, events=len(block), chooser=chooser, executor=pool).own
        found = encode_block(block, chooser, pool, model), model
        bare = encode_block(block, chooser, pool), TableModel(block.schema, ())
    return found if found[0].nbytes + model_size(model) < bare[0].nbytes else bare


def _decoded(schema: Schema, encoded: EncodedBlock, model: TableModel) -> EventTable:
    body = b"".join(encoded.body)
    header = {"t": 0, "i": 0, **encoded.header}
    return BlockReader(schema, header, lambda start, length: body[start : start + length], model).table()
