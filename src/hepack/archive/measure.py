"""What a column is like: range, distinct values, entropy. For `inspect`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.table import Variable
from hepack.transforms import MANTISSA_BITS, Transform, candidates

SAMPLE = 1 << 16


@dataclass
class ColumnSummary:
    """Running figures over the blocks of a column. ``entropy`` is in bits per value, of the values
    themselves (order 0), from the first block."""

    count: int = 0
    low: float | None = None
    high: float | None = None
    nan: int = 0
    infinite: int = 0
    zero: int = 0
    total: float = 0.0
    entropy: float | None = None
    lattice: str = ""
    raw_bytes: int = 0

    def add(self, values: NDArray[Any], variable: Variable) -> None:
        """Add a block's values, any shape."""
        flat = values.reshape(-1)
        self.raw_bytes += flat.nbytes
        if not len(flat):
            return
        if self.entropy is None:
            self.entropy, self.lattice = _entropy(flat), _lattice(flat, variable)
        self.count += len(flat)
        self.zero += int(len(flat) - np.count_nonzero(flat))
        if flat.dtype.kind == "f":
            finite = flat[np.isfinite(flat)]
            self.nan += int(np.isnan(flat).sum())
            self.infinite += int(np.isinf(flat).sum())
            flat = finite.astype(np.float64)
            if not len(flat):
                return
        low, high = float(flat.min()), float(flat.max())
        self.low = low if self.low is None else min(self.low, low)
        self.high = high if self.high is None else max(self.high, high)
        self.total += float(flat.sum(dtype=np.float64))

    @property
    def mean(self) -> float | None:
        """The mean of the finite values."""
        finite = self.count - self.nan - self.infinite
        return self.total / finite if finite else None


def _entropy(flat: NDArray[Any]) -> float:
    bits = flat[:SAMPLE]
    if bits.dtype.kind == "f":
        bits = np.ascontiguousarray(bits).view(np.dtype(f"u{bits.dtype.itemsize}"))
    _, counts = np.unique(bits, return_counts=True)
    share = counts / counts.sum()
    return float(-(share * np.log2(share)).sum()) + 0.0


def _lattice(flat: NDArray[Any], variable: Variable) -> str:
    """The grid that the values lie on, in words; empty if they fill their dtype."""
    if flat.dtype.kind != "f":
        return ""
    sample = flat[:4096]
    sample = sample[np.isfinite(sample) & ~((sample == 0) & np.signbit(sample))]
    if len(sample) < 8 or not sample.any():
        return ""
    for option in candidates(_lossless(variable), sample, sample):
        words = _words(option, sample)
        if words:
            return words
    return ""


def _words(option: Transform, sample: NDArray[Any]) -> str:
    """A lattice in words, if it has clearly fewer points than the dtype."""
    settings = option.settings()
    bits = MANTISSA_BITS[sample.dtype.itemsize]
    if option.tag == "dict":
        return f"{settings[0]} distinct values"
    if option.tag == "bits":
        return f"{bits - settings[0]} mantissa bits" if settings[0] > 1 else ""
    symbols = option.forward(sample)
    if int(symbols.max()) - int(symbols.min()) > 1 << (bits - 2):
        return ""
    if option.tag == "digits":
        return f"{settings[0]} digits"
    step = settings[0] / settings[1]
    return f"{round(-np.log10(step))} decimals" if settings[1] != 1 else f"multiples of {step:g}"


def _lossless(variable: Variable) -> Variable:
    return Variable(name=variable.name, dtype=variable.dtype)
