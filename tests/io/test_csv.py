from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from copying import copy_file
from event_samples import content, text
from hypothesis import given
from hypothesis import strategies as st

from hepack._errors import BadInputError
from hepack.io import ReadOptions, WriteOptions, get_format
from hepack.io.numerals import find_spelling, spell_floats
from hepack.table import EventTable


def read(path: Path, max_bytes: int = 200) -> EventTable:
    with get_format("csv").open(str(path), ReadOptions()) as source:
        blocks = list(source.blocks(0, max_bytes=max_bytes))
        return EventTable.concatenate(blocks or [EventTable.empty(source.contents.schemas[0])])


def table_of(source: str | bytes, tmp_path: Path) -> EventTable:
    path = tmp_path / "a.csv"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return read(path)


EXACT = {
    "plain": "run,pt\n1,0.5\n2,1e-05\n",
    "no header": "1,0.5\n2,0.25\n",
    "no final line end": "a,b\n1,2\n3,4",
    "crlf": "a,b\r\n1,2\r\n",
    "semicolons": "a;b\n1,5;2\n2,5;3\n",
    "tabs": "a\tb\n1\t2\n",
    "one column": "a\n1\n2\n",
    "missing values": "a,b,c\n1,,x\n,2.5,\n3,,y\n",
    "one column with missing": 'a\n1\n""\n3\n',
    "booleans": "a,b\ntrue,False\nfalse,True\n",
    "quotes": 'a,b\n"x, y",1\n"say ""hi""",2\n',
    "quoted text": '"a","b"\n"x",1\n"y",2\n',
    "all quoted": '"a","b"\n"x","1"\n"y","2"\n',
    "line ends in quotes": 'a,b\n"x\ny",1\nz,2\n',
    "carriage returns in quotes": 'a,b\n"x\n y\r z, w",1\n"\r",2\n',
    "pad": "a, b\n1, 2\n3, 4\n",
    "preamble": "# made by hand\n# x y\n1.5 2.5\n3.5 4.5\n",
    "NaN": "a\n1.5\nNaN\n-inf\n",
    "twice": "x,x,\n1,2,3\n",
    "zeros kept": "id,v\n007,1\n012,2\n",
    "bom": "\ufeffa,b\n1,2\n",
    "big": "a,b,c\n18446744073709551615,9223372036854775808123,-9223372036854775808\n1,2,3\n",
    "fixed": "a,b\n1.50,1.000e+00\n2.00,2.500e-10\n",
    "unicode": "name,µ\nü,1\n",
    "only header": "a,b\n",
}


@pytest.mark.parametrize("kind", EXACT)
def test_text_comes_back(kind: str, tmp_path: Path) -> None:
    source, target = tmp_path / "a.csv", tmp_path / "b.csv"
    source.write_bytes(EXACT[kind].encode())
    copy_file(source, target, "csv", max_bytes=100)
    assert target.read_bytes() == EXACT[kind].encode()


def test_latin_1(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\n\xb5,1\n")
    copy_file(tmp_path / "a.csv", tmp_path / "b.csv", "csv")
    assert (tmp_path / "b.csv").read_bytes() == b"a,b\n\xb5,1\n"
    assert content(read(tmp_path / "a.csv"))["a"] == ["µ"]


def test_types_hold_for_the_whole_file(tmp_path: Path) -> None:
    """A value far behind decides the type."""
    rows = ["1,1,1,true"] * 100_000 + ["1.5,x,,0"]
    (tmp_path / "a.csv").write_text("a,b,c,d\n" + "\n".join(rows))
    table = read(tmp_path / "a.csv", 1 << 22)
    kinds = {name: (v.dtype.str, v.kind) for name, v in table.schema.by_name.items()}
    assert kinds["a"] == ("<f8", "continuous")
    assert kinds["b"] == ("|u1", "text")
    assert kinds["c"] == ("<i8", "integer")
    assert kinds["d"] == ("|u1", "text")
    assert table.schema.collection_by_name["c"].layout == "option"


@pytest.mark.parametrize(
    ("tokens", "dtype"),
    [
        (["18446744073709551615", "0"], "<u8"),
        (["18446744073709551616", "0"], "|u1"),
        (["9223372036854775808", "-1"], "|u1"),
        (["9007199254740993", "1.5"], "|u1"),  # as a float, the first would change
        (["9007199254740992", "1.5"], "<f8"),
        (["1_000", "2"], "|u1"),
        (["-0", "1"], "<f8"),
        (["1e400", "1"], "<f8"),
    ],
)
def test_nothing_is_lost_in_a_type(tokens: list[str], dtype: str, tmp_path: Path) -> None:
    table = table_of("a\n" + "\n".join(tokens), tmp_path)
    assert table.schema.by_name["a"].dtype.str == dtype


def test_spaces(tmp_path: Path) -> None:
    table = table_of("  x    phi\n 1.5   0.5\n22.5  -3.0\n", tmp_path)
    assert table.columns["x"].tolist() == [1.5, 22.5]
    assert table.schema.by_name["phi"].kind == "angle"


def test_phi_in_degrees_is_no_angle_of_two_pi(tmp_path: Path) -> None:
    assert table_of("phi\n1.5\n300.5\n", tmp_path).schema.by_name["phi"].kind == "continuous"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3\n", "line 3: 1 fields"),
        ("a,b\n1,2\n3,4,5\n", "line 3: 3 fields"),
        ('a,b\n1,2\n"3,4\n', "line"),
        ("a,b\n1,\x002\n", "control characters"),
    ],
)
def test_errors(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=message):
        table_of(text, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "cms_open_data/Zmumu_Run2011A.csv",
        "cms_open_data/Zmumu_Run2011A_masses.csv",
        "calorimeter/jet_pt20_eta15-30_0PU.csv",
    ],
)
def test_real_files(name: str, shared_data: Path, tmp_path: Path) -> None:
    copy_file(shared_data / name, tmp_path / "b.csv", "csv")
    assert (tmp_path / "b.csv").read_bytes() == (shared_data / name).read_bytes()


@given(st.lists(st.floats(width=64), min_size=1), st.sampled_from(["r", "i", "g6", "g17", "f2", "e3", "G9"]))
def test_any_spelling_reads_back(values: list[float], spelling: str) -> None:
    array = np.array(values)
    back = np.array([float(text) for text in spell_floats(array, spelling)])
    same = (back == array) & (np.signbit(back) == np.signbit(array)) | (np.isnan(back) & np.isnan(array))
    assert same.all()


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cc", "Cs"], include_characters="\n\r\t")), min_size=1
    ),
    st.sampled_from([",", ";", "\t"]),
)
def test_any_text_comes_back(texts: list[str], delimiter: str) -> None:
    table = text([*texts, "no number"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        with get_format("csv").create(str(path), {"delimiter": delimiter}, WriteOptions()) as sink:
            sink.begin(table.schema, table.n_events)
            sink.write(table)
        assert content(read(path))["process"] == [*texts, "no number"]


@pytest.mark.parametrize("form", ["%.6g", "%.3f", "%.10e", "%r", "%.17g", "%.4E", "%.2f"])
def test_spelling_is_found(form: str) -> None:
    values = np.random.default_rng(1).lognormal(3, 5, 500)
    texts = [form % value for value in values.tolist()]
    back = np.array([float(text) for text in texts])
    assert spell_floats(back, find_spelling(texts)) == texts
