"""What a packed file costs: sizes by variable, CPU time to decode and encode an event."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from hepack.archive.inspect import table_costs
from hepack.archive.packed import PackedFile, PackedTable
from hepack.archive.readable import EventFile
from hepack.codec.block import encode_block
from hepack.codec.choose import Chooser
from hepack.container import SectionKind
from hepack.evaluate.costs import CostResult, VariableCost

TIMED_BYTES = 2 << 20
"""Of columns, for the time of encoding."""


def measure_cost(original: EventFile, other: EventFile) -> CostResult:
    """Sizes of both files; of a packed one also the cost by variable, and times on some of its events."""
    plain = CostResult(
        original_bytes=original.bytes, other_bytes=other.bytes, raw_bytes=0, events=sum(original.n_events),
        packed=other.packed,
    )  # fmt: skip
    if not other.packed:
        return plain
    rows: list[VariableCost] = []
    lengths = 0.0
    with PackedFile(other.path) as packed:
        for table in packed.tables:
            part, extra = _table_cost(packed, table)
            rows += part
            lengths += extra
        times = _timed(packed)
        models = sum(s.length for s in packed.sections if s.kind == SectionKind.MODEL)
    rows.sort(key=lambda row: -row.packed_bytes)
    stored = sum(row.packed_bytes for row in rows) + lengths
    found = CostResult(
        original_bytes=original.bytes, other_bytes=other.bytes, raw_bytes=sum(row.raw_bytes for row in rows),
        events=sum(original.n_events), packed=True, variables=tuple(rows),
        overhead_bytes=other.bytes - stored - models, model_bytes=models,
        notes=(
            "decoding was timed on the first block and encoding on some of its events, once, on one thread",
            f"the lengths of collections take {lengths:,.0f} bytes",
        ),
    )  # fmt: skip
    if times is None:
        return found
    return replace(
        found, decode_wall=times[0], decode_cpu=times[1], encode_wall=times[2], encode_cpu=times[3]
    )


def _table_cost(packed: PackedFile, table: PackedTable) -> tuple[list[VariableCost], float]:
    costs = table_costs(packed, table)
    rows = []
    for variable in table.schema.variables:
        key = ("text", variable.axis) if variable.kind == "text" else ("values", variable.name)
        count, stored = costs.counts[variable.name], costs.stored[key]
        rows.append(
            VariableCost(
                table=table.name,
                name=variable.name,
                raw_bytes=count * variable.dtype.itemsize,
                packed_bytes=stored,
                bits_per_value=8 * stored / count if count else 0.0,
                coder=costs.coders.get(key, ""),
                tolerance=str(variable.tolerance),
            )
        )
    lengths = sum(cost for (role, _), cost in costs.stored.items() if role == "counts")
    return rows, lengths


def _timed(packed: PackedFile) -> tuple[float, float, float, float] | None:
    """Wall and CPU seconds per event to decode and to encode the first events of the largest table."""
    table = max(packed.tables, key=len, default=None)
    if table is None or not len(table):
        return None
    next(table[:1].iterate())  # what is compiled or imported on first use is no cost of an event
    wall, cpu = time.perf_counter(), time.process_time()
    block = packed.fetch(
        table.blocks[0].section
    ).table()  # with the components and hidden columns that it has
    whole = len(block)
    decode = (time.perf_counter() - wall) / whole, (time.process_time() - cpu) / whole
    block = block.slice(0, max(200, whole * TIMED_BYTES // max(block.nbytes, 1)))
    with ThreadPoolExecutor(1) as pool:
        wall, cpu = time.perf_counter(), time.process_time()
        encode_block(block, Chooser(effort="default"), pool, packed.models[table.number])
        encode = (time.perf_counter() - wall) / len(block), (time.process_time() - cpu) / len(block)
    return (*decode, *encode)
