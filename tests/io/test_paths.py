from __future__ import annotations

from pathlib import Path

import fsspec
import pytest

from hepack._errors import BadInputError
from hepack.io.paths import expand


def test_patterns(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.root", "odd[1].csv"):
        (tmp_path / name).touch()
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "folder.csv" / "inner.csv").touch()
    found = expand([f"{tmp_path}/c.root", f"{tmp_path}/?.csv", f"{tmp_path}/a.csv", f"{tmp_path}/odd[1].csv"])
    assert [Path(path).name for path in found] == ["c.root", "a.csv", "b.csv", "odd[1].csv"]
    deep = expand([f"{tmp_path}/**/*.csv"])
    assert [Path(path).name for path in deep] == ["a.csv", "b.csv", "inner.csv", "odd[1].csv"]


@pytest.mark.parametrize(
    ("pattern", "message"), [("nothing.csv", "no file"), ("*.nothing", "no file matches"), (".", "folder")]
)
def test_errors(pattern: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=message):
        expand([str(tmp_path / pattern)])


def test_urls() -> None:
    filesystem = fsspec.filesystem("memory")
    for name in ("b", "a"):
        filesystem.pipe_file(f"/paths/{name}.csv", b"x")
    try:
        assert expand(["memory://paths/*.csv"]) == ["memory:///paths/a.csv", "memory:///paths/b.csv"]
        assert expand(["memory://paths/a.csv", "root://host//f.root"]) == [
            "memory://paths/a.csv",
            "root://host//f.root",
        ]
        with pytest.raises(BadInputError, match="no file matches"):
            expand(["memory://paths/*.root"])
    finally:
        filesystem.rm("/paths", recursive=True)
