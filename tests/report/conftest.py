"""Reports need the packages of the extra; the tests share one comparison of a small sound file and a broken one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "evaluate"))

from events import Memory, changed, flat_jets, jagged, rounded

from hepack.evaluate.compare import compare_tables
from hepack.evaluate.results import Comparison
from hepack.evaluate.settings import Settings
from hepack.table import Tolerance

SELECTION = "njet30 >= 2 and met > 20"


@pytest.fixture(scope="session", autouse=True)
def extra() -> None:
    """Skips where the packages are not installed."""
    for module in ("scipy", "sklearn", "matplotlib", "mplhep"):
        pytest.importorskip(module, reason=f"{module} is not installed (extra 'report')")


@pytest.fixture(scope="session")
def sound(extra: None) -> Comparison:
    """A file rounded within its promise."""
    table = jagged(1500)
    promises = {
        v.name: (Tolerance("absolute" if v.name.endswith(("eta", "phi")) else "relative", 1e-3), "by a test")
        for v in table.schema.variables
        if v.dtype.kind == "f"
    }
    settings = Settings(expressions=(SELECTION,))
    return Comparison(tables=(compare_tables(Memory(table), Memory(rounded(table)), settings, promises),))


@pytest.fixture(scope="session")
def broken(extra: None) -> Comparison:
    """A bias, a constant, turned angles: and names that are markup."""
    table = flat_jets(4000)
    phi = table.columns["phi"].copy()
    phi[::50] += 6.2831855
    pt = table.columns["pt"] * 1.02
    after = changed(table, pt=pt.astype("<f4"), phi=phi, width=table.columns["width"] * 0)
    found = compare_tables(
        Memory(table, name="<script>alert(1)</script>"), Memory(after), Settings(classifier=False)
    )
    return Comparison(tables=(found,))
