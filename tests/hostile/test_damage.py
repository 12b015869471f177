"""Cut and corrupted files: a clear error or sound data; recovery gives back every sound block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hepack._errors import BadInputError, BadRequestError, CorruptFileError, HepackError
from hepack.archive.packed import PackedFile
from hepack.archive.recover import recover
from hepack.archive.verify import verify
from hepack.table import EventTable


def tables_of(path: Path) -> list[EventTable]:
    with PackedFile(path) as packed:
        return [table.read() for table in packed.tables]


def blocks_of(path: Path) -> list[tuple[int, int]]:
    """The end of each section with a block, and its first event."""
    with PackedFile(path) as packed:
        return [(s.offset + s.length, s.label[1]) for s in packed.sections if s.kind == 2]


def equal(left: EventTable, right: EventTable) -> bool:
    return all(left.columns[name].tobytes() == right.columns[name].tobytes() for name in left.columns)


def test_every_truncation_is_an_error_and_recovery_gives_every_whole_block(
    small: Path, tmp_path: Path
) -> None:
    data = small.read_bytes()
    original = tables_of(small)[0]
    ends = blocks_of(small)
    with PackedFile(small) as packed:
        first_block = min(s.offset for s in packed.sections if s.kind == 2)
    cut_file, saved = tmp_path / "cut.hpk", tmp_path / "saved.hpk"
    for cut in range(len(data)):
        cut_file.write_bytes(data[:cut])
        with pytest.raises(HepackError):
            verify(cut_file)
        if cut < first_block:
            with pytest.raises(CorruptFileError):
                recover(cut_file, saved, overwrite=True)
            continue
        if cut % 19 and not any(abs(cut - end) < 2 for end, _ in ends):
            continue
        result = recover(cut_file, saved, overwrite=True)
        whole = [first for end, first in ends if end <= cut]
        assert [first for _, first, _ in result.kept] == whole
        assert equal(tables_of(saved)[0], original.slice(0, 20 * len(whole)))
        assert verify(saved).sound


def corrupted(data: bytes, rng: np.random.Generator) -> bytes:
    """One byte, several bytes, a run of zeros or noise, a piece missing, doubled or moved."""
    damaged = bytearray(data)
    place = int(rng.integers(len(data)))
    length = int(rng.integers(1, 40))
    match rng.integers(7):
        case 0 | 1:
            damaged[place] ^= 1 << int(rng.integers(8))
        case 2:
            for spot in rng.integers(0, len(data), 8):
                damaged[spot] = int(rng.integers(256))
        case 3:
            damaged[place : place + length] = bytes(len(damaged[place : place + length]))
        case 4:
            damaged[place : place + length] = rng.bytes(len(damaged[place : place + length]))
        case 5:
            del damaged[place : place + length]
        case 6:
            damaged[place:place] = damaged[place : place + length]
    return bytes(damaged)


@pytest.mark.parametrize("seed", range(10))
def test_100_corruptions_give_an_error_or_sound_data(rich: Path, tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data, originals = rich.read_bytes(), tables_of(rich)
    target, saved = tmp_path / "damaged.hpk", tmp_path / "saved.hpk"
    noticed = 0
    for number in range(100):
        damaged = corrupted(data, rng)
        target.write_bytes(damaged)
        try:
            noticed += not verify(target).sound
        except HepackError:
            noticed += 1
        try:
            for found, original in zip(tables_of(target), originals, strict=True):
                assert equal(found, original)
        except HepackError:
            pass
        if number % 10 == 0:
            check_recovery(target, saved, originals)
    assert noticed >= 95  # the rest struck nothing: a flipped bit that was flipped back, zeros by zeros


def check_recovery(target: Path, saved: Path, originals: list[EventTable]) -> None:
    """Whatever is saved equals the original events, block by block."""
    try:
        result = recover(target, saved, overwrite=True)
    except HepackError:
        return
    assert verify(saved).sound
    position = dict.fromkeys((table.schema.name for table in originals), 0)
    names = [table.schema.name for table in originals]
    back = tables_of(saved)
    for name, first, n_events in result.kept:
        number = names.index(name)
        part = back[number].slice(position[name], position[name] + n_events)
        assert equal(part, originals[number].slice(first, first + n_events))
        position[name] += n_events


@pytest.mark.parametrize("place", range(0, 44, 3))
def test_a_broken_opening_or_first_head_leaves_the_rest(rich: Path, tmp_path: Path, place: int) -> None:
    """The copy of the plan stands in where there is one; the opening itself holds nothing that is needed."""
    data = bytearray(rich.read_bytes())
    data[place] ^= 0x55
    damaged, saved = tmp_path / "damaged.hpk", tmp_path / "saved.hpk"
    damaged.write_bytes(data)
    with pytest.raises(HepackError):
        PackedFile(damaged)
    if place < 16:
        assert not recover(damaged, saved).lost
        assert verify(saved).sound


def test_one_damaged_block_is_named_and_the_others_are_saved(small: Path, tmp_path: Path) -> None:
    with PackedFile(small) as packed:
        second = [s for s in packed.sections if s.kind == 2][1]
    data = bytearray(small.read_bytes())
    data[second.offset + second.length - 3] ^= 1
    damaged, saved = tmp_path / "damaged.hpk", tmp_path / "saved.hpk"
    damaged.write_bytes(data)
    result = verify(damaged)
    assert any("events 20 to 39 of 'Events'" in problem for problem in result.problems)
    assert any("digest" in problem for problem in result.problems)
    with PackedFile(damaged) as packed:
        assert len(packed["Events"][0:20].read()) == 20  # untouched blocks can still be read
        with pytest.raises(CorruptFileError):
            packed["Events"][15:25].read()
    report = recover(damaged, saved)
    assert report.kept == (("Events", 0, 20), ("Events", 40, 20))
    assert report.lost == (("Events", 20, 20),)
    assert len(report.reasons) == 1


def test_recovering_a_sound_file_loses_nothing(rich: Path, tmp_path: Path) -> None:
    result = recover(rich, tmp_path / "again.hpk")
    assert not result.lost
    assert not result.reasons
    for found, original in zip(tables_of(tmp_path / "again.hpk"), tables_of(rich), strict=True):
        assert equal(found, original)


@pytest.mark.parametrize(
    "content", [b"", b"no packed file at all, but text" * 10, b"\x89PNG\r\n\x1a\n" + bytes(99)]
)
def test_other_files(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.hpk"
    path.write_bytes(content)
    with pytest.raises(BadInputError):
        PackedFile(path)
    with pytest.raises(HepackError):
        recover(path, tmp_path / "saved.hpk")
    assert not (tmp_path / "saved.hpk").exists()


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for action in (PackedFile, verify, lambda path: recover(path, tmp_path / "out.hpk")):
        with pytest.raises(BadInputError, match=r"none\.hpk"):
            action(tmp_path / "none.hpk")  # type: ignore[operator]
        with pytest.raises(BadInputError):
            action(tmp_path)  # type: ignore[operator]


def test_recovery_never_writes_onto_its_input(small: Path) -> None:
    before = small.read_bytes()
    with pytest.raises(BadRequestError):
        recover(small, small, overwrite=True)
    assert small.read_bytes() == before
