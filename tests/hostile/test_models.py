"""Models that are sound by every checksum and lie in their content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forge import forge

from hepack._errors import HepackError
from hepack.archive.packed import PackedFile
from hepack.archive.verify import verify
from learnable import learnable
from memory import pack_tables

ROLE, NAME, TRANSFORM, SPIKES, BASE, RELATION, FEATURES, CODER, LENGTHS = range(9)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("models") / "a.hpk"
    pack_tables(found, learnable(1200))
    return found


def read(path: Path) -> None:
    with PackedFile(path) as packed:
        for table in packed.tables:
            table.read()


def row(place: int, value: Any) -> Callable[[Any], None]:
    """Change one entry of every row."""

    def edit(header: Any) -> None:
        for each in header["m"]:
            each[place] = value

    return edit


def first_with(place: int, value: Any) -> Callable[[Any], None]:
    """Change one entry of the first row that has something there."""

    def edit(header: Any) -> None:
        next(each for each in header["m"] if each[place])[place] = value

    return edit


def cycle(header: Any) -> None:
    """The first item looks at the last."""
    rows = [each for each in header["m"] if each[ROLE] == "values"]
    rows[0][FEATURES] = [["own", rows[-1][NAME]]] * len(rows[0][FEATURES])
    if not rows[0][CODER]:
        rows[0][RELATION] = [rows[0][NAME], ["linear", [1, 0], rows[-1][NAME]]]


def swapped(header: Any) -> None:
    header["m"].reverse()


EDITS: dict[str, Callable[[Any], Any]] = {
    "no list": lambda h: {**h, "m": 5},
    "no table": lambda h: {**h, "t": 7},
    "negative table": lambda h: {**h, "t": -1},
    "unknown key": lambda h: {"t": 0, "z": 1},
    "rows of nothing": lambda h: {**h, "m": [[] for _ in h["m"]]},
    "role": row(ROLE, "text"),
    "name": row(NAME, "nope"),
    "name of another axis": row(NAME, "Jet_pt"),
    "transform": row(TRANSFORM, ["magic"]),
    "transform settings": row(TRANSFORM, ["step", 0, 0]),
    "transform of another kind": row(TRANSFORM, ["int"]),
    "spikes": row(SPIKES, [3, 3]),
    "many spikes": row(SPIKES, list(range(1000))),
    "huge spike": row(SPIKES, [2**70]),
    "base": row(BASE, 0),
    "huge base": row(BASE, 2**63),
    "relation": first_with(RELATION, ["pt", ["magic", [], "px"]]),
    "relation of another": first_with(RELATION, ["px", ["linear", [1, 0], "pt"]]),
    "relation of itself": first_with(RELATION, ["pt", ["linear", [1, 0], "pt"]]),
    "relation that is deep": first_with(RELATION, ["pt", [[[[[]]]]]]),
    "feature": first_with(FEATURES, [["own", "nope"]]),
    "too few features": first_with(FEATURES, []),
    "too many features": first_with(FEATURES, [["rank"]] * 1000),
    "features of nothing": first_with(FEATURES, [0] * 24),
    "lag for a tree": first_with(FEATURES, [["lag", "0"]] * 24),
    "prediction of nothing": first_with(FEATURES, [["predicted"]] * 24),
    "coder": first_with(CODER, "q"),
    "another coder": first_with(CODER, "m"),
    "no coder": first_with(CODER, ""),
    "lengths": row(LENGTHS, [2**40]),
    "negative lengths": row(LENGTHS, [-5]),
    "no lengths": row(LENGTHS, []),
    "cycle": cycle,
    "order": swapped,
    "twice": lambda h: {**h, "m": [*h["m"], h["m"][-1]]},
    "no model": lambda h: {**h, "m": []},
}


@pytest.mark.parametrize("name", EDITS)
def test_a_lying_model_is_an_error_or_harmless(name: str, path: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.hpk"
    bad.write_bytes(forge(path, model=EDITS[name]))
    try:
        read(bad)
    except HepackError:
        assert not verify(bad).sound
    else:
        assert verify(bad).sound  # what was changed is not used, or says the same


@pytest.mark.parametrize("seed", range(40))
def test_any_bytes_of_a_conditional_model(seed: int, path: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)

    def noise(data: bytes) -> bytes:
        changed = np.frombuffer(data, np.uint8).copy()
        places = rng.integers(0, len(changed), rng.integers(1, 5))
        changed[places] = rng.integers(0, 256, len(places))
        return changed.tobytes()

    bad = tmp_path / "bad.hpk"
    bad.write_bytes(forge(path, parts=noise))
    try:
        read(bad)
    except HepackError:
        return
    assert verify(bad).sound  # the checksums of the values say so


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_model_cut_short(keep: float, path: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.hpk"
    bad.write_bytes(forge(path, parts=lambda data: data[: int(keep * len(data))]))
    with pytest.raises(HepackError):
        read(bad)


def test_descriptions_of_learned_items(path: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.hpk"
    for description in (["m"], ["m", []], ["m", [[0, "m"]]], ["m", [[0, "m"], [0, "m"]]], ["m", [[2**40, "m"],
                        [0, "e"]]], ["m", [[-1, "m"], [0, "e"]]], ["m", 7], ["m", [["m", 0], [0, "e"]]]):  # fmt: skip
        for place in range(4):

            def edit(header: Any, place: int = place, description: Any = description) -> None:
                header["c"][place] = description

            bad.write_bytes(forge(path, block=edit))
            with pytest.raises(HepackError):
                read(bad)
