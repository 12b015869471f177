"""A whole benchmark: the record, its JSON, peers that break their promise, the command, the picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import hepack.bench.peer as registry
from hepack._errors import BadRequestError
from hepack.bench.column import Column
from hepack.bench.peer import Encoded, Peer, register
from hepack.bench.result import BenchResult
from hepack.bench.run import bench
from hepack.cli.main import cli
from hepack.codec.recipe import Recipe, parse_rules

RULES = "pt=1e-3rel,eta=1e-3,phi=1e-3"
FEW = ["pcodec", "zstd-3"]


class Liar(Peer):
    """Claims a bound and keeps nothing."""

    id, title, package, module = "liar", "Liar", "liar", "math"

    def settings(self, column: Column) -> list[str]:
        return ["codes"] if column.is_bounded else ["exact"]

    def compress(self, column: Column, setting: str) -> Encoded:
        return Encoded((b"",), column.values)

    def decompress(self, encoded: Encoded, setting: str) -> Any:
        return encoded.state + encoded.state.dtype.type(1)


class Crasher(Liar):
    id = "crasher"

    def decompress(self, encoded: Encoded, setting: str) -> Any:
        raise RuntimeError("out of luck")


@pytest.fixture
def extra_peers() -> Iterator[None]:
    register(Liar())
    register(Crasher())
    yield
    registry._EXTRA.clear()


@pytest.fixture(scope="module")
def result(jets_csv: Path) -> BenchResult:
    return bench(
        jets_csv, Recipe(rules=parse_rules([RULES])), peers=FEW, repeat=1, command="hepack bench jets.csv"
    )


def test_the_sum_of_the_best_is_the_headline(result: BenchResult) -> None:
    names = {item.name: item for item in result.items}
    assert {"pt", "eta", "phi", "n"} <= set(names)
    assert names["pt"].tolerance == "0.001rel"
    assert set(names["pt"].bounded) == set(FEW)
    assert not names["n"].bounded
    assert result.best_plain_bytes == sum(item.best_bytes for item in result.items)
    for total in result.totals():
        assert total.bytes >= result.best_plain_bytes
        assert total.broken == total.filled == 0
    assert result.ratio_to_best == result.own[0].bytes / result.best_plain_bytes
    assert [own.effort for own in result.own] == ["default", "fast"]


def test_json_round_trip(result: BenchResult) -> None:
    text = result.to_text()
    back = BenchResult.from_json(json.loads(text))
    assert back.best_plain_bytes == result.best_plain_bytes
    assert json.loads(back.to_text()) == json.loads(text)
    assert len(text.splitlines()) > len(result.items)


def test_no_paths_of_this_machine(result: BenchResult, jets_csv: Path) -> None:
    assert str(jets_csv.parent) not in result.to_text()
    assert result.file == "jets.csv"
    assert {"cpu", "cores", "python", "versions"} <= set(result.machine)


@pytest.mark.usefixtures("extra_peers")
def test_a_peer_that_breaks_its_bound_counts_for_nothing(jets_csv: Path) -> None:
    rules = Recipe(rules=parse_rules([RULES]))
    result = bench(jets_csv, rules, peers=["pcodec", "liar", "crasher"], repeat=1)
    pt = next(item for item in result.items if item.name == "pt")
    assert "outside the bound" in pt.bounded["liar"].broken
    assert "out of luck" in pt.bounded["crasher"].broken
    assert pt.best is not None
    assert pt.best[0] == "pcodec"
    liar = next(t for t in result.totals() if t.peer == "liar" and t.family == "bounded")
    assert liar.broken == liar.filled == len(result.items)
    assert liar.bytes == liar.filled_bytes == result.best_plain_bytes


def test_missing_peers_are_named_not_fatal(jets_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hepack.bench.zfp.Zfp.module", "no_such_module_here")
    result = bench(jets_csv, peers=["zstd-3", "zfp"], repeat=1)
    assert "pip install zfpy" in result.skipped_peers["zfp"]


def test_unknown_peer(jets_csv: Path) -> None:
    with pytest.raises(BadRequestError, match="zstd-3"):
        bench(jets_csv, peers=["zstd-33"])


def test_whole_file_formats_are_checked(jets_csv: Path) -> None:
    pytest.importorskip("pyarrow")
    result = bench(jets_csv, peers=["zstd-3", "parquet-zstd", "root-zstd-5"], repeat=1)
    rows = {row.peer: row for row in result.whole_files}
    assert set(rows) == {"parquet-zstd", "root-zstd-5"}
    assert rows["parquet-zstd"].lossless, rows["parquet-zstd"].note
    assert rows["parquet-zstd"].bytes > 0


def test_command(jets_csv: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    out, picture = tmp_path / "out.json", tmp_path / "out.png"
    words = ["bench", str(jets_csv), "-t", RULES, "--peers", "pcodec,zstd-3", "--repeat", "1"]
    done = CliRunner().invoke(
        cli, [*words, "-o", str(out), "--picture", str(picture)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    assert "best plain peer per variable" in done.output
    stored = json.loads(out.read_text())
    assert stored["command"] == f"hepack bench jets.csv -t {RULES} --peers pcodec,zstd-3 --repeat 1"
    assert picture.read_bytes().startswith(b"\x89PNG")
    done = CliRunner().invoke(cli, [*words, "--json"], catch_exceptions=False)
    assert json.loads(done.stdout)["summary"]["best_plain_bytes"] == stored["summary"]["best_plain_bytes"]
    with pytest.raises(BadRequestError, match="exists already"):
        CliRunner().invoke(cli, [*words, "-o", str(out)], catch_exceptions=False)


@pytest.mark.usefixtures("extra_peers")
def test_command_exits_1_on_a_broken_peer(jets_csv: Path) -> None:
    done = CliRunner().invoke(
        cli, ["bench", str(jets_csv), "--peers", "zstd-3,liar", "--repeat", "1"], standalone_mode=False
    )
    assert done.return_value == 1
    assert "broken: liar" in done.output


def test_jagged_lengths_are_a_column_of_their_own(tmp_path: Path) -> None:
    ak = pytest.importorskip("awkward")
    pytest.importorskip("pyarrow")
    lengths = np.random.default_rng(5).poisson(3, 200)
    pt = np.random.default_rng(6).exponential(30, int(lengths.sum())).astype(np.float32)
    path = tmp_path / "jets.parquet"
    ak.to_parquet(ak.Array({"Jet_pt": ak.unflatten(pt, lengths)}), path)
    result = bench(path, peers=FEW, repeat=1)
    roles = [item.role for item in result.items]
    assert roles.count("counts") == 1
    assert roles.count("values") == 1
