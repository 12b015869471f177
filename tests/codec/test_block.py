"""Blocks of every layout: lists, nested lists, options, text, fixed shapes, repeats, many tiny columns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hepack.codec.block import encode_block
from hepack.codec.blockreader import BlockReader
from hepack.codec.choose import Chooser
from hepack.codec.item import items_of
from hepack.codec.text import decode_text, encode_text
from hepack.container import pack_json, unpack_json
from hepack.table import DTYPES, Collection, EventTable, Schema, Tolerance, Variable, offsets_from_counts
from memory import with_tolerance
from promise import broken, same_bits
from strategies import examples, made, same_tables, sample_table


def reader_of(table: EventTable, *, threads: int = 2) -> BlockReader:
    with ThreadPoolExecutor(threads) as pool:
        encoded = encode_block(table, Chooser(), pool)
    body = b"".join(encoded.body)
    header = unpack_json(pack_json(encoded.header), "a test")
    return BlockReader(table.schema, header, lambda start, length: body[start : start + length])


@pytest.mark.parametrize("n", [0, 1, 2, 40, 300])
def test_every_layout_comes_back_bit_for_bit(n: int) -> None:
    table = sample_table(n)
    assert same_tables(reader_of(table).table(), table)


@pytest.mark.parametrize("tolerance", ["1e-3", "1e-3rel", "8bits"])
def test_every_layout_within_its_tolerance(tolerance: str) -> None:
    table = with_tolerance(sample_table(150), Tolerance.parse(tolerance))
    back = reader_of(table).table()
    for variable in table.schema.variables:
        before, after = table.columns[variable.name], back.columns[variable.name]
        assert not broken(variable.tolerance, before, after, variable.period), variable.name
    for name, offsets in table.offsets.items():
        assert same_bits(offsets, back.offsets[name])


def test_what_repeats_is_stored_once() -> None:
    reader = reader_of(sample_table(300))
    assert reader.description("values", "copy_f4")[0] == "="
    assert reader.description("values", "nJet_again")[0] == "="
    assert reader.description("values", "flat_f4")[0] != "="


def test_equal_values_of_different_floats_or_signs_are_no_repeats() -> None:
    values = {
        "a": np.zeros(50, "f4"),
        "b": -np.zeros(50, "f4"),
        "c": np.zeros(50, "f8"),
        "d": np.zeros(50, "i4"),
    }
    values["e"] = np.zeros((50, 1), "f4")
    table = flat(values)
    assert same_tables(reader_of(table).table(), table)


def test_integers_of_other_widths_repeat() -> None:
    signed = np.array([-1, 5, 2**62, -(2**63)])
    table = flat(
        {
            "a": signed,
            "b": signed.view("u8"),
            "c": np.array([0, 1, 0, 1], "?"),
            "d": np.array([0, 1, 0, 1], "i1"),
        }
    )
    reader = reader_of(table)
    assert [reader.description("values", name)[0] for name in "bd"] == ["=", "="]
    assert same_tables(reader.table(), table)


def flat(columns: dict[str, np.ndarray[Any, Any]]) -> EventTable:
    kinds: dict[str, Any] = {"b": "flag", "f": "continuous"}
    variables = tuple(
        Variable(name=name, dtype=v.dtype, shape=v.shape[1:], kind=kinds.get(v.dtype.kind, "integer"))
        for name, v in columns.items()
    )
    return EventTable(Schema("t", variables), len(next(iter(columns.values()))), {}, columns)


def test_1500_tiny_columns() -> None:
    rng = np.random.default_rng(5)
    columns = {}
    for i in range(1500):
        dtype = DTYPES[i % len(DTYPES)]
        columns[f"HLT_path_{i}"] = made(
            dtype, ("small", "few", "decimals")[i % 3], 25, int(rng.integers(2**30))
        )
    table = flat(columns)
    reader = reader_of(table)
    assert same_tables(reader.table(), table)
    raw = sum(column.nbytes for column in columns.values())
    assert reader.stored_bytes < raw
    assert sum(reader.item_bytes().values()) == pytest.approx(reader.stored_bytes)


@pytest.mark.parametrize(
    "names", [["Jet_pt"], ["image", "trigger"], ["Jet_parts_id"], ["best_mass", "nJet_again"]]
)
def test_named_variables_are_those_of_the_whole(names: list[str]) -> None:
    table = sample_table(120)
    assert same_tables(reader_of(table).table(names), table.select(names))


def test_threads_change_nothing() -> None:
    table = sample_table(400)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(4) as four:
        first, second = encode_block(table, Chooser(), one), encode_block(table, Chooser(), four)
        assert first.header == second.header
        assert first.body == second.body
    with ThreadPoolExecutor(4) as pool:
        assert same_tables(reader_of(table).table(executor=pool), table)


@st.composite
def nested(draw: st.DrawFn) -> EventTable:
    """Up to three levels of lists, options and text over a few events."""
    n = draw(st.integers(0, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    collections: list[Collection] = []
    variables = [Variable(name="x", dtype=np.dtype("f4"))]
    columns: dict[str, Any] = {"x": made(np.dtype("f4"), "bits", n, 1)}
    offsets: dict[str, Any] = {}
    lengths = {"": n}
    for i in range(draw(st.integers(0, 4))):
        parent = draw(st.sampled_from([c.name for c in collections if c.layout != "text"] + [""]))
        layout: Any = draw(st.sampled_from(["list", "option", "text"]))
        name = f"c{i}"
        counts = rng.integers(0, 2 if layout == "option" else 5, lengths[parent])
        collections.append(Collection(name=name, parent=parent, layout=layout))
        offsets[name] = offsets_from_counts(counts)
        lengths[name] = int(offsets[name][-1])
        if layout == "text":
            variables.append(Variable(name=name, dtype=np.dtype("u1"), axis=name, kind="text"))
            columns[name] = rng.integers(0, 256, lengths[name]).astype("u1")
            continue
        dtype = draw(st.sampled_from(DTYPES))
        variables.append(Variable(name=f"v{i}", dtype=dtype, axis=name, shape=(2,)))
        columns[f"v{i}"] = made(dtype, "bits", 2 * lengths[name], i).reshape(-1, 2)
    return EventTable(Schema("t", tuple(variables), tuple(collections)), n, offsets, columns)


@examples(40)
@given(nested())
def test_any_nesting(table: EventTable) -> None:
    reader = reader_of(table)
    assert same_tables(reader.table(), table)
    for variable in table.schema.variables:
        assert same_bits(reader.column(variable.name), table.columns[variable.name])


def test_items_are_in_the_order_of_the_format() -> None:
    roles = [item.role for item in items_of(sample_table(3).schema)]
    assert roles[:5] == ["counts", "counts", "counts", "text", "values"]
    assert set(roles[5:]) == {"values"}


WORDS = {
    "none": [],
    "one": [b"event"],
    "all empty": [b""] * 50,
    "one empty": [b""],
    "NUL bytes": [b"a", b"a\0", b"a\0\0", b"", b"\0"] * 20,
    "few, repeated": [b"signal", b"background", b"data"] * 200,
    "all different": [str(i).encode() for i in range(500)],
    "long": [b"x" * 100_000, b"y" * 3, b""],
    "257 bytes": [b"z" * 257] * 9,
    "256 bytes": [b"z" * 256, b"z" * 255] * 9,
    "any bytes": [bytes([i, 255 - i]) for i in range(256)] * 3,
    "UTF-8": ["μ→e".encode(), "π⁰".encode()] * 10,
}


@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_strings(words: list[bytes]) -> None:
    counts = np.array([len(word) for word in words], np.int64)
    data = np.frombuffer(b"".join(words), np.uint8)
    column = encode_text(counts, data, Chooser())
    lengths, text = decode_text(column.description, column.data, len(words))
    assert lengths.tolist() == counts.tolist()
    assert text.tobytes() == data.tobytes()


@examples(60)
@given(st.lists(st.binary(max_size=6), max_size=60), st.integers(1, 8))
def test_any_strings(words: list[bytes], repeat: int) -> None:
    test_strings(words * repeat)
