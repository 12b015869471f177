"""The autoencoder as the codec of a packed file: bounds kept, no bound said in words, no torch to read it."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="packing with an autoencoder needs torch")

from hepack._errors import BadRequestError, HepackError
from hepack.archive.pack import PackResult
from hepack.archive.packed import PackedFile
from hepack.archive.recover import recover
from hepack.archive.verify import verify
from hepack.cli.main import main
from hepack.codec.network import NetworkOptions
from hepack.codec.recipe import Recipe
from hepack.table import EventTable, Schema, Tolerance, Variable
from latent_jets import NAMES, latent_jets, options_of
from memory import pack_tables
from promise import same_bits

UNBOUNDED = Recipe(network=options_of())
FAST = replace(UNBOUNDED, effort="fast")
LINEAR = NetworkOptions(latent=2, hidden=(), epochs=6, batch=64)


@pytest.fixture(scope="module")
def unbounded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PackResult]:
    path = tmp_path_factory.mktemp("codec") / "u.hpk"
    return path, pack_tables(path, latent_jets(), events=150, recipe=UNBOUNDED)


@pytest.fixture(scope="module")
def bounded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, PackResult]:
    path = tmp_path_factory.mktemp("codec") / "b.hpk"
    return path, pack_tables(path, latent_jets(900, bound="1e-2"), recipe=Recipe(network=LINEAR))


def read(path: Path) -> EventTable:
    with PackedFile(path) as packed:
        return packed["Events"].read()


def version(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[8:10], "little")


def test_a_file_without_bounds_says_so(unbounded: tuple[Path, PackResult]) -> None:
    path, result = unbounded
    assert result.unbounded == NAMES
    assert version(path) == 4
    with PackedFile(path) as packed:
        assert packed.unbounded == NAMES
        assert {str(packed["Events"].schema.by_name[name].tolerance) for name in NAMES} == {"unbounded"}
        assert packed["Events"].schema.by_name["MET"].tolerance.is_lossless
        assert len(packed["Events"].schema.variables) == len(latent_jets().schema.variables)
    checked = verify(path)
    assert checked.sound
    assert checked.unbounded == NAMES


def test_what_a_network_cannot_take_is_exact(unbounded: tuple[Path, PackResult]) -> None:
    given, found = latent_jets(), read(unbounded[0])
    for name in ("Jet_n", "MET"):
        assert same_bits(found.columns[name], given.columns[name])
    assert np.array_equal(found.offsets["Jet"], given.offsets["Jet"])
    assert same_bits(found.columns["Jet_a"][:5], given.columns["Jet_a"][:5])
    assert found.columns["Jet_a"][-1] == 1e6  # of the last block, beyond all that the first one has
    for name in NAMES:
        assert np.isfinite(found.columns[name][5:]).all()
        assert not same_bits(found.columns[name], given.columns[name])
    assert np.abs(found.columns["Jet_phi"]).max() <= np.float32(math.pi)


def test_columns_and_ranges_are_read_alone(unbounded: tuple[Path, PackResult]) -> None:
    whole = read(unbounded[0])
    with PackedFile(unbounded[0]) as packed:
        part = packed["Events"][100:200].read(["Jet_c"])
        assert list(part.columns) == ["Jet_c"]
        assert same_bits(part.columns["Jet_c"], whole.slice(100, 200).columns["Jet_c"])


def test_no_torch_and_no_hidden_column_when_reading(unbounded: tuple[Path, PackResult]) -> None:
    code = (
        "import sys, hepack; t = hepack.open(sys.argv[1])['Events'].read(); "
        "sys.exit('torch' in sys.modules or any('latent' in n for n in t.columns))"
    )
    assert subprocess.run([sys.executable, "-c", code, str(unbounded[0])], check=False).returncode == 0


def test_with_bounds_every_value_keeps_its_own(bounded: tuple[Path, PackResult], tmp_path: Path) -> None:
    path, result = bounded
    given, found = latent_jets(900, bound="1e-2"), read(path)
    assert result.unbounded == ()
    with PackedFile(path) as packed:
        assert len(packed.plan.hidden[0]) == 2
    for variable in given.schema.variables:
        before, after = given.columns[variable.name], found.columns[variable.name]
        assert not variable.tolerance.violated(before, after, period=variable.period).any()
    plain = pack_tables(tmp_path / "p.hpk", given, recipe=Recipe(effort="fast"))
    assert result.packed_bytes < 0.8 * plain.packed_bytes


def test_a_bound_for_some_columns(tmp_path: Path) -> None:
    given = latent_jets(200)
    rules = (("Jet_a", Tolerance("relative", 1e-3)), ("Jet_b", Tolerance()))
    result = pack_tables(tmp_path / "m.hpk", given, recipe=replace(FAST, rules=rules))
    assert result.unbounded == tuple(name for name in NAMES if name not in ("Jet_a", "Jet_b"))
    found = read(tmp_path / "m.hpk")
    assert same_bits(found.columns["Jet_b"], given.columns["Jet_b"])
    assert not rules[0][1].violated(given.columns["Jet_a"], found.columns["Jet_a"]).any()


def test_where_it_does_not_pay_there_is_none_and_all_is_bounded(tmp_path: Path) -> None:
    few = pack_tables(tmp_path / "few.hpk", latent_jets(40), recipe=FAST)
    bare = replace(FAST, rules=(("*", Tolerance()),))
    lossless = pack_tables(tmp_path / "l.hpk", latent_jets(200), recipe=bare)
    for result, table in ((few, latent_jets(40)), (lossless, latent_jets(200))):
        path = Path(result.path)
        assert result.unbounded == ()
        assert version(path) < 3
        assert any("does not pay" in note for note in result.notes)
        found = read(path)
        assert all(same_bits(found.columns[name], values) for name, values in table.columns.items())


def test_named_variables_and_bad_requests(tmp_path: Path) -> None:
    named = replace(FAST, network=options_of(variables=("Jet_[abc]",)))
    assert pack_tables(tmp_path / "n.hpk", latent_jets(200), recipe=named).unbounded == NAMES[:3]
    for variables, says in ((("Jet_a",), "only 1 columns"), (("nope",), "no float columns")):
        bad = Recipe(network=options_of(variables=variables))
        with pytest.raises(BadRequestError, match=says):
            pack_tables(tmp_path / "x.hpk", latent_jets(50), recipe=bad)
    with pytest.raises(BadRequestError, match="leave out the model"):
        Recipe(network=options_of(), model=Path("a.hpm"))
    with pytest.raises(BadRequestError, match="at least 1"):
        options_of(latent=0)


def test_the_same_bytes_for_any_number_of_threads(tmp_path: Path) -> None:
    found = []
    for threads in (1, 3):
        recipe = replace(FAST, threads=threads)
        pack_tables(tmp_path / "t.hpk", latent_jets(150), recipe=recipe, overwrite=True)
        found.append((tmp_path / "t.hpk").read_bytes())
    assert found[0] == found[1]


def test_recovery_keeps_network_and_version(unbounded: tuple[Path, PackResult], tmp_path: Path) -> None:
    data = bytearray(unbounded[0].read_bytes())
    with PackedFile(unbounded[0]) as packed:
        second = packed["Events"].blocks[1].section
    data[second.offset + second.length - 5] ^= 1
    (tmp_path / "bad.hpk").write_bytes(data)
    saved = recover(tmp_path / "bad.hpk", tmp_path / "good.hpk")
    assert [(first, n) for _, first, n in saved.kept] == [(0, 150), (300, 100)]
    assert version(tmp_path / "good.hpk") == 4
    whole = read(unbounded[0])
    assert same_bits(read(tmp_path / "good.hpk").columns["MET"][:150], whole.columns["MET"][:150])


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    return int(left.value.code or 0)


def test_the_commands_say_it_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(1)
    source = tmp_path / "jets.npy"
    x = rng.normal(size=(2, 400)).astype("f4")
    rows = np.zeros(400, [("pt", "f4"), ("eta", "f4"), ("m", "f4")])
    rows["pt"], rows["eta"], rows["m"] = x[0], x[1], x[0] + x[1]
    np.save(source, rows)
    packed, back = str(tmp_path / "jets.hpk"), str(tmp_path / "back.npy")
    words = ("--codec", "autoencoder", "--latent", "2", "--hidden", "4", "--epochs", "1", "-o", packed)
    assert run("pack", str(source), *words, "-t", "m=1e-2") == 0
    assert "unbounded, values may be off by anything: pt, eta; all others" in capsys.readouterr().out
    assert run("inspect", packed) == 0
    told = capsys.readouterr().out
    assert "unbounded: pt, eta" in told
    assert "latent 0: " in told
    assert run("verify", packed, "--against", str(source)) == 0
    assert "nothing is promised of pt, eta" in capsys.readouterr().out
    assert run("unpack", packed, "-o", back) == 0
    told = capsys.readouterr()
    assert told.err.strip() == "unbounded: pt, eta come from an autoencoder and may be off by anything"
    assert np.abs(np.load(back)["m"] - rows["m"]).max() <= 1e-2
    assert run("pack", str(source), "--latent", "2") == 2
    assert "--codec autoencoder" in capsys.readouterr().err


def test_any_bytes_of_a_network_are_refused_or_harmless(
    unbounded: tuple[Path, PackResult], tmp_path: Path
) -> None:
    sys.path.append(str(Path(__file__).resolve().parents[1] / "hostile"))
    from forge import forge

    rng = np.random.default_rng(3)
    for _ in range(12):

        def noise(data: bytes) -> bytes:
            changed = np.frombuffer(data, np.uint8).copy()
            places = rng.integers(0, len(changed), 3)
            changed[places] = rng.integers(0, 256, 3)
            return changed.tobytes()

        bad = tmp_path / "bad.hpk"
        bad.write_bytes(forge(unbounded[0], parts=noise))
        try:
            read(bad)
        except HepackError:
            continue
        assert verify(bad).sound


def odd_table(n: int) -> EventTable:
    """Constant columns, NaN alone, halves and doubles, components of a fixed shape, huge and tiny numbers."""
    rng = np.random.default_rng(6)
    columns = {
        "constant": np.full(n, 7.5, "f4"),
        "nothing": np.full(n, np.nan, "f8"),
        "half": rng.normal(size=n).astype("f2"),
        "huge": (rng.normal(size=n) * 1e305),
        "tiny": (rng.normal(size=n) * 1e-42).astype("f4"),
        "three": rng.normal(size=(n, 3)).astype("f4"),
    }
    variables = tuple(Variable(name=k, dtype=v.dtype, shape=v.shape[1:]) for k, v in columns.items())
    return EventTable(Schema("odd", variables), n, {}, columns)


@pytest.mark.parametrize("rows", [0, 1, 300])
def test_odd_columns_and_few_rows(rows: int, tmp_path: Path) -> None:
    given = odd_table(rows)
    result = pack_tables(tmp_path / "o.hpk", given, recipe=FAST, overwrite=True)
    assert bool(result.unbounded) == (rows >= 256)
    assert verify(tmp_path / "o.hpk").sound
    with PackedFile(tmp_path / "o.hpk") as packed:
        found = packed["odd"].read()
    for name, values in given.columns.items():
        assert found.columns[name].shape == values.shape
        if rows < 256 or name in ("constant", "nothing"):
            assert same_bits(found.columns[name], values)
        assert np.array_equal(np.isfinite(found.columns[name]), np.isfinite(values))
