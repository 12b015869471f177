"""27 variables of simulated jets in 18 numbers: pt and mass are kept, before any long training."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="a study trains networks")

from hepack.study.effort import QUICK  # noqa: E402
from hepack.study.table import jets_27  # noqa: E402
from hepack.study.wide import wide  # noqa: E402

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@pytest.mark.slow
def test_pt_and_mass_survive_27_to_18(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hepack.study.wide.LATENTS", (18,))
    section = wide(jets_27(SAMPLES / "ttbar.root"), replace(QUICK, wide_epochs=2), lambda _text: None)
    (tmp_path / "wide.json").write_text(json.dumps([sheet.rows for sheet in section.sheets]))
    header = section.sheets[0].header
    rows = {(row[0], row[1]): dict(zip(header, row, strict=True)) for row in section.sheets[0].rows}
    ours = rows["ours", 18]
    print(rows)
    for name in ("pt sigma %", "mass sigma %"):
        value = ours[name]
        assert isinstance(value, float)
        assert value <= 0.2
