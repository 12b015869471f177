"""`Prices` as the page of a study: a table, what follows from it in words, and a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from hepack.bench.machine import machine_facts
from hepack.study.codecs import ModelChosen
from hepack.study.draw import COLOURS, panels
from hepack.study.price import BY_MODEL, HELD, Price, Prices
from hepack.study.record import Entry, Picture, Section, Sheet, Study

PACKED = ModelChosen.name

HEADER = (
    "process", "codec", "events", "bits/event", "±", "bits/value", "to background", "outside the bound",
    "share of values", "largest error / bound", "error, rms", "error, median",
)  # fmt: skip


def price_study(prices: Prices, *, command: str = "", seconds: tuple[float, float] = (0.0, 0.0)) -> Study:
    """The page; ``seconds`` are those of the clock and of the processor."""
    sheets = (
        Sheet(
            "Every process at every codec",
            HEADER,
            tuple(price_row(prices, row) for row in prices.rows),
            _NOTE,
        ),
        Sheet("Tolerances", ("variable", "tolerance"), tuple(prices.tolerances.items())),
    )
    pictures = (_bits(prices), _errors(prices))
    section = Section("price", "The price of the unusual", _text(prices), sheets, pictures, *seconds)
    machine = machine_facts(("torch", "pcodec"))
    return Study("What the promise costs", command, machine, (section,), dict(prices.skipped))


_NOTE = (
    "Models and networks were made for the background and are not counted, but for what 'pack --model' learns anew. "
    "'to background' is the ratio of bits per value. Errors (rms and median over all values) are in units of each "
    "variable's rms error on the background by the same codec. The code length is what the probabilities of a learned "
    "model say that looks at no other event; in a packed file a model may look at the event before, and a column for "
    "which it fails is coded without it."
)


def price_row(prices: Prices, row: Price) -> tuple[Entry, ...]:
    """A row of the table under `HEADER`."""
    usual = prices.of(HELD, row.codec)
    share = None if row.broken is None else row.broken / max(1, row.values)
    return (
        row.process, row.codec, row.events, row.per_event, _known(row.error), row.per_value,
        row.per_value / usual.per_value, row.broken, share, _known(row.largest), _known(row.rms), _known(row.median),
    )  # fmt: skip


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _text(prices: Prices) -> tuple[str, ...]:
    lines = [
        f"Codecs were made for {prices.fitted:,} events of the background. '{HELD}' are other events of it, the "
        "processes below were never seen."
    ]
    promised = [row for row in prices.rows if row.promised]
    broken = sum(row.broken or 0 for row in promised)
    total = sum(row.values for row in promised)
    lines.append(
        f"Codecs with a promise: {broken:,} of {total:,} values outside their tolerance."
        + (" The promise holds." if not broken else " THE PROMISE IS BROKEN.")
    )
    lines += [_priced(prices, name) for name in prices.processes if name != HELD]
    loose = [row for row in prices.rows if row.broken is not None and not row.promised]
    if loose:
        parts = ", ".join(
            f"{row.process} {100 * (row.broken or 0) / max(1, row.values):.0f} % (error {row.rms:.2g})"
            for row in loose
        )
        lines.append(
            f"Without a promise (autoencoder, unbounded), values outside the tolerance: {parts}; errors are in units "
            "of those on the background."
        )
    return tuple(lines)


def _priced(prices: Prices, process: str) -> str:
    """What a process costs more, in words."""
    model, usual = (prices.of(name, BY_MODEL) for name in (process, HELD))
    chosen = prices.of(process, PACKED).per_value / prices.of(HELD, PACKED).per_value
    more = percent_more(model.per_value / usual.per_value)
    return (
        f"{process}: {model.per_event:.4g} ± {model.error:.2g} bits of code length per event, "
        f"{usual.per_event:.4g} ± {usual.error:.2g} on the background; {more} per value, {percent_more(chosen)} as "
        "packed with the model."
    )


def percent_more(ratio: float) -> str:
    """``1.1`` as ``+10.0 %``."""
    return f"{100 * (ratio - 1):+.1f} %"


def _bits(prices: Prices) -> Picture:
    def draw(axes: Any, number: int) -> None:
        label = ("bits per event", "bits per value / background")[number]
        chosen = [
            [_bar(prices, process, codec, number) for process in prices.processes] for codec in prices.codecs
        ]
        _bars(axes, prices.processes, prices.codecs, chosen, label)
        if number:
            axes.axhline(1.0, color="0.5", linewidth=1)
            low = min(min(values) for values in chosen)
            axes.set_ylim(bottom=max(0.0, min(0.9, low - 0.05)))
        else:
            axes.legend(fontsize=7, ncols=2)
            axes.set_ylim(top=1.35 * max(max(values) for values in chosen))

    caption = "Bits by process and codec, models not counted; right: bits per value against the background's."
    return panels("bits", caption, 2, draw, columns=2, size=(5.6, 4.2))


def _bar(prices: Prices, process: str, codec: str, number: int) -> float:
    row = prices.of(process, codec)
    return row.per_value / prices.of(HELD, codec).per_value if number else row.per_event


def _errors(prices: Prices) -> Picture:
    codecs = [codec for codec in prices.codecs if codec != BY_MODEL]

    def draw(axes: Any, number: int) -> None:
        def value(row: Price) -> float:
            return row.rms if number == 0 else 100 * (row.broken or 0) / max(1, row.values)

        chosen = [[value(prices.of(process, codec)) for process in prices.processes] for codec in codecs]
        label = ("error / error on the background, rms", "values outside the bound in %")[number]
        colours = [prices.codecs.index(codec) for codec in codecs]
        _bars(axes, prices.processes, codecs, chosen, label, colours)
        if number == 0:
            axes.axhline(1.0, color="0.5", linewidth=1)
        else:
            axes.set_ylim(0, 135)  # room for the legend
            axes.set_yticks(range(0, 101, 20))
            axes.legend(fontsize=7, ncols=2)

    caption = "Reconstruction error and broken bounds. No bar: no error, or nothing broken."
    return panels("errors", caption, 2, draw, columns=2, size=(5.6, 4.2))


def _bars(
    axes: Any, processes: Sequence[str], codecs: Sequence[str], values: Sequence[Sequence[float]], label: str,
    colours: Sequence[int] | None = None,
) -> None:  # fmt: skip
    """A group of bars for each process."""
    width = 0.8 / len(codecs)
    places = np.arange(len(processes))
    for number, (codec, heights) in enumerate(zip(codecs, values, strict=True)):
        colour = COLOURS[(colours[number] if colours else number) % len(COLOURS)]
        shift = (number - (len(codecs) - 1) / 2) * width
        axes.bar(places + shift, np.nan_to_num(heights), width, color=colour, label=codec)
    axes.set_xticks(places, processes)
    axes.set_ylabel(label)
    axes.grid(False, axis="x")
