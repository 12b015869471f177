"""The JSON form of a comparison and its verdict; keys only ever get added within one schema version."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from hepack._version import __version__
from hepack.evaluate.results import Comparison
from hepack.report.verdict import Verdict

SCHEMA = "hepack.report/1"


def to_json(comparison: Comparison, verdict: Verdict) -> dict[str, Any]:
    """Plain JSON values: records as objects, arrays as lists, NaN and infinities as null."""
    return {
        "schema": SCHEMA, "hepack": __version__, "passed": verdict.passed, "headline": verdict.headline,
        "verdict": _plain(verdict), "comparison": _plain(comparison),
    }  # fmt: skip


def to_text(comparison: Comparison, verdict: Verdict) -> str:
    """The same as text."""
    return json.dumps(to_json(comparison, verdict), indent=1, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.tolist()]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float | np.floating):
        return float(f"{float(value):.8g}") if math.isfinite(value) else None
    if isinstance(value, np.integer):
        return int(value)
    return value
