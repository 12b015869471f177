"""``hepack score``, end to end on small files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hepack.cli.main import main
from hepack.scoring.events import read_events


def jets(path: Path, events: int, seed: int, scale: float = 1.0) -> str:
    """A flat file of two jets an event, back to back, and a number."""
    rng = np.random.default_rng(seed)
    pt = 30 + rng.exponential(40, events) * scale
    rows = zip(
        range(events), pt, rng.normal(0, 1.5, events), rng.uniform(-3.1, 3.1, events),
        pt * rng.normal(0.9, 0.05, events), rng.normal(0, 1.5, events), rng.poisson(3, events), strict=True,
    )  # fmt: skip
    head = "event,jet_pt_1,jet_eta_1,jet_phi_1,jet_pt_2,jet_eta_2,n\n"
    lines = [",".join(f"{value:.5g}" if i else str(value) for i, value in enumerate(row)) for row in rows]
    path.write_text(head + "\n".join(lines) + "\n")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """A reference, and a file with harder jets."""
    return jets(tmp_path / "usual.csv", 900, 1), jets(tmp_path / "hard.csv", 120, 2, scale=6.0)


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    return int(left.value.code or 0)


def test_scores_are_written_beside_what_numbers_events(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    usual, hard = files
    model = str(tmp_path / "m.hpm")
    output = tmp_path / "scores.parquet"
    words = ("-m", "combined", "-m", "mahalanobis", "-o", str(output), "--save", model, "--top", "3")
    assert run("score", hard, usual, "-r", usual, *words) == 0
    shown = capsys.readouterr().out
    assert "least usual events" in shown
    table = read_events([output])
    assert set(table.schema.by_name) == {
        "file", "entry", "event", "score_combined", "p_combined", "score_mahalanobis", "p_mahalanobis"
    }  # fmt: skip
    np.testing.assert_array_equal(table.columns["event"], table.columns["entry"])
    first = table.columns["file"] == 0
    assert first.sum() == 120
    assert np.median(table.columns["p_combined"][first]) < 0.1
    assert 0.3 < np.median(table.columns["p_combined"][~first]) < 0.7

    # the model file alone gives the same
    again = tmp_path / "again.parquet"
    assert run("score", hard, usual, "--model", model, "-m", "combined", "-o", str(again)) == 0
    capsys.readouterr()
    same = read_events([again]).columns
    np.testing.assert_array_equal(same["score_combined"], table.columns["score_combined"])
    np.testing.assert_array_equal(same["p_combined"], table.columns["p_combined"])


@pytest.mark.parametrize("suffix", ["root", "h5", "parquet"])
def test_scores_of_variables_and_objects_are_written(
    suffix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip(
        "h5py" if suffix == "h5" else "pyarrow", reason="the format's package is not installed"
    )
    sample = str(Path(__file__).resolve().parents[2] / "samples" / "zjets.phenoml")
    output = tmp_path / f"scores.{suffix}"
    words = ("-v", "Jet_pt", "-v", "Jet_eta", "-v", "MET", "--contributions", "--objects", "-o", str(output))
    assert run("score", sample, "-r", sample, *words) == 0
    capsys.readouterr()
    table = read_events([output])
    jets = read_events([sample])
    names = {
        "from_combined_Jet_pt",
        "from_combined_Jet_eta",
        "from_combined_MET",
        "from_combined_lengths_of_Jet",
    }
    assert names <= set(table.schema.by_name)
    total = sum(table.columns[name] for name in names)
    np.testing.assert_allclose(total, table.columns["score_combined"], rtol=1e-4, atol=1e-4)
    column = table.schema.by_name["Jet_score_combined"]
    np.testing.assert_array_equal(table.counts(column.axis), jets.counts("Jet"))


def test_a_threshold_for_a_rate_comes_with_its_interval(
    files: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    usual, hard = files
    found = as_json(capsys, "score", hard, "-r", usual, "--rate", "100", "--input-rate", "1000", "--top", "2")
    cut = found["threshold"]
    assert cut["hz"] == pytest.approx(100, rel=0.1)
    assert cut["interval"][0] < 100 < cut["interval"][1]
    assert [one["file"] for one in found["top"]] == [hard, hard]
    assert len(found["top"][0]["reasons"]) == 3
    message = failure(capsys, "score", hard, "-r", usual, "--rate", "0.01", "--input-rate", "1000")
    assert "background events" in message


def test_a_report_shows_both_directions(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    usual, hard = files
    page = tmp_path / "page.html"
    words = ("-m", "combined", "-m", "mahalanobis", "--signal", f"hard={hard}", "--report", str(page))
    assert run("score", "-r", usual, *words) == 0
    text = page.read_text(encoding="utf-8")
    assert "Both directions" in text
    assert "What the score follows" in text
    study = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    rows = study["sections"][0]["sheets"][0]["rows"]
    assert {row[1] for row in rows} == {"combined", "mahalanobis"}
    assert all(row[2] > 0.7 for row in rows)
    assert "AUC" in capsys.readouterr().out


def test_displays_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    sample = str(Path(__file__).resolve().parents[2] / "samples" / "zjets.phenoml")
    folder = tmp_path / "displays"
    words = (
        "-m",
        "marginal",
        "-v",
        "*_pt",
        "-v",
        "*_eta",
        "-v",
        "*_phi",
        "--top",
        "2",
        "--displays",
        str(folder),
    )
    assert run("score", sample, "-r", sample, *words) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["001.png", "002.png"]
    assert (folder / "001.png").read_bytes().startswith(b"\x89PNG")
    capsys.readouterr()


def test_what_is_asked_wrongly_is_said_in_one_sentence(
    files: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    usual, hard = files
    assert "--reference" in failure(capsys, "score", hard)
    assert "no score 'best'" in failure(capsys, "score", hard, "-r", usual, "-m", "best")
    assert "belong together" in failure(capsys, "score", hard, "-r", usual, "--rate", "3")
    assert "no variable matches" in failure(capsys, "score", hard, "-r", usual, "-v", "q")
    assert "no quantity 'mass'" in failure(capsys, "score", hard, "-r", usual, "--decorrelate", "mass")
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n3,4\n")
    assert "has no variable" in failure(capsys, "score", str(other), "-r", usual)
    plain = tmp_path / "plain.hpm"
    assert run("fit", usual, "-o", str(plain)) == 0
    assert "no reference scores" in failure(capsys, "score", hard, "--model", str(plain))


def as_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert run(*words, "--json") == 0
    return json.loads(capsys.readouterr().out)


def failure(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert run(*words) == 2
    found = capsys.readouterr()
    assert found.err.startswith("hepack: ")
    assert found.err.count("\n") == 1
    return found.err
