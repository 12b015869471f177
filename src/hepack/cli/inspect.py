"""``hepack inspect``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hepack.cli.options import json_option, read_options, reading_from

if TYPE_CHECKING:
    from hepack.archive.inspect import FileReport, TableReport, VariableReport


@click.command("inspect")
@click.argument("file", required=False)
@click.option("--events", type=click.IntRange(1), metavar="N", help="Look at about the first N events only.")
@click.option("--presets", is_flag=True, help="List the presets: each tolerance and its reason.")
@read_options
@json_option
def command(
    file: str | None, events: int | None, presets: bool, format_id: str | None, table: tuple[str, ...],
    allow_pickle: bool, as_json: bool,
) -> int:  # fmt: skip
    """What is in an event FILE or packed FILE: variables, units, ranges, entropy, where the bytes go."""
    from hepack.cli.screen import print_json

    if presets:
        _show_presets(as_json)
        return 0
    if file is None:
        raise click.UsageError("name a file to look at")
    from hepack.archive.inspect import inspect

    report = inspect(file, read=reading_from(table, allow_pickle), format_id=format_id, max_events=events)
    if as_json:
        print_json(_as_json(report))
    else:
        _show(report)
    return 0


def _show(report: FileReport) -> None:
    from hepack.cli.screen import console, named, show_skipped, size

    out = console()
    detail = (
        f", packed by {report.details['creator']} from {report.details['original']}" if report.packed else ""
    )
    out.print(f"{report.path}: {report.format}{detail}, {size(report.bytes)}", highlight=False)
    show_skipped(out, report.skipped)
    if report.unbounded:
        out.print(
            f"unbounded: {named(report.unbounded)} come from an autoencoder, without any bound",
            highlight=False,
        )
    for table in report.tables:
        out.print(_table(table, packed=report.packed))
        for name, cost in table.hidden.items():
            out.print(f"{name}: {size(cost)}", highlight=False)
        if table.order.events:
            out.print(f"events: order not kept (sorted by {table.order.keys})", highlight=False)
        for collection, key in table.order.objects:
            out.print(f"objects of {collection}: order not kept (sorted by {key}, falling)", highlight=False)
    if report.packed:
        out.print(f"names, index and digests: {size(report.overhead)}", highlight=False)


def _table(report: TableReport, *, packed: bool) -> Any:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        title=f"{report.schema.name}: {report.n_events} events", title_justify="left", box=SIMPLE_HEAD
    )
    for name in _PACKED_COLUMNS if packed else _COLUMNS:
        left = name in ("variable", "type", "unit", "lattice", "tolerance", "coded as")
        least, most = _WIDTHS.get(name, (len(name), None))
        table.add_column(
            name,
            justify="left" if left else "right",
            overflow="ellipsis",
            no_wrap=True,
            min_width=least,
            max_width=most,
        )
    blank = [""] * (len(table.columns) - 1)
    for row in report.variables:
        if row.variable.axis == "":
            table.add_row(*_cells(row, packed=packed))
    for collection in report.schema.collections:
        members = [row for row in report.variables if row.variable.axis == collection.name]
        if collection.layout != "text":
            table.add_section()
            entries, cost = report.lengths[collection.name]
            where = f" in {collection.parent}" if collection.parent else ""
            kept = f", lengths {cost:.0f} B" if cost else ""
            title = f"{collection.name}: {collection.layout} of {entries}{where}{kept}"
            table.add_row(title, *blank, style="bold")
        for row in members:
            table.add_row(*_cells(row, packed=packed))
    return table


_WIDTHS: dict[str, tuple[int, int | None]] = {
    "variable": (12, 38), "type": (7, None), "coded as": (8, 60), "lattice": (8, 20),
    **dict.fromkeys(("raw", "on disk", "packed", "tolerance"), (8, None)),
    **dict.fromkeys(("min", "mean", "max"), (9, None)),
}  # fmt: skip
"""The least and the most characters of a column; numbers are never cut."""

# a narrow terminal cuts off the right end
_COLUMNS = ("variable", "type", "unit", "raw", "on disk", "min", "mean", "max", "NaN", "entropy", "lattice")
_PACKED_COLUMNS = (
    "variable",
    "type",
    "unit",
    "raw",
    "packed",
    "bits",
    "plain",
    "tolerance",
    "min",
    "max",
    "coded as",
)


def _cells(row: VariableReport, *, packed: bool) -> list[str]:
    from hepack.cli.screen import number, size

    variable, summary = row.variable, row.summary
    shape = f"[{'x'.join(map(str, variable.shape))}]" if variable.shape else ""
    kind = f" {variable.kind}" if variable.kind in ("angle", "category") else ""
    kind = "text" if variable.kind == "text" else f"{variable.dtype}{shape}{kind}"
    low, mean, high = (number(value) for value in (summary.low, summary.mean, summary.high))
    if variable.kind == "text":
        low = mean = high = ""
    name = variable.name.replace("[", "\\[")
    if packed:
        cost = row.packed_bytes or 0.0
        bits = f"{row.bits_per_value:.2f}" if row.bits_per_value is not None else ""
        tolerance = str(variable.tolerance)
        plain = f"{row.plain_bits:.2f}" if row.plain_bits is not None else ""
        cells = [size(summary.raw_bytes), size(cost), bits, plain, tolerance, low, high, row.coder]
    else:
        entropy = f"{summary.entropy:.2f}" if summary.entropy is not None else ""
        stored = "" if row.stored_bytes is None else size(row.stored_bytes)
        cells = [size(summary.raw_bytes), stored, low, mean, high]
        cells += [str(summary.nan or ""), entropy, summary.lattice]
    return [name, kind, variable.unit, *cells]


def _as_json(report: FileReport) -> dict[str, Any]:
    return {
        "path": report.path,
        "format": report.format,
        "bytes": report.bytes,
        "packed": report.packed,
        "details": report.details,
        "unbounded": list(report.unbounded),
        "skipped": [{"name": item.name, "reason": item.reason} for item in report.skipped],
        "tables": [_table_json(table) for table in report.tables],
    }


def _table_json(report: TableReport) -> dict[str, Any]:
    return {
        "name": report.schema.name,
        "events": report.n_events,
        "order": {"events": report.order.keys or None, "objects": dict(report.order.objects)},
        "collections": [
            {"name": name, "parent": report.schema.collection_by_name[name].parent, "entries": entries,
             "layout": report.schema.collection_by_name[name].layout, "packed_bytes": cost}
            for name, (entries, cost) in report.lengths.items()
        ],
        "variables": [_variable_json(row) for row in report.variables],
        "latent": [{"name": name, "packed_bytes": cost} for name, cost in report.hidden.items()],
    }  # fmt: skip


def _variable_json(row: VariableReport) -> dict[str, Any]:
    variable, summary = row.variable, row.summary
    return {
        "name": variable.name,
        "dtype": str(variable.dtype),
        "axis": variable.axis,
        "shape": list(variable.shape),
        "kind": variable.kind,
        "unit": variable.unit,
        "tolerance": str(variable.tolerance),
        "count": summary.count,
        "min": summary.low,
        "mean": summary.mean,
        "max": summary.high,
        "nan": summary.nan,
        "infinite": summary.infinite,
        "zero": summary.zero,
        "entropy_bits": summary.entropy,
        "lattice": summary.lattice,
        "raw_bytes": summary.raw_bytes,
        "stored_bytes": row.stored_bytes,
        "packed_bytes": row.packed_bytes,
        "bits_per_value": row.bits_per_value,
        "plain_bits_per_value": row.plain_bits,
        "coder": row.coder,
    }


def _show_presets(as_json: bool) -> None:
    from rich.table import Table

    from hepack.cli.screen import console, print_json
    from hepack.codec.presets import PRESETS

    if as_json:
        print_json(
            {
                name: [
                    {"pattern": r.pattern, "tolerance": str(r.tolerance), "reason": r.reason}
                    for r in preset.table
                ]
                for name, preset in PRESETS.items()
            }
        )
        return
    for name, preset in PRESETS.items():
        table = Table(title=f"{name}: {preset.title}")
        for column in ("variables", "tolerance", "reason"):
            table.add_column(column, overflow="fold")
        for row in preset.table:
            table.add_row(row.pattern, str(row.tolerance), row.reason)
        console().print(table)
