"""`hepack study` through the door that users take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="a study trains networks")
pytest.importorskip("matplotlib", reason="a study draws plots")

from hepack.cli.main import main

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(("study", "--threads", "1", *words))  # a number that stays for the tests after this
    return int(left.value.code or 0)


def test_a_section_of_its_own_needs_no_jets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "s.html"
    words = (
        "--only",
        "objects,strain",
        "--quick",
        "--events",
        str(SAMPLES / "zjets.phenoml"),
        "-o",
        str(output),
    )
    assert run(*words) == 0
    told = capsys.readouterr().out
    assert "Kinds of objects" in told
    assert "left out: strain" in told
    written = json.loads(output.with_suffix(".json").read_text())
    sheet = written["sections"][0]["sheets"][-1]
    assert sheet["title"] == "The kind as a discrete variable"
    restored = {row[0]: row[sheet["header"].index("kind restored")] for row in sheet["rows"]}
    assert restored["left out"] is None
    assert max(restored["one-hot"], restored["embedded in 3 numbers"]) > 0.65  # 0.62 are jets
    told = written["command"]
    assert told == "hepack study --quick --only objects,strain --events zjets.phenoml --threads 1"
    assert run(*words) == 2
    assert "exists already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--only", "magic"), "no section"),
        (("--layers", "9-x"), "layers"),
        (("nowhere.root",), "nowhere.root"),
    ],
)
def test_errors_are_one_sentence(
    words: tuple[str, ...], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words, "-o", str(tmp_path / "s.html")) == 2
    told = capsys.readouterr().err
    assert says in told
    assert told.count("hepack: ") == 1
