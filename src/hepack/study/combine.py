"""With other compressors: inputs compressed before, latents after; error against bytes, for all of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.autocoder.latent import codes_of, grid_bits, pack_codes
from hepack.autocoder.stored import net_to_sections
from hepack.models.fixedpoint import FixedNet
from hepack.models.lowering import lower_decoder
from hepack.study import draw
from hepack.study.effort import Effort, Say
from hepack.study.quality import quality, worst
from hepack.study.recipes import Outcome
from hepack.study.record import Entry, Section, Sheet
from hepack.study.table import Table
from hepack.study.ways import PLAIN, Point, learned, mantissa, peer, plain, point, timed
from hepack.training.trained import Trained

BOUNDS = (0.3, 0.1, 0.03, 0.01, 3e-3, 1e-3, 1e-4)
LEVELS = (1, 2, 3, 4, 5, 6, 8, 10)
BITS = (8, 10, 12, 14, 16)


def combine(outside: Table, outcomes: list[Outcome], effort: Effort, say: Say) -> Section:
    """The rate-distortion curves of all combinations on the validation jets."""
    points: list[Point] = []
    for bound in BOUNDS:
        say(f"rate and distortion: plain coders and the learned one at {bound:g}")
        points += [plain(outside, bound), learned(outside, bound)]
        for name in ("sz3", "zfp"):
            found = peer(name, outside, bound)
            points += [found] if found else []
    points += [mantissa(outside, bits) for bits in BITS]
    for outcome in outcomes:
        if outcome.trained is not None and outcome.seed == outcomes[0].seed and outcome.recipe != "wound":
            say(f"rate and distortion: {outcome.recipe} network")
            points += _network(outcome.recipe, outside, outcome.trained)
    return Section(
        "combinations", "With other compressors, at equal bytes and at equal error", _text(points),
        (_sheet(outside, points), _equal(points), _before(outside, points, outcomes)),
        (_picture(points, "first"), _picture(points, "worst")),
    )  # fmt: skip


def _network(recipe: str, table: Table, trained: Trained) -> list[Point]:
    """The latent as float32, float16, and on grids, entropy-coded; the decoder in fixed point."""
    latent, spent = timed(lambda: trained.latent(table.values))
    points, name = [], f"{recipe} network"
    for dtype in (np.float32, np.float16):
        rounded = latent.astype(dtype)
        restored, back = timed(partial(_from_floats, trained, rounded))
        extra = 4 * trained.card["parameters"] / 2
        points.append(point(name, dtype.__name__, rounded.nbytes, extra, table, restored, (spent, back)))
    for levels in LEVELS:
        bits = grid_bits(latent, levels)
        net = lower_decoder(trained.model, bits, weight_bits=12)
        codes = codes_of(latent, bits)
        parts, packing = timed(partial(pack_codes, codes))
        restored, back = timed(partial(_from_codes, trained, net, codes))
        extra = sum(map(len, net_to_sections(net)[1]))
        size = sum(map(len, parts))
        points.append(point(name, f"grid 2^-{levels}", size, extra, table, restored, (spent + packing, back)))
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
    curve = _curve(points, PLAIN)
    xs = [p.bits for p in curve]
    ys = [math.log(max(1e-12, p.found[place].response_rms)) for p in curve]
    return math.exp(float(np.interp(bits, xs, ys)))


def _bits_at(points: list[Point], rms: float, place: int) -> float:
    curve = _curve(points, PLAIN)[::-1]
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


def _before(table: Table, points: list[Point], outcomes: list[Outcome]) -> Sheet:
    """The networks on inputs that were compressed before, by each of the other ways."""
    rows: list[tuple[Entry, ...]] = []
    for outcome in outcomes:
        if outcome.trained is None or outcome.seed != outcomes[0].seed or outcome.recipe == "wound":
            continue
        given = [("as they are", "", 32.0 * len(table.names), table.values)]
        given += [(p.way, p.setting, p.bits, p.restored) for p in points if "network" not in p.way]
        for way, setting, bits, values in given:
            found = quality(table, outcome.trained.reconstruct(values))
            rows.append((outcome.recipe, way, setting, bits, *(q.response_rms for q in found)))
    header = (
        "network", "its inputs", "setting", "bits / jet of the inputs",
        *(f"{name} response rms" for name in table.names),
    )  # fmt: skip
    return Sheet(
        "Networks on inputs compressed before",
        header,
        tuple(rows),
        "Responses are to the values before any compression. Bits of a mantissa include sign and 8 bits of exponent: "
        "16 bits leave 7 of mantissa.",
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
        "the integers by themselves; a network's latent is rounded to a grid and coded in the same way. The learned "
        "coder has the same bounds, and its bytes are those of coded values and model together.",
        f"Of {len(networks)} network points, {wins} have a smaller rms of their worst variable than plain quantisation "
        "at equal bytes (decoder not charged).",
    )
