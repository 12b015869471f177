"""`Channels`: integer features to the inputs of a net, by stored piecewise linear maps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError, LimitError
from hepack.conditional.base import MAX_FEATURE, Features
from hepack.conditional.mlp.engine import loops
from hepack.entropy.bins import decode_sized, encode_sized
from hepack.entropy.packing import read_varint, unzigzag, varint, zigzag

MAGNITUDE = 512  # inputs lie within +-512, in steps of 1/256
MAX_CHANNELS = 1 << 10
MAX_KNOTS = 33
_SLOPE_BITS = 32
_MANTISSA = 5  # significant bits of the distance between two knots

Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class Ramp:
    """A feature's rank, roughly: from -512 at the first knot to 512 at the last, the others evenly between."""

    feature: int
    knots: tuple[int, ...]

    def __post_init__(self) -> None:
        rising = all(a < b for a, b in zip(self.knots, self.knots[1:], strict=False))
        if not 2 <= len(self.knots) <= MAX_KNOTS or not rising or max(map(abs, self.knots)) > 2 * MAX_FEATURE:
            raise BadRequestError("a channel's knots must be two or more ascending integers of 25 bits")
        if snapped(np.array(self.knots)) != self.knots:
            raise BadRequestError("the distances of a channel's knots have more than five significant bits")

    @property
    def levels(self) -> list[int]:
        last = len(self.knots) - 1
        return [-MAGNITUDE + 2 * MAGNITUDE * i // last for i in range(last + 1)]


@dataclass(frozen=True)
class Mark:
    """256 where a feature has one value, else 0."""

    feature: int
    value: int

    def __post_init__(self) -> None:
        if abs(self.value) > MAX_FEATURE:
            raise BadRequestError("a channel marks a value that no feature has")

    @property
    def knots(self) -> tuple[int, ...]:
        return (self.value - 1, self.value, self.value + 1)

    @property
    def levels(self) -> list[int]:
        return [0, 256, 0]


@dataclass(frozen=True)
class Channels:
    """Maps of some of ``features`` features to inputs, shape ``(row, channel)``: ramps first, then marks."""

    features: int
    ramps: tuple[Ramp, ...]
    marks: tuple[Mark, ...]

    def __post_init__(self) -> None:
        if len(self) > MAX_CHANNELS:
            raise LimitError(f"a model has {len(self)} channels, the cap is {MAX_CHANNELS}")
        if any(not 0 <= c.feature < self.features for c in self._all):
            raise BadRequestError("a channel reads a feature that is not there")
        object.__setattr__(self, "_tables", _Tables.of(self._all))

    def __len__(self) -> int:
        return len(self.ramps) + len(self.marks)

    @property
    def _all(self) -> tuple[Ramp | Mark, ...]:
        return (*self.ramps, *self.marks)

    @property
    def used(self) -> tuple[int, ...]:
        """The features that are read, ascending."""
        return tuple(sorted({c.feature for c in self._all}))

    def __call__(self, features: Features) -> NDArray[np.int16]:
        """The inputs of each row; a constant 0 where there are no channels.

        Raises:
            BadRequestError: the features are not rows of as many int32 as the model was made for.
        """
        if features.ndim != 2 or features.shape[1] != self.features:
            raise BadRequestError(f"features of shape {features.shape} do not fit a model of {self.features}")
        out = np.zeros((len(features), max(1, len(self))), np.int16)
        if len(self):
            tables: _Tables = self._tables  # type: ignore[attr-defined]
            columns = np.ascontiguousarray(features.T, np.int32)
            loops().ramps(
                columns, tables.feature, tables.counts, tables.knots, tables.levels, tables.slopes, out
            )
        return out

    def to_bytes(self) -> bytes:
        """A compact form; `read` gives an equal object back."""
        head = varint(len(self.ramps)) + varint(len(self.marks))
        numbers = [[r.feature, len(r.knots), r.knots[0]] for r in self.ramps]
        numbers += [[m.feature, m.value] for m in self.marks]
        steps = np.array([b - a for r in self.ramps for a, b in zip(r.knots, r.knots[1:], strict=False)])
        exponents = np.maximum(0, _bit_lengths(steps) - _MANTISSA)
        flat = np.array([x for row in numbers for x in row], np.int64)
        body = b"".join(varint(int(x)) for x in zigzag(flat))
        return head + body + encode_sized(steps >> exponents) + encode_sized(exponents)

    @classmethod
    def read(cls, data: bytes | memoryview, at: int, features: int) -> tuple[Channels, int]:
        """Undo `to_bytes` from byte ``at`` on; also the position after it.

        Raises:
            CorruptFileError, LimitError: the data are no such channels.
        """
        n_ramps, at = read_varint(data, at)
        n_marks, at = read_varint(data, at)
        if n_ramps + n_marks > MAX_CHANNELS:
            raise LimitError(f"a model claims {n_ramps + n_marks} channels, the cap is {MAX_CHANNELS}")
        numbers = np.zeros(3 * n_ramps + 2 * n_marks, np.uint64)
        for i in range(len(numbers)):
            number, at = read_varint(data, at)
            numbers[i] = number
        flat = unzigzag(numbers)
        heads = flat[: 3 * n_ramps].reshape(-1, 3)
        if n_ramps and not 2 <= int(heads[:, 1].min()) <= int(heads[:, 1].max()) <= MAX_KNOTS:
            raise LimitError(f"a channel claims an impossible number of knots, the cap is {MAX_KNOTS}")
        steps = int(heads[:, 1].sum()) - n_ramps
        mantissas, at = decode_sized(data, at, steps)
        exponents, at = decode_sized(data, at, steps)
        if steps and not (
            0 < int(mantissas.min()) <= int(mantissas.max()) < 1 << _MANTISSA
            and 0 <= int(exponents.min()) <= int(exponents.max()) <= 25
        ):
            raise CorruptFileError("the distance between two knots of a channel is impossible")
        widths = (mantissas << exponents).tolist()
        ramps, used = [], 0
        try:
            for feature, count, first in heads.tolist():
                knots = [first]
                for width in widths[used : used + count - 1]:
                    knots.append(knots[-1] + width)
                used += count - 1
                ramps.append(Ramp(feature, tuple(knots)))
            marks = tuple(Mark(f, v) for f, v in flat[3 * n_ramps :].reshape(-1, 2).tolist())
            return cls(features, tuple(ramps), marks), at
        except BadRequestError as error:
            raise CorruptFileError(str(error)) from error


@dataclass(frozen=True)
class _Tables:
    """All channels in arrays: knots and slopes padded to the longest, shape ``(channel, knot)``."""

    feature: Int64s
    counts: Int64s
    knots: Int64s
    levels: Int64s
    slopes: Int64s

    @classmethod
    def of(cls, channels: tuple[Ramp | Mark, ...]) -> _Tables:
        width = max((len(c.knots) for c in channels), default=2)
        knots = np.full((len(channels), width), 1 << 40, np.int64)
        levels = np.zeros((len(channels), width), np.int64)
        slopes = np.zeros((len(channels), width), np.int64)
        for i, channel in enumerate(channels):
            k, level = np.array(channel.knots), np.array(channel.levels)
            knots[i, : len(k)] = k
            levels[i, : len(k)] = level
            slopes[i, : len(k) - 1] = (np.diff(level) << _SLOPE_BITS) // np.diff(k)
        feature = np.array([c.feature for c in channels], np.int64)
        counts = np.array([len(c.knots) for c in channels], np.int64)
        return cls(feature, counts, knots, levels, slopes)


def snapped(knots: Int64s) -> tuple[int, ...]:
    """The nearest knots whose distances have five significant bits, as `Channels.to_bytes` can store."""
    out = [int(knots[0])]
    for knot in knots[1:].tolist():
        step = max(1, knot - out[-1])
        exponent = max(0, step.bit_length() - _MANTISSA)
        mantissa = min((step + (1 << exponent >> 1)) >> exponent, (1 << _MANTISSA) - 1)
        out.append(out[-1] + (mantissa << exponent))
    return tuple(out)


def _bit_lengths(values: Int64s) -> Int64s:
    return np.array([int(v).bit_length() for v in values], np.int64)
