"""Records of what a packed file costs: bytes by variable, times of coding, rate-distortion curves."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class VariableCost:
    """What one variable takes in the packed file."""

    table: str
    name: str
    raw_bytes: int
    packed_bytes: float
    bits_per_value: float
    coder: str
    tolerance: str


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One compressor at one relative tolerance on a sample of the events."""

    compressor: str
    tolerance: float
    bytes: int
    bits_per_value: float


@dataclass(frozen=True, kw_only=True)
class CostResult:
    """Sizes and speed. Times are CPU seconds per event; ``model_bytes``: what of the file is a learned model."""

    original_bytes: int
    other_bytes: int
    raw_bytes: int
    events: int
    packed: bool
    variables: tuple[VariableCost, ...] = ()
    overhead_bytes: float = 0.0
    model_bytes: int = 0
    encode_cpu: float | None = None
    decode_cpu: float | None = None
    decode_wall: float | None = None
    encode_wall: float | None = None
    peak_memory: int | None = None
    curve: tuple[CurvePoint, ...] = ()
    notes: tuple[str, ...] = ()
