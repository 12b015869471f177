"""Each command through the door that users take: what it prints, how it ends, what it says of errors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hepack.cli.main import COMMANDS, main


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """A flat file of 300 events."""
    rng = np.random.default_rng(1)
    path = tmp_path / "jets.csv"
    lines = [
        f"{pt:.4f},{phi:.5f},{n}"
        for pt, phi, n in zip(
            rng.exponential(40, 300), rng.uniform(-3.1, 3.1, 300), rng.poisson(3, 300), strict=True
        )
    ]
    path.write_text("Jet_pt,Jet_phi,n\n" + "\n".join(lines) + "\n")
    return path


@pytest.fixture
def hpk(csv: Path) -> Path:
    """The same, packed."""
    run("pack", str(csv))
    return csv.with_name("jets.csv.hpk")


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    code = left.value.code
    return 0 if code is None else int(code)


def failure(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The sentence of a command that must fail with exit code 2."""
    capsys.readouterr()
    assert run(*words) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("hepack: ")
    assert found.err.count("\n") == 1
    assert "Traceback" not in found.err
    return found.err


def as_json(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> Any:
    capsys.readouterr()
    assert run(*words, "--json") == code
    return json.loads(capsys.readouterr().out)


def test_a_life(
    csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("inspect", "jets.csv") == 0
    assert "Jet_pt" in capsys.readouterr().out
    assert run("pack", "jets.csv", "-t", "Jet_pt=1e-3rel", "-t", "Jet_phi=1e-3") == 0
    assert "300 events" in capsys.readouterr().out
    assert run("inspect", "jets.csv.hpk") == 0
    assert "0.001rel" in capsys.readouterr().out
    assert run("verify", "jets.csv.hpk", "--against", "jets.csv") == 0
    assert "sound" in capsys.readouterr().out
    assert run("unpack", "jets.csv.hpk", "-o", "back.csv") == 0
    assert run("unpack", "jets.csv.hpk", "--to", "npz") == 0
    assert (tmp_path / "jets.csv.npz").exists()
    assert run("recover", "jets.csv.hpk", "-o", "saved.hpk") == 0
    assert run("reduce", "jets.csv", "-o", "small.npz", "-t", "Jet_*=1e-2") == 0
    assert "2 variables rounded" in capsys.readouterr().out
    assert len((tmp_path / "back.csv").read_text().splitlines()) == 301


def test_json_of_every_command(
    csv: Path, hpk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "o")
    assert as_json(capsys, "inspect", str(csv))["tables"][0]["events"] == 300
    report = as_json(capsys, "inspect", str(hpk))
    assert report["packed"]
    assert report["tables"][0]["variables"][0]["packed_bytes"] > 0
    assert "analysis" in as_json(capsys, "inspect", "--presets")
    assert as_json(capsys, "pack", str(csv), "-o", out + ".hpk")["n_events"] == [300]
    assert as_json(capsys, "unpack", str(hpk), "-o", out + ".csv")["format"] == "csv"
    assert as_json(capsys, "verify", str(hpk), "--against", str(csv))["sound"] is True
    assert as_json(capsys, "recover", str(hpk), "-o", out + "r.hpk")["lost"] == []
    assert as_json(capsys, "reduce", str(csv), "-o", out + ".npz")["rounded"] == []


def test_bytes_on_disk_where_they_are_known(
    csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A CSV file keeps no such numbers, a ROOT file does."""
    root = str(tmp_path / "jets.root")
    assert run("reduce", str(csv), "-o", root) == 0
    for path, known in ((str(csv), False), (root, True)):
        (table,) = as_json(capsys, "inspect", path)["tables"]
        stored = {row["name"]: row["stored_bytes"] for row in table["variables"]}
        assert set(stored) == {"Jet_pt", "Jet_phi", "n"}
        assert all((value is not None) is known for value in stored.values())
        assert run("inspect", path) == 0
        shown = capsys.readouterr().out
        assert "on disk" in shown
        assert not known or f"{stored['n']} B" in shown


def test_checked_and_found_wanting_is_1(
    hpk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(hpk.read_bytes())
    data[len(data) // 2] ^= 1
    hpk.write_bytes(data)
    assert run("verify", str(hpk)) == 1
    assert "problems" in capsys.readouterr().out
    assert as_json(capsys, "verify", str(hpk), code=1)["problems"]
    assert run("recover", str(hpk), "-o", str(tmp_path / "saved.hpk")) == 1
    assert "lost" in capsys.readouterr().out


def test_several_files(csv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "bad.csv"
    other.write_bytes(b"\0\1\2 nothing")
    folder = tmp_path / "out"
    rows = as_json(capsys, "pack", str(csv), str(other), "-o", str(folder), code=2)["files"]
    assert [row["state"] for row in rows] == ["packed", "failed"]
    assert "bad.csv" in rows[1]["message"]
    assert run("pack", str(csv), str(other), "-o", str(folder)) == 2
    shown = capsys.readouterr().out
    assert "unchanged" in shown
    assert "failed" in shown
    assert "folder" in failure(capsys, "pack", str(csv), str(other))


ERRORS = {
    "missing file": (["pack", "{folder}/none.csv"], "none.csv"),
    "missing packed file": (["unpack", "{folder}/none.hpk"], "none.hpk"),
    "missing file to inspect": (["inspect", "{folder}/none.csv"], "none.csv"),
    "missing file to verify": (["verify", "{folder}/none.hpk"], "none.hpk"),
    "missing file to recover": (["recover", "{folder}/none.hpk", "-o", "{folder}/r.hpk"], "none.hpk"),
    "missing file to reduce": (["reduce", "{folder}/none.csv", "-o", "{folder}/r.npz"], "none.csv"),
    "missing original": (["verify", "{hpk}", "--against", "{folder}/none.csv"], "none.csv"),
    "no packed file": (["verify", "{csv}"], "not a packed file"),
    "unknown format": (["pack", "{csv}", "-f", "cvs"], "csv"),
    "unknown format to write": (["unpack", "{hpk}", "--to", "cvs", "-o", "{folder}/x"], "csv"),
    "format not told": (["reduce", "{csv}", "-o", "{folder}/x.strange"], "--to"),
    "unknown variable": (["pack", "{csv}", "-o", "{folder}/x.hpk", "-t", "Jet_pT=1e-3"], "Jet_pt"),
    "integer variable": (["pack", "{csv}", "-o", "{folder}/x.hpk", "-t", "n=1e-3"], "exactly"),
    "bad tolerance": (["pack", "{csv}", "-o", "{folder}/x.hpk", "-t", "Jet_pt=1e-3percent"], "1e-3percent"),
    "huge tolerance": (["pack", "{csv}", "-o", "{folder}/x.hpk", "-t", "Jet_pt=1e999bits"], "0 to 52"),
    "missing rules": (["pack", "{csv}", "-o", "{folder}/x.hpk", "-t", "rules.toml"], "rules.toml"),
    "unknown preset": (["pack", "{csv}", "-o", "{folder}/x.hpk", "-p", "analysys"], "analysis"),
    "existing output": (["pack", "{csv}"], "--overwrite"),
    "existing output of unpack": (["unpack", "{hpk}", "-o", "{csv}"], "--overwrite"),
    "output is a folder": (["unpack", "{hpk}", "-o", "{folder}"], "folder"),
    "output in no folder": (["pack", "{csv}", "-o", "{folder}/a/b/c.hpk"], "does not exist"),
    "output is the input": (["pack", "{csv}", "-o", "{csv}", "--overwrite"], "input itself"),
    "unwritable folder": (["pack", "{csv}", "-o", "/proc/x.hpk"], "/proc"),
    "no command": (["pakc"], "pack"),
    "no option": (["pack", "{csv}", "--tolerence", "x"], "--tolerance"),
    "no argument": (["unpack"], "FILE"),
    "nothing to inspect": (["inspect"], "file"),
    "number out of range": (["pack", "{csv}", "--threads", "0"], "--threads"),
    "no match": (["pack", "{folder}/x*.csv"], "x*.csv"),
    "cut file": (["unpack", "{cut}", "-o", "{folder}/y.csv"], "recover"),
}


@pytest.mark.parametrize(("words", "said"), ERRORS.values(), ids=ERRORS)
def test_errors_are_one_sentence(
    csv: Path, hpk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    if any("/proc" in word for word in words) and sys.platform != "linux":
        pytest.skip("no /proc here")
    cut = tmp_path / "cut.hpk"
    cut.write_bytes(hpk.read_bytes()[:-7])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    names = {"csv": csv, "hpk": hpk, "folder": tmp_path, "cut": cut}
    assert said in failure(capsys, *(word.format(**names) for word in words))
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_overwrite(csv: Path, hpk: Path) -> None:
    hpk.write_bytes(b"old")
    assert run("pack", str(csv), "--overwrite") == 0
    assert run("verify", str(hpk)) == 0


@pytest.mark.parametrize("place", [0, 1, 2])
def test_debug_shows_the_traceback_wherever_it_stands(tmp_path: Path, place: int) -> None:
    words = ["verify", str(tmp_path / "none.hpk")]
    words.insert(place, "--debug")
    found = subprocess.run(
        [sys.executable, "-c", "from hepack.cli import main; main()", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode != 0
    assert "Traceback" in found.stderr
    assert "none.hpk" in found.stderr


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)
    assert run("--version") == 0
    assert "hepack" in capsys.readouterr().out
    for name in COMMANDS:
        assert run(name, "--help") == 0
        assert "--help" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom hepack.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'awkward', 'numba', 'uproot', 'rich', 'pydantic', 'h5py', 'pyarrow'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def test_import_hepack_is_light() -> None:
    script = "import sys, hepack; sys.exit('numpy' in sys.modules or not hepack.__version__)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_interrupted(csv: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hepack.archive.pack.open_source", stop)
    assert run("pack", str(csv)) == 130
    assert "interrupted" in capsys.readouterr().err
    assert [path.name for path in csv.parent.iterdir()] == ["jets.csv"]
