"""Dense images and grids: a convolutional autoencoder beside SZ3 and plain quantisation."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack.autocoder.integers import pack_integers
from hepack.bench.column import Column
from hepack.bench.peer import all_peers
from hepack.io import ReadOptions, open_source
from hepack.models.autoencoder import parameters_of
from hepack.models.convolution import ConvolutionAutoencoder
from hepack.study import convolve, draw
from hepack.study.effort import Effort, Say
from hepack.study.record import Entry, Section, Sheet
from hepack.table import Tolerance

Floats = NDArray[np.float32]
STAGES = 2
MOST = 2000


def read_images(path: Path) -> Floats:
    """The first array of at least two axes per row in a file, as ``(image, height, width)`` scaled to a spread of 1.

    Raises:
        BadRequestError: there is none.
    """
    with open_source(str(path), ReadOptions()) as source:
        for number, schema in enumerate(source.contents.schemas):
            for variable in schema.variables:
                shape = tuple(n for n in variable.shape if n > 1)
                if len(shape) < 2 or variable.dtype.kind not in "fiu":
                    continue
                blocks = [block.columns[variable.name] for block in source.blocks(number, max_bytes=1 << 28)]
                if blocks:
                    values = np.concatenate(blocks).reshape(-1, *shape[-2:]).astype(np.float32)[:MOST]
                    spread = float(values.std())
                    return np.nan_to_num(values) / np.float32(spread if spread > 0 else 1.0)
    raise BadRequestError(f"'{path.name}' holds no images: no array with two axes per row")


def images(path: Path, effort: Effort, say: Say) -> Section:
    """All ways on the last fifth of the images; errors in spreads of the pixels."""
    whole = read_images(path)
    cut = max(1, int(0.8 * len(whole)))
    inside, outside = whole[:cut], whole[cut:]
    rows: list[tuple[Entry, ...]] = []
    curve: dict[str, tuple[list[float], list[float]]] = {}
    shown: dict[str, Floats] = {"original": outside}

    def note(way: str, setting: str, size: float, restored: Floats, seconds: float) -> None:
        error = restored - outside
        rms = float(np.sqrt(np.mean(error**2)))
        rows.append(
            (
                way,
                setting,
                8 * size / outside.size,
                4 * outside.size / size,
                rms,
                float(np.abs(error).max()),
                seconds,
            )
        )
        xs, ys = curve.setdefault(way, ([], []))
        xs.append(8 * size / outside.size)
        ys.append(rms)
        shown.setdefault(way, restored)

    for bound in (1.0, 0.3, 0.1, 0.03):
        for way in ("quantise + entropy code", "SZ3"):
            size, restored, seconds = _plain(outside, bound) if way[0] == "q" else _sz3(outside, bound)
            note(way, f"{bound:g}", size, restored, seconds)
    for channels in (2, 8):
        say(f"images: convolutional autoencoder, {channels} numbers for {4**STAGES} pixels")
        model, seconds = _trained(inside, channels, effort)
        for gain in (0.5, 2.0):
            size, restored = _coded(model, outside, gain)
            note(f"convolutional, {channels} channels", f"gain {gain:g}", size, restored, seconds)
    return _section(path, outside, rows, curve, shown, parameters_of(model))


def _plain(images_: Floats, bound: float) -> tuple[int, Floats, float]:
    started = time.perf_counter()
    codes = np.rint(images_ / (2 * bound)).astype(np.int64)
    size = len(pack_integers(codes.reshape(-1)))
    return size, (codes * (2 * bound)).astype(np.float32), time.perf_counter() - started


def _sz3(images_: Floats, bound: float) -> tuple[int, Floats, float]:
    peer = all_peers()["sz3"]
    column = Column("images", "pixels", "values", images_, Tolerance("absolute", bound))
    started = time.perf_counter()
    best = min((peer.compress(column, s) for s in peer.settings(column)), key=lambda one: one.nbytes)
    return best.nbytes, peer.decompress(best, "none"), time.perf_counter() - started


def _padded(images_: Floats) -> torch.Tensor:
    block = 2**STAGES
    bottom, right = (-n % block for n in images_.shape[1:])
    return torch.from_numpy(np.pad(images_, ((0, 0), (0, bottom), (0, right)), mode="edge"))[:, None]


def _trained(inside: Floats, channels: int, effort: Effort) -> tuple[ConvolutionAutoencoder, float]:
    torch.manual_seed(1)
    model = ConvolutionAutoencoder(2, channels, stages=STAGES, width=16)
    rows = _padded(inside)
    batch = max(1, min(len(rows), 40_000 // rows[0].numel()))
    started = time.perf_counter()
    convolve.train(model, rows, batch=batch, steps=30 * effort.small_epochs, price=1e-2)
    return model, time.perf_counter() - started


def _coded(model: ConvolutionAutoencoder, outside: Floats, gain: float) -> tuple[int, Floats]:
    size, out = convolve.code(model, _padded(outside), gain)
    return size, out[:, 0, : outside.shape[1], : outside.shape[2]].numpy()


def _section(
    path: Path, outside: Floats, rows: list[tuple[Entry, ...]], curve: dict[str, tuple[list[float], list[float]]],
    shown: dict[str, Floats], parameters: int,
) -> Section:  # fmt: skip
    def panel(axes: object, number: int) -> None:
        from matplotlib.axes import Axes

        assert isinstance(axes, Axes)
        axes.grid(False)
        name, values = list(shown.items())[number]
        axes.imshow(
            np.arcsinh(values[0]), cmap="viridis", vmin=0, vmax=float(np.arcsinh(outside[0].max())) or 1.0
        )
        axes.set_title(name, fontsize=8)
        axes.set_xticks([])
        axes.set_yticks([])

    header = ("way", "setting", "bits / pixel", "ratio to float32", "rms error", "largest error", "seconds")
    text = (
        f"{path.name}: {len(outside)} images of {outside.shape[1]} x {outside.shape[2]} not trained on; errors in "
        "standard deviations of the pixels.",
        f"The networks (up to {parameters} weights, not charged) bound nothing: see the largest error.",
    )
    pictures = (
        draw.curves(
            f"image_rate_{path.stem}",
            "Rms error against bits per pixel; down and left is better.",
            curve,
            x="bits per pixel",
            y="rms error",
            log_x=True,
        ),
        draw.panels(
            f"image_examples_{path.stem}",
            "One image, before and after each way at its coarsest setting (inverse hyperbolic sine of the pixels).",
            len(shown),
            panel,
            columns=5,
            size=(2.9, 3.0),
        ),
    )
    return Section(
        "images", f"Images and grids: {path.name}", text, (Sheet("Images", header, tuple(rows)),), pictures
    )
