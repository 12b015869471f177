"""Comparing needs scipy; the classifier scikit-learn."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

for module in ("scipy", "sklearn"):
    pytest.importorskip(module, reason=f"{module} is not installed (extra 'report')")
