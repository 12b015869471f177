"""The command ``hepack simulate``."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from hepack._errors import BadRequestError
from hepack.cli.simulate import command


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_list_shows_every_process() -> None:
    from hepack.simulate import process_ids

    shown = run("--list")
    assert all(name in shown for name in process_ids())


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["tbar"], "nearest are ttbar"),
        ([], "--list"),
        (["ttbar", "--layout", "nano"], "nanoaod"),
        (["ttbar", "-n", "0"], "1 or more"),
        (["ttbar", "--cached", "-o", "x.root"], "leave out"),
    ],
)
def test_bad_requests_are_one_sentence(arguments: list[str], says: str) -> None:
    with pytest.raises(BadRequestError, match=says) as error:
        run(*arguments)
    assert "\n" not in str(error.value)


def test_unknown_option() -> None:
    result = CliRunner().invoke(command, ["ttbar", "--evnts", "3"])
    assert result.exit_code == 2
    assert "--events" in result.output


@pytest.mark.usefixtures("generators")
def test_same_seed_same_digest(tmp_path: Path) -> None:
    shown = [
        run("zmumu", "-n", "5", "--seed", "3", "-q", "-o", str(tmp_path / name)).splitlines()
        for name in ("a.phenoml", "b.phenoml")
    ]
    assert shown[0][1] == shown[1][1]
    assert shown[0][1].startswith("content digest sha256:")
    assert (tmp_path / "a.phenoml").read_bytes() == (tmp_path / "b.phenoml").read_bytes()


@pytest.mark.usefixtures("generators")
def test_cached_prints_the_path_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEPACK_CACHE", str(tmp_path))
    first, second = (run("zmumu", "-n", "3", "--layout", "phenoml", "--cached", "-q") for _ in range(2))
    assert first == second
    assert Path(first.strip()).is_file()
