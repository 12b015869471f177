"""``hepack report``: exit codes and outputs, on files of several formats."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import hepack
from hepack.cli import main
from hepack.io import WriteOptions, get_format
from hepack.table import EventTable

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def save(table: EventTable, path: Path, format_id: str) -> Path:
    with get_format(format_id).create(str(path), {}, WriteOptions()) as sink:
        sink.begin(table.schema, len(table))
        sink.write(table)
    return path


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as leave:
        main(["report", *map(str, words)])
    return int(leave.value.code or 0)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from events import changed, jagged, rounded

    folder = tmp_path_factory.mktemp("files")
    table = jagged(700)
    save(table, folder / "a.root", "root")
    save(rounded(table), folder / "near.parquet", "parquet")
    pt = (table.columns["Jet_pt"] * 1.1).astype("<f4")
    save(changed(table, Jet_pt=pt), folder / "far.root", "root")
    hepack.pack(
        folder / "a.root", folder / "a.hpk", tolerance="*_pt=1e-3rel,*_eta=1e-3,*_phi=1e-3", effort="fast"
    )
    return folder


def test_a_packed_file_passes_and_shows_its_cost(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = files / "packed.html"
    assert run(files / "a.root", files / "a.hpk", "-o", page, "--save-json", files / "packed.json") == 0
    assert "bound kept" in capsys.readouterr().out
    value = json.loads((files / "packed.json").read_text())
    assert value["comparison"]["cost"]["packed"] is True
    assert value["comparison"]["cost"]["decode_cpu"] > 0
    bits = {row["name"]: row["bits_per_value"] for row in value["comparison"]["cost"]["variables"]}
    assert 0 < bits["Jet_pt"] < 32
    assert page.stat().st_size < 5_000_000


def test_a_broken_file_gives_exit_code_1(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(files / "a.root", files / "far.root", "--no-page", "-t", "Jet_pt=1e-3rel") == 1
    out = capsys.readouterr().out
    assert "Jet_pt is too high by 10 %" in out
    assert "break the promised 0.001rel" in out


def test_formats_may_differ(files: Path) -> None:
    assert run(files / "a.root", files / "near.parquet", "--no-page", "--json") == 0


@pytest.mark.parametrize(
    "words",
    [
        ("a.root", "none.root"), ("a.root",), ("a.root", "a.hpk", "--select", "open('x')", "--no-page"),
        ("a.root", "a.hpk", "-o", "no/such/folder/x.html"), ("a.root", "a.hpk", "--policy", "none.toml"),
    ],
)  # fmt: skip
def test_bad_input_gives_exit_code_2(files: Path, words: tuple[str, ...]) -> None:
    paths = [str(files / word) if word.endswith((".root", ".hpk", ".toml")) else word for word in words]
    assert run(*paths) == 2


def test_the_default_policy_is_shown_and_can_be_read_back(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from hepack.report.policy import load_policy

    assert run("--show-policy") == 0
    path = files / "default.toml"
    path.write_text(capsys.readouterr().out)
    assert load_policy(path).limits == load_policy().limits


def test_from_python(files: Path) -> None:
    found = hepack.compare(files / "a.root", files / "a.hpk")
    (table,) = found.tables
    assert table.paired
    assert found.cost is not None
    jets = next(c for c in table.crossings if c.kind == "jets" and c.threshold == 25)
    with hepack.open(files / "a.hpk") as packed:
        after = packed.tables[0].read(["Jet_pt"]).columns["Jet_pt"]
    assert jets.above_after == int((after > 25).sum())
