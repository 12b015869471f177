"""The cache of simulated files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hepack._errors import BadRequestError
from hepack.simulate import Request
from hepack.simulate.cache import cached

REQUEST = Request(process="ttbar", events=3)
pytestmark = pytest.mark.usefixtures("generators")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HEPACK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_second_call_finds_the_file(folder: Path) -> None:
    made: list[Path] = []

    def make(path: Path) -> None:
        made.append(path)
        path.write_bytes(b"events")

    first, second = cached(REQUEST, make), cached(REQUEST, make)
    assert (first.fresh, second.fresh, len(made)) == (True, False, 1)
    assert first.sha256 == second.sha256
    note = json.loads(Path(f"{first.path}.json").read_text())
    assert note["request"]["process"] == "ttbar"
    assert cached(Request(process="ttbar", events=4), make).path != first.path


def test_damaged_files_are_made_again(folder: Path) -> None:
    entry = cached(REQUEST, lambda path: path.write_bytes(b"events"))
    entry.path.write_bytes(b"broken")
    again = cached(REQUEST, lambda path: path.write_bytes(b"events"))
    assert again.fresh
    assert again.path.read_bytes() == b"events"


def test_impossible_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HEPACK_CACHE", str(tmp_path / "file"))
    with pytest.raises(BadRequestError, match="cache folder"):
        cached(REQUEST, lambda path: None)
