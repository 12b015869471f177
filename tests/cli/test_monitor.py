"""``hepack monitor``: exit codes, JSON, the page, and one sentence for what cannot be used."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "monitoring"))

from monitored_events import make_events

from hepack.cli.main import main
from hepack.io import WriteOptions, get_format
from hepack.monitoring.faults import wrong_unit
from hepack.monitoring.picking import with_columns
from hepack.table import EventTable


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("runs")
    write(made / "reference.root", make_events(4000, 1))
    for place in range(3):
        write(made / f"good{place}.root", make_events(800, 10 + place))
    write(made / "bad.root", wrong_unit(make_events(800, 20), 1.0, np.random.default_rng(1)))
    return made


def write(path: Path, table: EventTable) -> None:
    with get_format("root").create(str(path), {}, WriteOptions()) as sink:
        sink.begin(table.schema, len(table))
        sink.write(table)


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as left:
        main(["monitor", *map(str, words)])
    return int(left.value.code or 0)


def test_good_runs_are_good(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    runs = [folder / f"good{place}.root" for place in range(3)]
    assert run(folder / "reference.root", *runs, "--no-bits") == 0
    shown = capsys.readouterr().out
    assert "0 of 3 runs alarm" in shown
    assert "no drift" in shown


def test_a_bad_run_alarms(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.html"
    words = [folder / "reference.root", folder / "good0.root", folder / "bad.root", "--no-bits"]
    assert run(*words, "--json", "-o", page) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["alarm"]
    assert [row["file"] for row in found["runs"] if row["alarm"]] == ["bad.root"]
    first = found["runs"][1]["findings"][0]
    assert (first["quantity"], first["text"]) == ("unit", "MET_pt: unit looks like MeV, factor 1000")
    assert found["moved"][0].startswith("bad.root: MET_pt: unit looks like MeV")
    text = page.read_text(encoding="utf-8")
    assert 'id="runs"' in text
    assert "MET_pt: unit looks like MeV" in text
    assert "https://" not in text.replace("http://www.w3.org", "")
    assert run(*words, "-o", page) == 2
    assert "exists already" in capsys.readouterr().err


def test_what_cannot_be_used_is_one_sentence(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = folder / "reference.root"
    events = make_events(800, 30)
    write(tmp_path / "less.root", events.select(sorted(set(events.columns) - {"MET_pt", "event"})))
    write(tmp_path / "few.root", events.slice(0, 20))
    write(tmp_path / "none.root", events.slice(0, 0))
    (tmp_path / "empty.root").write_bytes(b"")
    for name, words in (
        ("less.root", "run 'less.root' lacks 'event', 'MET_pt' of the reference"),
        ("few.root", "run 'few.root' has 20 events, too few to judge"),
        ("none.root", "no events"),
        ("empty.root", "empty"),
        ("absent.root", "absent.root"),
    ):
        assert run(known, tmp_path / name, "--no-bits") == 2, name
        said = capsys.readouterr().err
        assert words in said, said
        assert said.count("\n") == 1
    assert run(known) == 2
    assert run(known, folder / "good0.root", "--alarm-rate", "2") == 2
    assert "the alarm rate must be" in capsys.readouterr().err


def test_not_a_number_is_named(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    events = make_events(800, 31)
    values = np.where(np.arange(800) % 10 == 0, np.nan, events.columns["MET_sumEt"])
    write(tmp_path / "nan.root", with_columns(events, {"MET_sumEt": values}))
    assert run(folder / "reference.root", tmp_path / "nan.root", "--no-bits") == 1
    assert "MET_sumEt: 10 % are NaN (0 % in the reference)" in capsys.readouterr().out
