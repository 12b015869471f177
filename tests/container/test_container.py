"""The packed file's bytes: sections, index, metadata, their limits."""

from __future__ import annotations

import io
import lzma
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from hepack._errors import (
    BadInputError,
    CorruptFileError,
    HepackError,
    LimitError,
    TooNewError,
    TruncatedFileError,
)
from hepack.container import ArchiveReader, ArchiveWriter, SectionKind, check, pack_json, unpack_json
from hepack.container.section import (
    CLOSING_SIZE,
    HEAD_SIZE,
    OPENING_SIZE,
    SYNC,
    SectionHead,
    check_opening,
    closing,
    opening,
    read_closing,
)
from strategies import examples

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False,
    allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=5), inner, max_size=5)),
    max_leaves=30,
)  # fmt: skip


@examples(150)
@given(json_values)
def test_metadata_round_trip(value: Any) -> None:
    assert unpack_json(pack_json(value), "a value") == value


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")]], ids=str)
def test_no_infinities_are_written(value: Any) -> None:
    with pytest.raises(ValueError, match="JSON"):
        pack_json(value)


def zstd(text: bytes) -> bytes:
    return b"\x01" + zstandard.ZstdCompressor(level=19, write_content_size=False).compress(text)


def lzma_of(text: bytes) -> bytes:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9, "lc": 4, "lp": 0, "pb": 0, "dict_size": 1 << 24}]
    return b"\x02" + lzma.compress(text, format=lzma.FORMAT_RAW, filters=filters)


BAD_METADATA = {
    "nothing": b"",
    "unknown tag": b"\x07{}",
    "no JSON": b"\x00{",
    "no UTF-8": b'\x00"\xff"',
    "two values": b"\x00{}{}",
    "NaN": b"\x00NaN",
    "infinity": b"\x00[Infinity]",
    "a float that overflows": b"\x001e999",
    "very long integer": b"\x00" + b"9" * 10_000,
    "no zstd": b"\x01garbage",
    "no lzma": b"\x02garbage",
    "cut zstd": zstd(b"[1,2,3]" * 50)[:-9],
    "cut lzma": lzma_of(b"[1,2,3]" * 50)[:-9],
    "deep": b"\x00" + b"[" * 100_000,
    "deep and closed": b"\x00" + b"[" * 500 + b"]" * 500,
    "deep, packed": zstd(b'{"a":' * 500_000),
    "just too deep": b"\x00" + b"[" * 65 + b"]" * 65,
    "bomb": zstd(b"[" + b"0," * (1 << 27)),
    "bomb, lzma": lzma_of(b" " * (1 << 24) + b"1"),
    "many values": b"\x00[" + b"[]," * (1 << 22) + b"0]",
    "open quotes": b"\x00" + b'"\\' * 500_000,
    "quotes": b"\x00" + b'"' * 1_000_001,
}


@pytest.mark.parametrize("data", BAD_METADATA.values(), ids=BAD_METADATA)
def test_bad_metadata(data: bytes) -> None:
    with pytest.raises(CorruptFileError):
        unpack_json(data, "a header")


def test_brackets_in_strings_are_not_depth() -> None:
    value = {"[" * 200: [']{\\"' * 100, "\\", "{" * 300]}
    assert unpack_json(pack_json(value), "a value") == value
    assert unpack_json(pack_json(eval("[" * 64 + "]" * 64)), "a value") is not None


def test_repetitive_metadata_stays_readable() -> None:
    value = [[["int"], [[0, "c", 0]]]] * 200_000  # would shrink by more than a reader allows
    assert unpack_json(pack_json(value), "a header") == value


@pytest.mark.parametrize("value", [-1, 11, 10**30])
def test_check(value: int) -> None:
    with pytest.raises(LimitError):
        check(value, 10, "a length")
    assert check(10, 10, "a length") == 10


def written(*sections: tuple[int, bytes, bytes, Any]) -> bytes:
    handle = io.BytesIO()
    writer = ArchiveWriter(handle)
    for kind, header, body, label in sections:
        writer.add(kind, header, [body[:3], body[3:]], label)  # type: ignore[arg-type]
    writer.finish({"events": [5]})
    assert writer.position == len(handle.getvalue())
    return handle.getvalue()


THREE = [
    (SectionKind.PLAN, b"a plan", b"", "plan"),
    (SectionKind.BLOCK, b"a header", b"a body", [0, 0, 5]),
    (SectionKind.PLAN, b"a plan", b"", "copy"),
]


def test_sections_come_back() -> None:
    reader = ArchiveReader(io.BytesIO(written(*THREE)), "x.hpk")
    summary, refs = reader.index()
    assert summary == {"events": [5]}
    assert [(ref.kind, ref.label) for ref in refs] == [(kind, label) for kind, _, _, label in THREE]
    head, header = reader.header(refs[1])
    assert (header, reader.body(refs[1], head, 2, 4)) == (b"a header", b"body")
    assert all(reader.verify(ref) for ref in refs)
    for start, length in [(-1, 2), (0, 7), (6, 1), (0, -1), (10**18, 1)]:
        with pytest.raises(CorruptFileError):
            reader.body(refs[1], head, start, length)


def test_a_scan_finds_what_the_index_knows() -> None:
    data = written(*THREE)
    _, refs = ArchiveReader(io.BytesIO(data), "x").index()
    found = [(ref.kind, ref.offset, ref.length) for ref in ArchiveReader(io.BytesIO(data), "x").scan()]
    assert found[:-1] == [(ref.kind, ref.offset, ref.length) for ref in refs]
    assert found[-1][0] == SectionKind.INDEX


def test_a_scan_goes_on_behind_damage() -> None:
    data = bytearray(written(*THREE))
    data[OPENING_SIZE + 5] ^= 1  # the head of the first section
    kinds = [ref.kind for ref in ArchiveReader(io.BytesIO(bytes(data)), "x").scan()]
    assert kinds == [SectionKind.BLOCK, SectionKind.PLAN, SectionKind.INDEX]


def test_a_scan_of_many_false_marks_is_quick() -> None:
    data = opening() + SYNC * 300_000
    assert list(ArchiveReader(io.BytesIO(data), "x").scan()) == []


def test_kinds_from_128_upwards_are_skipped_and_others_are_too_new() -> None:
    data = written(*THREE, (200, b"later", b"", None))
    assert len(ArchiveReader(io.BytesIO(data), "x").index()[1]) == 4
    for kind in (0, 5, 127):
        with pytest.raises(TooNewError):
            ArchiveReader(io.BytesIO(written(*THREE, (kind, b"later", b"", None))), "x").index()


@pytest.mark.parametrize("cut", range(len(opening())))
def test_a_cut_opening(cut: int) -> None:
    with pytest.raises(BadInputError if cut == 0 else TruncatedFileError):
        check_opening(opening()[:cut], "x.hpk")


def test_openings() -> None:
    import zlib

    def with_version(version: int, flags: int = 0) -> bytes:
        fields = opening()[:8] + version.to_bytes(2, "little") + flags.to_bytes(2, "little")
        return fields + zlib.crc32(fields).to_bytes(4, "little")

    for known in (1, 2, 3, 4):
        check_opening(with_version(known), "x")
    for newer in (with_version(5), with_version(65535), with_version(1, 1)):
        with pytest.raises(TooNewError, match="update"):
            check_opening(newer, "x")
    with pytest.raises(CorruptFileError):
        check_opening(with_version(0), "x")
    with pytest.raises(CorruptFileError):
        check_opening(opening()[:8] + b"\2" + opening()[9:], "x")
    with pytest.raises(BadInputError, match="not a packed file"):
        check_opening(b"PK\x03\x04 and so on, a zip", "x")


def test_heads() -> None:
    head = SectionHead(2, 1234, 100, 10**12)
    assert SectionHead.from_bytes(head.to_bytes()) == head
    assert head.length == HEAD_SIZE + 100 + 10**12
    with pytest.raises(TruncatedFileError):
        SectionHead.from_bytes(head.to_bytes()[:-1])
    for place in range(HEAD_SIZE):
        data = bytearray(head.to_bytes())
        data[place] ^= 64
        with pytest.raises(CorruptFileError):
            SectionHead.from_bytes(bytes(data))
    with pytest.raises(LimitError):
        SectionHead.from_bytes(SectionHead(2, 0, (1 << 28) + 1, 0).to_bytes())


def test_closings() -> None:
    assert read_closing(closing(7, 2**60), "x") == (7, 2**60)
    with pytest.raises(TruncatedFileError, match="recover"):
        read_closing(closing(7, 9)[:-1], "x")
    damaged = bytearray(closing(7, 9))
    damaged[0] ^= 1
    with pytest.raises(CorruptFileError):
        read_closing(bytes(damaged), "x")


def with_index(
    rows: Any, *, raw: bytes | None = None, offset: int | None = None, length: int | None = None
) -> bytes:
    """A file whose index is sound by its checksums and says what we like."""
    import zlib

    data = written(*THREE)
    place, _ = read_closing(data[-CLOSING_SIZE:], "x")
    header = pack_json(rows) if raw is None else raw
    head = SectionHead(SectionKind.INDEX, zlib.crc32(header), len(header), 0).to_bytes()
    section = head + header
    return (
        data[:place]
        + section
        + closing(place if offset is None else offset, len(section) if length is None else length)
    )


def rows_with(place: int, column: int, value: Any) -> Any:
    data = written(*THREE)
    refs = ArchiveReader(io.BytesIO(data), "x").index()[1]
    rows = [[int(ref.kind), ref.offset, ref.length, ref.label, ref.digest] for ref in refs]
    rows[place][column] = value
    return [{}, rows]


BAD_INDEXES = {
    "no list": {"a": 1}, "a number": 5, "rows missing": [{}], "rows a number": [{}, 5], "rows of numbers": [{}, [1, 2]],
    "short row": [{}, [[1, 16]]], "long row": [{}, [[1, 16, 40, "", "", ""]]], "null": None,
    "row of text": [{}, ["abcde"]],
    "overlap": rows_with(1, 1, OPENING_SIZE), "gap": rows_with(1, 1, 100), "negative offset": rows_with(0, 1, -5),
    "float offset": rows_with(0, 1, 16.0), "huge length": rows_with(1, 2, 10**30),
    "negative length": rows_with(1, 2, -40),
    "too short": rows_with(1, 2, HEAD_SIZE - 1), "kind of text": rows_with(0, 0, "1"), "bool": rows_with(0, 0, True),
    "digest no text": rows_with(0, 4, 12), "fewer sections": [{}, rows_with(0, 4, "")[1][:2]], "none": [{}, []],
}  # fmt: skip


@pytest.mark.parametrize("rows", BAD_INDEXES.values(), ids=BAD_INDEXES)
def test_bad_indexes(rows: Any) -> None:
    with pytest.raises(CorruptFileError):
        ArchiveReader(io.BytesIO(with_index(rows)), "x").index()


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 10), (10**15, 50), (2**63, 2**63), (0, 2**64 - 1), (5, None), (None, 5)]
)
def test_closings_that_point_elsewhere(offset: int | None, length: int | None) -> None:
    with pytest.raises(HepackError):
        ArchiveReader(io.BytesIO(with_index([{}, []], offset=offset, length=length)), "x").index()


def test_a_digest_that_differs() -> None:
    reader = ArchiveReader(io.BytesIO(with_index(rows_with(1, 4, "0" * 32))), "x")
    _, refs = reader.index()
    assert [reader.verify(ref) for ref in refs] == [True, False, True]
