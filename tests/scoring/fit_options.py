"""Small, quick fits for tests."""

from __future__ import annotations

from hepack.fitting import FitOptions

OPTIONS = FitOptions(rows=1 << 13, leaves=64, independent=True)
