"""Time series: gravitational-wave strain at a stated loss of signal-to-noise, beside SZ3 and lossless coding."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.autocoder.integers import pack_integers
from hepack.bench.column import Column
from hepack.bench.peer import all_peers
from hepack.io import ReadOptions, open_source
from hepack.models.convolution import ConvolutionAutoencoder
from hepack.study import convolve, draw
from hepack.study.effort import Effort, Say
from hepack.study.record import Entry, Section, Sheet
from hepack.table import Tolerance

Floats = NDArray[np.float64]
SEGMENT = 16384
BAND = (20.0, 1700.0)
ORDER = 32
WINDOW = 512
LOSSES = (0.01, 0.001)


@dataclass(frozen=True, eq=False)
class Strain:
    """A series and what is needed to judge errors of it: the noise ``density`` at frequencies ``grid``."""

    name: str
    values: Floats
    rate: float
    density: Floats

    @property
    def grid(self) -> Floats:
        return np.asarray(np.fft.rfftfreq(SEGMENT, 1 / self.rate), np.float64)

    def snr_loss(self, restored: Floats) -> float:
        """The share of a binary inspiral's signal-to-noise ratio that the error costs, as added noise.

        The template falls as ``f**(-7/6)``; ``rho**2 = sum |h|**2 / S`` (Allen et al., gr-qc/0509116, eq. 2.5),
        with ``S`` the density of the noise, and of noise plus error.
        """
        error = _density(restored - self.values, self.rate)
        band = (self.grid >= BAND[0]) & (self.grid <= BAND[1])
        template = self.grid[band] ** (-7 / 3)
        before = (template / self.density[band]).sum()
        after = (template / (self.density[band] + error[band])).sum()
        return float(1 - np.sqrt(after / before))


def read_strain(path: Path, rate: float = 4096.0) -> Strain:
    """The longest one-dimensional series of floats in a file.

    Raises:
        BadRequestError: there is none of at least four segments.
    """
    best: Floats = np.zeros(0)
    with open_source(str(path), ReadOptions()) as source:
        for number, schema in enumerate(source.contents.schemas):
            names = [v.name for v in schema.variables if v.dtype.kind == "f" and not v.shape]
            blocks = list(source.blocks(number, max_bytes=1 << 28)) if names else []
            for name in names:
                found = np.concatenate([np.zeros(0), *(block.columns[name] for block in blocks)])
                best = np.asarray(found, np.float64) if len(found) > len(best) else best
    if len(best) < 4 * SEGMENT or not np.isfinite(best).all():
        raise BadRequestError(f"'{path.name}' holds no finite series of at least {4 * SEGMENT} samples")
    best = best[: len(best) // WINDOW * WINDOW]
    return Strain(path.name, best, rate, _density(best, rate))


def _density(values: Floats, rate: float) -> Floats:
    """Welch's estimate with half-overlapping Hann windows, one-sided, by the median of the segments."""
    window = np.hanning(SEGMENT)
    starts = range(0, len(values) - SEGMENT + 1, SEGMENT // 2)
    parts = np.stack([np.abs(np.fft.rfft(values[s : s + SEGMENT] * window)) ** 2 for s in starts])
    return np.asarray(np.median(parts, 0) / np.log(2) * 2 / (rate * (window**2).sum()))


def whitened(strain: Strain) -> tuple[Floats, Floats]:
    """The series with its spectrum made flat, and the filter in the frequency domain that does it."""
    frequencies = np.fft.rfftfreq(len(strain.values), 1 / strain.rate)
    density = np.interp(frequencies, strain.grid, strain.density)
    density[frequencies < 10] = np.interp(10.0, strain.grid, strain.density)  # no signal there, no precision
    response = 1 / np.sqrt(density * strain.rate / 2)
    return np.fft.irfft(np.fft.rfft(strain.values) * response, len(strain.values)), response


def unwhitened(values: Floats, response: Floats) -> Floats:
    """Undo `whitened`."""
    return np.asarray(np.fft.irfft(np.fft.rfft(values) / response, len(values)))


def series(path: Path, effort: Effort, say: Say) -> Section:
    """All ways at each loss; the ratio is to the float64 of the file."""
    strain = read_strain(path)
    white, response = whitened(strain)
    rows: list[tuple[Entry, ...]] = [*_lossless(strain)]
    curve: dict[str, tuple[list[float], list[float]]] = {}

    def note(way: str, setting: str, size: int, restored: Floats, seconds: float) -> None:
        loss = strain.snr_loss(restored)
        rows.append((way, setting, loss * 100, 8 * size / len(white), 8 * len(white) / size, seconds))
        xs, ys = curve.setdefault(way, ([], []))
        xs.append(8 * size / len(white))
        ys.append(max(loss, 1e-7))

    for target in LOSSES:
        say(f"strain: SZ3 and whitening at an SNR loss of {target:g}")
        for way, run in (("SZ3, absolute bound", _sz3), ("whiten + quantise + entropy code", _white)):
            setting, size, restored, seconds = _at_loss(strain, white, response, run, target)
            note(way, f"{setting:.3g}", size, restored, seconds)
    for channels in (8, 4):
        say(f"strain: convolutional autoencoder, {channels} of 8")
        for levels, size, restored, seconds in _network(white, response, channels, effort):
            note(f"convolutional, {channels} numbers for 8 samples", levels, size, restored, seconds)
    return _section(strain, rows, curve)


def _lossless(strain: Strain) -> list[tuple[Entry, ...]]:
    """Bit for bit, and as FLAC does it: 24-bit samples, linear prediction, coded residual."""
    count, rows = len(strain.values), []
    bits = strain.values.view(np.int64)
    started = time.perf_counter()
    size = len(pack_integers(bits ^ ((bits >> 63) & np.int64(2**63 - 1))))
    rows.append(
        ("bit for bit, float64", "", 0.0, 8 * size / count, 8 * count / size, time.perf_counter() - started)
    )
    started = time.perf_counter()
    step = float(np.abs(strain.values).max()) / 2**23
    whole = np.rint(strain.values / step).astype(np.int64)
    size = len(pack_integers(_predicted(whole))) + 4 * ORDER
    loss = strain.snr_loss(whole.astype(np.float64) * step) * 100
    rows.append(
        (
            f"FLAC-like: 24 bits, {ORDER} coefficients",
            f"{step:.3g}",
            loss,
            8 * size / count,
            8 * count / size,
            time.perf_counter() - started,
        )
    )
    return rows  # type: ignore[return-value]


def _predicted(whole: NDArray[np.int64]) -> NDArray[np.int64]:
    """The residual of linear prediction from the last `ORDER` samples, with coefficients in fixed point."""
    x = whole.astype(np.float64)
    lags = np.array([np.dot(x[: len(x) - k], x[k:]) for k in range(ORDER + 1)])
    system = np.array([[lags[abs(i - j)] for j in range(ORDER)] for i in range(ORDER)])
    system += np.eye(ORDER) * lags[0] * 1e-12
    coefficients = np.rint(np.linalg.solve(system, lags[1:]) * 2**20).astype(np.int64)
    prediction = np.zeros(len(whole), np.int64)
    for k, coefficient in enumerate(coefficients, 1):
        prediction[k:] += coefficient * whole[:-k]
    return whole - (prediction >> 20)


def _sz3(strain: Strain, _white_values: Floats, _response: Floats, step: float) -> tuple[int, Floats]:
    unit = float(strain.values.std())
    peer = all_peers()["sz3"]
    scaled = strain.values / unit
    column = Column("strain", "strain", "values", scaled, Tolerance("absolute", step / unit))
    tries = [peer.compress(column, setting) for setting in peer.settings(column)]
    best = min(tries, key=lambda one: one.nbytes)
    return best.nbytes, peer.decompress(best, "none") * unit


def _white(_strain: Strain, white: Floats, response: Floats, step: float) -> tuple[int, Floats]:
    codes = np.rint(white / step).astype(np.int64)
    return len(pack_integers(codes)) + SEGMENT // 8, unwhitened(codes.astype(np.float64) * step, response)


def _at_loss(
    strain: Strain, white: Floats, response: Floats, run: object, target: float
) -> tuple[float, int, Floats, float]:
    """The coarsest step, by bisection of its logarithm, whose loss is at most ``target``."""
    assert callable(run)
    scale = float(strain.values.std()) if run is _sz3 else 1.0
    low, high = np.log(1e-6 * scale), np.log(10 * scale)
    for _ in range(12):
        middle = (low + high) / 2
        _, restored = run(strain, white, response, float(np.exp(middle)))
        low, high = (middle, high) if strain.snr_loss(restored) <= target else (low, middle)
    started = time.perf_counter()
    size, restored = run(strain, white, response, float(np.exp(low)))
    return float(np.exp(low)), size, restored, time.perf_counter() - started


def _network(
    white: Floats, response: Floats, channels: int, effort: Effort
) -> list[tuple[str, int, Floats, float]]:
    """Trained on the whitened series in windows, once; coded at several gains of the latent."""
    torch.manual_seed(1)
    scale = float(white.std())
    rows = torch.from_numpy((white / scale).astype(np.float32).reshape(-1, 1, WINDOW))
    model = ConvolutionAutoencoder(1, channels, stages=3, width=24)
    started = time.perf_counter()
    convolve.train(model, rows, batch=32, steps=40 * effort.small_epochs, price=2e-3)
    found = []
    for gain in (0.5, 2.0, 8.0):
        size, restored = convolve.code(model, rows, gain)
        out = restored.numpy().reshape(-1).astype(np.float64) * scale
        found.append((f"gain {gain:g}", size, unwhitened(out, response), time.perf_counter() - started))
    return found


def _section(
    strain: Strain, rows: list[tuple[Entry, ...]], curve: dict[str, tuple[list[float], list[float]]]
) -> Section:
    header = ("way", "setting", "SNR loss %", "bits / sample", "ratio to float64", "seconds")
    text = (
        f"{strain.name}: {len(strain.values)} samples at {strain.rate:g} Hz. The error is judged as a search for "
        f"binary inspirals judges it: added noise in {BAND[0]:g} to {BAND[1]:g} Hz costs signal-to-noise ratio.",
        "Whitened strain is noise: its samples are nearly independent, so no network finds fewer numbers for them. "
        "A network with as many numbers as samples is at best a transform; with half, half of the band is lost. "
        "What pays is to shape the error like the noise, which whitening before quantising does. The decoder of "
        "the network is not charged.",
    )
    picture = draw.curves(
        "strain",
        "Loss of signal-to-noise ratio against bits per sample; down and left is better.",
        curve,
        x="bits per sample",
        y="SNR loss",
    )
    return Section(
        "strain",
        "Gravitational-wave strain",
        text,
        (Sheet("Strain", header, tuple(rows), "Ratio to the file's float64."),),
        (picture,),
    )
