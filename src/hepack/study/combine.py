"""With other compressors: inputs compressed before, latents after; error against bytes, for all of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.autocoder.columns import decode_plain, encode_plain
from hepack.autocoder.integers import pack_integers
from hepack.autocoder.latent import codes_of, grid_bits, pack_codes
from hepack.autocoder.stored import net_to_sections
from hepack.bench.column import Column
from hepack.bench.peer import all_peers
from hepack.models.fixedpoint import FixedNet
from hepack.models.lowering import lower_decoder
from hepack.study import draw
from hepack.study.effort import Effort, Say
from hepack.study.quality import Quality, quality, worst
from hepack.study.recipes import Outcome
from hepack.study.record import Entry, Section, Sheet
from hepack.study.table import Table
from hepack.table import Tolerance
from hepack.training.trained import Trained
from hepack.transforms import OrderedBits

BOUNDS = (0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 1e-4)
LEVELS = (1, 2, 3, 4, 5, 6, 8, 10)
BITS = (8, 10, 12, 14, 16)


@dataclass(frozen=True)
class Point:
    """One way at one setting: bits per jet, how good, and seconds of processor time."""

    way: str
    setting: str
    bits: float
    with_decoder: float
    found: tuple[Quality, ...]
    encode: float
    decode: float


def tolerances(table: Table, bound: float) -> dict[str, Tolerance]:
    """``bound`` relative for steep variables, absolute for angles and variables through zero."""
    made = {}
    for place, name in enumerate(table.names):
        values = table.values[:, place]
        signed = place in table.angles or (values < 0).mean() > 0.02
        made[name] = Tolerance("absolute" if signed else "relative", bound)
    return made


def combine(outside: Table, outcomes: list[Outcome], effort: Effort, say: Say) -> Section:
    """The rate-distortion curves of all combinations on the validation jets."""
    points: list[Point] = []
    for bound in BOUNDS:
        say(f"rate and distortion: plain coders at {bound:g}")
        points.append(_plain(outside, bound))
        for name in ("sz3", "zfp"):
            found = _peer(name, outside, bound)
            points += [found] if found else []
    points += [_mantissa(outside, bits) for bits in BITS]
    for outcome in outcomes:
        if outcome.trained is not None and outcome.seed == outcomes[0].seed and outcome.recipe != "wound":
            say(f"rate and distortion: {outcome.recipe} network")
            points += _network(outcome.recipe, outside, outcome.trained)
    return Section(
        "combinations", "With other compressors, at equal bytes and at equal error", _text(points),
        (_sheet(outside, points), _equal(points), _before(outside, outcomes)),
        (_picture(points, "first"), _picture(points, "worst")),
    )  # fmt: skip


def _timed(run: Callable[[], Any]) -> tuple[Any, float]:
    started = time.process_time()
    result = run()
    return result, time.process_time() - started


def _point(
    way: str, setting: str, size: float, extra: float, table: Table, restored: Any, times: tuple[float, float]
) -> Point:
    per = 8 / max(1, len(table))
    return Point(way, setting, size * per, (size + extra) * per, quality(table, restored), *times)


def _plain(table: Table, bound: float) -> Point:
    bounds = tolerances(table, bound)
    coded, first = _timed(lambda: {n: encode_plain(v, bounds[n]) for n, v in table.columns().items()})
    dtype = np.dtype(np.float32)
    restored, second = _timed(
        lambda: np.stack(
            [decode_plain(c.settings, iter(c.sections), len(table), dtype) for c in coded.values()], 1
        )
    )
    size = sum(sum(map(len, c.sections)) for c in coded.values())
    return _point("quantise + entropy code", f"{bound:g}", size, 0, table, restored, (first, second))


def _peer(name: str, table: Table, bound: float) -> Point | None:
    peer = all_peers()[name]
    if peer.missing():
        return None
    bounds, size, restored, first, second = tolerances(table, bound), 0, [], 0.0, 0.0
    for key, values in table.columns().items():
        column = Column("jets", key, "values", values, bounds[key])
        tries = [
            (peer.compress(column, setting), setting)
            for setting in peer.settings(column)
            if setting != "exact"
        ]
        if not tries:
            return None
        best, setting = min(tries, key=lambda one: one[0].nbytes)
        _, spent = _timed(partial(peer.compress, column, setting))
        out, back = _timed(partial(peer.decompress, best, setting))
        size, first, second = size + best.nbytes, first + spent, second + back
        restored.append(out)
    return _point(peer.title, f"{bound:g}", size, 0, table, np.stack(restored, 1), (first, second))


def truncated(table: Table, bits: int) -> NDArray[np.float64]:
    """The float32 values with ``bits`` mantissa bits."""
    grid = OrderedBits(23 - bits)
    made = [grid.inverse(grid.forward(v), v.dtype) for v in table.columns().values()]
    return np.stack(made, 1).astype(np.float64)


def _mantissa(table: Table, bits: int) -> Point:
    kept = bits - 9  # a number of so many bits: sign, exponent, mantissa
    grid = OrderedBits(23 - max(0, kept))
    parts, spent = _timed(lambda: [pack_integers(grid.forward(v)) for v in table.columns().values()])
    return _point(
        "mantissa + entropy code",
        f"{bits} bits",
        sum(map(len, parts)),
        0,
        table,
        truncated(table, max(0, kept)),
        (spent, 0.0),
    )


def _network(recipe: str, table: Table, trained: Trained) -> list[Point]:
    """The latent as float32, float16, and on grids, entropy-coded; the decoder in fixed point."""
    latent, spent = _timed(lambda: trained.latent(table.values))
    points, name = [], f"{recipe} network"
    for dtype in (np.float32, np.float16):
        rounded = latent.astype(dtype)
        restored, back = _timed(partial(_from_floats, trained, rounded))
        extra = 4 * trained.card["parameters"] / 2
        points.append(_point(name, dtype.__name__, rounded.nbytes, extra, table, restored, (spent, back)))
    for levels in LEVELS:
        bits = grid_bits(latent, levels)
        net = lower_decoder(trained.model, bits, weight_bits=12)
        codes = codes_of(latent, bits)
        parts, packing = _timed(partial(pack_codes, codes))
        restored, back = _timed(partial(_from_codes, trained, net, codes))
        extra = sum(map(len, net_to_sections(net)[1]))
        size = sum(map(len, parts))
        points.append(
            _point(name, f"grid 2^-{levels}", size, extra, table, restored, (spent + packing, back))
        )
    return points


def _from_floats(trained: Trained, latent: NDArray[np.floating]) -> NDArray[np.float64]:
    return trained.normaliser.inverse(trained.normalised_from(latent.astype(np.float32)))


def _from_codes(trained: Trained, net: FixedNet, codes: NDArray[np.int64]) -> NDArray[np.float64]:
    return trained.normaliser.inverse(net.run(codes))


def _sheet(table: Table, points: list[Point]) -> Sheet:
    header = (
        "way", "setting", "bits / jet", "with decoder", "ratio to float32",
        *(f"{name} response rms" for name in table.names), "encode MB/s", "decode MB/s",
    )  # fmt: skip
    raw = 32 * len(table.names)
    megabytes = table.raw_bytes / 1e6
    rows: list[tuple[Entry, ...]] = [
        (p.way, p.setting, p.bits, p.with_decoder, raw / max(1e-9, p.bits), *(q.response_rms for q in p.found),
         megabytes / max(1e-6, p.encode), megabytes / p.decode if p.decode else None)
        for p in points
    ]  # fmt: skip
    note = "Speeds in MB of float32 per second of one core. 'With decoder' charges the network's weights to these jets."
    return Sheet("All combinations", header, tuple(rows), note)


def _curve(points: list[Point], way: str) -> list[Point]:
    return sorted((p for p in points if p.way == way), key=lambda p: p.bits)


def _at_bits(points: list[Point], bits: float, place: int) -> float:
    """The response rms of plain quantisation at so many bits, by interpolation of logarithms."""
    curve = _curve(points, "quantise + entropy code")
    xs = [p.bits for p in curve]
    ys = [math.log(max(1e-12, p.found[place].response_rms)) for p in curve]
    return math.exp(float(np.interp(bits, xs, ys)))


def _bits_at(points: list[Point], rms: float, place: int) -> float:
    curve = _curve(points, "quantise + entropy code")[::-1]
    ys = [p.bits for p in curve]
    xs = [math.log(max(1e-12, p.found[place].response_rms)) for p in curve]
    return float(np.interp(math.log(max(1e-12, rms)), xs, ys))


def _equal(points: list[Point]) -> Sheet:
    """Each network's points beside plain quantisation at the same bytes, and at the same error."""
    rows: list[tuple[Entry, ...]] = []
    for p in points:
        if "network" not in p.way:
            continue
        first, bad = p.found[0], worst(p.found)
        place = [q.name for q in p.found].index(bad.name)
        rows.append(
            (p.way, p.setting, p.bits, first.response_rms, _at_bits(points, p.bits, 0),
             bad.name, bad.response_rms, _at_bits(points, p.bits, place), _bits_at(points, bad.response_rms, place))
        )  # fmt: skip
    name = points[0].found[0].name
    header = (
        "way", "setting", "bits / jet", f"{name} rms", "quantised at equal bytes",
        "worst variable", "its rms", "quantised at equal bytes ", "quantised at equal error: bits / jet",
    )  # fmt: skip
    return Sheet(
        "Against plain quantisation",
        header,
        tuple(rows),
        "The decoder's weights are not charged here, in the networks' favour.",
    )


def _before(table: Table, outcomes: list[Outcome]) -> Sheet:
    """The networks on inputs that were truncated before."""
    rows: list[tuple[Entry, ...]] = []
    for outcome in outcomes:
        if outcome.trained is None or outcome.seed != outcomes[0].seed or outcome.recipe == "wound":
            continue
        for bits in BITS:
            given = truncated(table, max(0, bits - 9))
            found = quality(table, outcome.trained.reconstruct(given))
            rows.append((outcome.recipe, bits, *(q.response_rms for q in found)))
    header = ("network", "bits of each input", *(f"{name} response rms" for name in table.names))
    return Sheet(
        "Networks on inputs truncated before",
        header,
        tuple(rows),
        "Sign and 8 bits of exponent included: 16 bits leave 7 of mantissa.",
    )


def _picture(points: list[Point], which: str) -> Any:
    ways: Mapping[str, list[Point]] = {
        way: _curve(points, way) for way in dict.fromkeys(p.way for p in points)
    }

    def error(p: Point) -> float:
        return p.found[0].response_rms if which == "first" else worst(p.found).response_rms

    lines = {way: ([p.bits for p in curve], [error(p) for p in curve]) for way, curve in ways.items()}
    name = points[0].found[0].name if which == "first" else "worst variable"
    caption = (
        f"Response rms of {name} against bits per jet; down and left is better. Decoder weights not charged."
    )
    return draw.curves(
        f"rate_{which}", caption, lines, x="bits per jet", y=f"response rms, {name}", log_x=True
    )


def _text(points: list[Point]) -> tuple[str, ...]:
    networks = [p for p in points if "network" in p.way and p.bits < 128]
    places = {q.name: k for k, q in enumerate(points[0].found)}
    wins = sum(
        worst(p.found).response_rms < _at_bits(points, p.bits, places[worst(p.found).name]) for p in networks
    )
    return (
        "Every way stores the same validation jets. Plain quantisation chooses one grid per variable and codes "
        "the integers by themselves; a network's latent is rounded to a grid and coded in the same way.",
        f"Of {len(networks)} network points, {wins} have a smaller rms of their worst variable than plain quantisation "
        "at equal bytes (decoder not charged).",
    )
