"""Files of every format version decode to the same bits for good (made by make_v*.py, never by a test)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hepack.archive.packed import PackedFile
from hepack.archive.verify import verify
from hepack.transforms import Digits, OrderedBits
from promise import same_bits

FILES = sorted(Path(__file__).parent.glob("v*/*.hpk"))
TAGS = {"bits", "int", "dict", "step", "digits", "ratio"}
CODERS = {"e", "c", "p", "b", "d", "n", "r", "z", "x", "m"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_decodes_bit_for_bit(path: Path) -> None:
    assert verify(path).sound
    with np.load(path.with_suffix(".npz")) as expected, PackedFile(path) as packed:
        seen = 0
        for table in packed.tables:
            events = table.read()
            for role, arrays in (("o", events.offsets), ("c", events.columns)):
                for name, array in arrays.items():
                    assert same_bits(array, expected[f"{table.name}/{role}/{name}"]), name
                    seen += 1
        assert seen == len(expected.files)


def test_they_are_there_and_small() -> None:
    assert len(FILES) >= 10
    assert sum(file.stat().st_size for path in FILES for file in path.parent.glob(f"{path.stem}.*")) < 760_000


def test_they_cover_every_transform_and_coder() -> None:
    tags: set[str] = set()
    coders: set[str] = set()

    def visit(description: list) -> None:  # type: ignore[type-arg]
        if description[0] == "split":
            for part in description[1]:
                visit(part)
        elif description[0] == "m":
            coders.update(part[1] for part in description[1])
        elif description[0] == "text":
            coders.update(part[1] for part in description[2])
        elif description[0] != "=":
            tags.add(description[0][0])
            coders.update(part[1] for part in description[1])

    for path in FILES:
        with PackedFile(path) as packed:
            for table in packed.tables:
                for block in table.blocks:
                    for description in packed.fetch(block.section).descriptions:
                        visit(description)
    assert tags == TAGS
    assert coders >= CODERS


def test_they_cover_every_conditional_model_and_a_model_file() -> None:
    tags: set[str] = set()
    features: set[str] = set()
    relations = chained = 0
    for path in FILES:
        with PackedFile(path) as packed:
            for item in (item for model in packed.models for item in model.items):
                tags.add(item.conditional.tag if item.conditional else "")
                features |= {feature.kind for feature in item.features if feature}
                relations += item.relation is not None
                chained += item.chained is not None
    assert tags >= {"t", "h", "m"}
    assert features >= {"own", "previous", "at", "elders"}
    assert relations >= 3
    assert chained >= 3
    assert list(Path(__file__).parent.glob("v2/*.hpm"))


def test_known_values_by_hand() -> None:
    """A few bits worked out from docs/format.md."""
    assert OrderedBits(13).inverse(np.array([0, -1, 131072]), np.dtype("f4")).tolist() == [0.0, -0.0, 2.0]
    assert Digits(3, -2).inverse(np.array([1, 900, 901, -24]), np.dtype("f8")).tolist() == [
        1.0,
        9.99,
        10.0,
        -1.23,
    ]
