"""`MixtureAxis`: which integers a mixture can code, and where on its axis they lie."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError
from hepack.entropy.bins import decode_sized, encode_sized
from hepack.entropy.packing import read_varint, unzigzag, varint, zigzag

MAX_SPIKES = 255
MAX_COMPONENTS = 16
MAX_SEGMENTS = 255
MAX_BINS = 1 << 16
MAX_PLACE = 1 << 17
MAX_ESCAPE = 1 << 26
_FLOOR_BITS = 17

Int64s = NDArray[np.int64]


@dataclass(frozen=True)
class MixtureAxis:
    """Spikes with a mass each, and bins along the axis of a mixture.

    A value is a spike, or ``low + step * (bin's offset + low bits)``, or else escapes. Segment ``j`` has
    ``counts[j]`` bins of ``2**shifts[j]`` values; the first bin of each segment and the end of the last one lie
    at ``places`` (one more than segments, ascending, in steps of 2**-12), the others evenly between.

    Raises:
        BadRequestError: the parts contradict each other or are over the caps.
    """

    spikes: Int64s
    low: int
    step: int
    counts: Int64s
    shifts: Int64s
    places: Int64s
    components: int
    escape: int

    def __post_init__(self) -> None:
        for name in ("spikes", "counts", "shifts", "places"):
            array = np.array(getattr(self, name), np.int64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        if len(self.spikes) > MAX_SPIKES or len(self.counts) > MAX_SEGMENTS:
            raise BadRequestError("a mixture has too many spikes or segments")
        if not 1 <= self.escape <= MAX_ESCAPE or not 0 <= self.components <= MAX_COMPONENTS:
            raise BadRequestError("a mixture's escape or number of components is out of range")
        if len(np.unique(self.spikes)) != len(self.spikes) or self.n_classes == 0:
            raise BadRequestError("a mixture has no class, or the same spike twice")
        if (self.components > 0) != (len(self.counts) > 0) or len(self.shifts) != len(self.counts):
            raise BadRequestError("a mixture's components and segments contradict each other")
        self._check_segments()

    def _check_segments(self) -> None:
        if len(self.counts) == 0:
            if len(self.places):
                raise BadRequestError("a mixture without segments has places")
            return
        if len(self.places) != len(self.counts) + 1 or not 1 <= self.step < 1 << 62:
            raise BadRequestError("a mixture's places or step are impossible")
        if int(self.counts.min()) < 1 or int(self.counts.max()) > MAX_BINS or self.n_bins > MAX_BINS:
            raise BadRequestError(f"a mixture has {self.n_bins} bins, the cap is {MAX_BINS}")
        if int(self.shifts.min()) < 0 or int(self.shifts.max()) > 46:
            raise BadRequestError("a mixture's bins are too wide")
        if int(np.abs(self.places).max()) > MAX_PLACE or (np.diff(self.places) < 0).any():
            raise BadRequestError("a mixture's places must ascend within their range")
        if not -(1 << 63) <= self.low <= self.low + self.step * self.span - 1 < 1 << 63:
            raise BadRequestError("a mixture's bins leave the range of 64-bit integers")

    @property
    def n_bins(self) -> int:
        return int(self.counts.sum())

    @property
    def n_classes(self) -> int:
        return len(self.spikes) + (len(self.counts) > 0)

    @property
    def span(self) -> int:
        """How many values the bins hold together."""
        return sum(int(c) << int(s) for c, s in zip(self.counts, self.shifts, strict=True))

    @property
    def columns(self) -> int:
        """How many outputs a net must give for each row."""
        return self.n_classes + (3 * self.components + 1 if self.components else 0)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """What the kernels need: spikes, components, slots of the escape, slots that each bin has at least."""
        floor = max(1, (1 << _FLOOR_BITS) // max(1, self.n_bins))
        return len(self.spikes), self.components, self.escape, floor

    @functools.cached_property
    def edges(self) -> Int64s:
        """The place of every bin's start, and the end, shape ``(bin + 1,)``."""
        if len(self.counts) == 0:
            return np.zeros(1, np.int64)
        inside = np.arange(self.n_bins) - np.repeat(self._firsts, self.counts)
        spans = np.repeat(np.diff(self.places), self.counts)
        starts = np.repeat(self.places[:-1], self.counts)
        return np.append(starts + spans * inside // np.repeat(self.counts, self.counts), self.places[-1])

    @functools.cached_property
    def _firsts(self) -> Int64s:
        """The index of each segment's first bin."""
        firsts: Int64s = np.cumsum(self.counts) - self.counts
        return firsts

    @functools.cached_property
    def _offsets(self) -> Int64s:
        """The first value of each segment, counted from ``low`` in steps."""
        sizes = self.counts << self.shifts
        offsets: Int64s = np.cumsum(sizes) - sizes
        return offsets

    def symbols(self, values: Int64s) -> tuple[NDArray[np.int32], NDArray[np.uint64], Int64s]:
        """Each value's symbol (-1 escapes, then spikes, then bins), its low bits, and how many those are."""
        symbols = np.full(len(values), -1, np.int32)
        rest = np.zeros(len(values), np.uint64)
        widths = np.zeros(len(values), np.int64)
        if len(self.counts):
            high = self.low + self.step * (self.span - 1)
            at = np.flatnonzero((values >= self.low) & (values <= high))
            # the difference of two int64 may need 64 bits, without a sign
            far = values[at].view(np.uint64) - np.uint64(self.low % (1 << 64))
            exact = far % np.uint64(self.step) == 0
            at, offset = at[exact], (far[exact] // np.uint64(self.step)).astype(np.int64)
            segment = np.searchsorted(self._offsets, offset, side="right") - 1
            offset = offset - self._offsets[segment]
            shift = self.shifts[segment]
            symbols[at] = len(self.spikes) + self._firsts[segment] + (offset >> shift)
            rest[at] = (offset & ((np.int64(1) << shift) - 1)).view(np.uint64)
            widths[at] = shift
        order = np.argsort(self.spikes)
        if len(order):
            found = np.minimum(np.searchsorted(self.spikes[order], values), len(order) - 1)
            hit = self.spikes[order][found] == values
            symbols[hit] = order[found[hit]]
            widths[hit] = 0
            rest[hit] = 0
        return symbols, rest, widths

    def widths(self, symbols: NDArray[np.int32]) -> Int64s:
        """How many low bits follow each symbol."""
        widths = np.zeros(len(symbols), np.int64)
        inside = symbols >= len(self.spikes)
        if inside.any():
            widths[inside] = np.repeat(self.shifts, self.counts)[symbols[inside] - len(self.spikes)]
        return widths

    def values(self, symbols: NDArray[np.int32], rest: NDArray[np.uint64]) -> Int64s:
        """Undo `symbols`; an escape's value is 0."""
        values = np.zeros(len(symbols), np.int64)
        at = np.flatnonzero(symbols >= len(self.spikes))
        if len(at):
            bins = symbols[at] - len(self.spikes)
            segment = np.searchsorted(self._firsts, bins, side="right") - 1
            offset = (bins - self._firsts[segment]) << self.shifts[segment]
            steps = (self._offsets[segment] + offset).view(np.uint64) + rest[at]
            low = np.uint64(self.low % (1 << 64))
            values[at] = (low + steps * np.uint64(self.step)).view(np.int64)
        at = np.flatnonzero((symbols >= 0) & (symbols < len(self.spikes)))
        values[at] = self.spikes[symbols[at]]
        return values

    def to_bytes(self) -> bytes:
        """A compact form; `from_bytes` gives an equal object back."""
        head = bytes([len(self.spikes), self.components]) + varint(self.escape)
        parts = [encode_sized(self.spikes)]
        if self.components:
            low = int(zigzag(np.array([self.low], np.int64))[0])
            head += varint(low) + varint(self.step) + bytes([len(self.counts)])
            parts += [
                encode_sized(self.counts),
                encode_sized(self.shifts),
                encode_sized(np.diff(self.places, prepend=0)),
            ]
        return head + b"".join(parts)

    @classmethod
    def read(cls, data: bytes | memoryview, at: int) -> tuple[MixtureAxis, int]:
        """Undo `to_bytes` from byte ``at`` on; also the position after it.

        Raises:
            CorruptFileError, LimitError: the data are no such axis.
        """
        if len(data) < at + 2:
            raise CorruptFileError("a mixture ends early")
        n_spikes, components = data[at], data[at + 1]
        escape, at = read_varint(data, at + 2)
        low, step, n_segments = 0, 1, 0
        if components:
            number, at = read_varint(data, at)
            low = int(unzigzag(np.array([number], np.uint64))[0])
            step, at = read_varint(data, at)
            if at >= len(data):
                raise CorruptFileError("a mixture ends early")
            n_segments, at = data[at], at + 1
        arrays = []
        sizes = [n_spikes, *([n_segments, n_segments, n_segments + 1] if components else [])]
        for size in sizes:
            values, at = decode_sized(data, at, size)
            arrays.append(values)
        none = np.zeros(0, np.int64)
        spikes, counts, shifts, steps = arrays if components else (*arrays, none, none, none)
        if len(steps) and int(np.abs(steps).max()) > 2 * MAX_PLACE:
            raise CorruptFileError("a mixture's places are out of range")
        try:
            return cls(spikes, low, step, counts, shifts, np.cumsum(steps), components, escape), at
        except BadRequestError as error:
            raise CorruptFileError(str(error)) from error
