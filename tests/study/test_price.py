"""What codecs do to events that they were not made for: the promise holds, and the price is shown."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hepack._errors import BadInputError, BadRequestError
from hepack.autocoder.encode import Options
from hepack.cli.main import main
from hepack.codec.recipe import Recipe, parse_rules
from hepack.study.price import BY_MODEL, HELD, Prices, broken_values, error_of, measure_prices
from hepack.study.price_page import HEADER, price_row, price_study
from hepack.table import Collection, EventTable, Schema, Tolerance, Variable, offsets_from_counts

F4 = np.dtype("<f4")
RULES = "*_pt=1e-3rel,*_e=1e-3rel,*_phi=1e-3"


def jets(events: int, seed: int, *, spread: float = 0.02) -> EventTable:
    """Events with jets whose energy follows from the momentum up to ``spread``."""
    rng = np.random.default_rng(seed)
    offsets = offsets_from_counts(rng.poisson(3, events))
    total = int(offsets[-1])
    pt = (20 + rng.exponential(50, total)).astype(F4)
    columns = {
        "run": rng.integers(1, 5, events).astype(np.int32), "Jet_pt": pt,
        "Jet_e": (pt * rng.normal(1.2, spread, total)).astype(F4),
        "Jet_phi": rng.uniform(-np.pi, np.pi, total).astype(F4),
    }  # fmt: skip
    variables = (
        Variable(name="run", dtype=np.dtype(np.int32), kind="integer"),
        *(Variable(name=name, dtype=F4, axis="Jet") for name in ("Jet_pt", "Jet_e")),
        Variable(name="Jet_phi", dtype=F4, axis="Jet", kind="angle", period=2 * np.pi),
    )
    return EventTable(Schema("t", variables, (Collection(name="Jet"),)), events, {"Jet": offsets}, columns)


@pytest.fixture(scope="module")
def prices() -> Prices:
    pytest.importorskip("torch", reason="torch is not installed")
    recipe = Recipe(rules=parse_rules([RULES]), threads=1)
    options = Options(latent=2, hidden=(8,), epochs=2, batch=256)
    signals = {"wide": jets(500, 2, spread=0.5), "none": jets(500, 3).slice(0, 0)}
    return measure_prices(jets(2500, 1), signals, recipe, options=options)


def test_the_promise_holds_and_the_price_is_more_bits(prices: Prices) -> None:
    assert prices.processes == (HELD, "wide", "none")
    assert len(prices.codecs) == 6
    assert prices.fitted == 1750
    for row in prices.rows:
        assert row.broken == 0 or not row.promised
        assert not row.promised or not row.values or row.largest <= 1.0
        assert row.bits >= 0
    for codec in (BY_MODEL, "learned, background's model"):
        assert prices.of("wide", codec).per_value > 1.1 * prices.of(HELD, codec).per_value
    plain, learned = (prices.of(HELD, name).bits for name in ("plain coders", "learned, pack --model"))
    assert learned < plain
    assert 0 < prices.of("wide", BY_MODEL).error < 0.1 * prices.of("wide", BY_MODEL).per_event
    loose = prices.of("wide", "autoencoder, unbounded")
    assert loose.broken
    assert loose.rms > 1.5
    assert prices.of(HELD, loose.codec).rms == pytest.approx(1.0)


def test_the_page_tells_the_price(prices: Prices) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    page = price_study(prices, command="hepack price")
    text = " ".join(page.sections[0].text)
    assert "The promise holds" in text
    assert "bits of code length per event" in text
    json.dumps(page.to_dict(), allow_nan=False)
    rows = page.sections[0].sheets[0].rows
    assert len(rows) == 18
    assert all(len(row) == len(HEADER) for row in rows)
    broken = replace(prices.rows[0], broken=3)
    forged = replace(prices, rows=(broken, *prices.rows[1:]))
    assert "THE PROMISE IS BROKEN" in " ".join(price_study(forged).sections[0].text)
    assert price_row(forged, broken)[HEADER.index("outside the bound")] == 3


def test_errors_are_measured_in_units_of_the_bound() -> None:
    table = jets(50, 4)
    pt, phi = (table.schema.by_name[name] for name in ("Jet_pt", "Jet_phi"))
    relative = replace(pt, tolerance=Tolerance("relative", 1e-3))
    absolute = replace(phi, tolerance=Tolerance("absolute", 1e-2))
    back: dict[str, Any] = dict(table.columns)
    back["Jet_pt"] = (table.columns["Jet_pt"].astype(float) * 1.0005).astype(F4)
    back["Jet_phi"] = (table.columns["Jet_phi"].astype(float) + 2 * np.pi + 0.02).astype(F4)
    np.testing.assert_allclose(error_of(relative, table, back), 0.5, rtol=1e-3)
    np.testing.assert_allclose(error_of(absolute, table, back), 2.0, rtol=1e-3)
    assert not error_of(table.schema.by_name["run"], table, back).any()
    schema = replace(table.schema, variables=(table.schema.by_name["run"], relative, pt_e(table), absolute))
    assert broken_values(replace(table, schema=schema), back) == table.length("Jet")


def pt_e(table: EventTable) -> Variable:
    return table.schema.by_name["Jet_e"]


def test_what_is_asked_wrongly_is_refused() -> None:
    with pytest.raises(BadInputError, match="give 500 or more"):
        measure_prices(jets(20, 1), {})
    with pytest.raises(BadRequestError, match="cannot be called"):
        measure_prices(jets(600, 1), {HELD: jets(10, 1)})


def test_the_command_prints_a_table_and_writes_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    usual, odd = csv(tmp_path / "usual.csv", 700, 1, 0.02), csv(tmp_path / "odd.csv", 300, 2, 0.4)
    words = ("price", usual, "-s", f"odd={odd}", "-t", "x=1e-3rel,y=1e-3rel", "--no-autoencoder")
    page = tmp_path / "page.html"
    monkeypatch.setattr("sys.argv", ["hepack", *words])
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run(*words, "-o", str(page)) == 0
    shown = capsys.readouterr().out
    assert "The promise holds" in shown
    text = page.read_text(encoding="utf-8")
    assert "-s odd=odd.csv" in text
    assert str(tmp_path) not in text
    study = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert len(study["sections"][0]["sheets"][0]["rows"]) == 8
    assert run(*words, "-o", str(page)) == 2
    assert run("price", usual) == 2
    assert "--signal" in capsys.readouterr().err


def csv(path: Path, events: int, seed: int, spread: float) -> str:
    rng = np.random.default_rng(seed)
    x = 30 + rng.exponential(40, events)
    y = x * rng.normal(1, spread, events)
    path.write_text("x,y\n" + "\n".join(f"{a:.6g},{b:.6g}" for a, b in zip(x, y, strict=True)) + "\n")
    return str(path)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    return int(left.value.code or 0)
