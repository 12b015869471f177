"""Tables written once decode to the same bits for ever, on every machine and without torch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from hepack.autocoder.decode import decode

FOLDER = Path(__file__).parent / "golden"
DIGESTS = json.loads((FOLDER / "digests.json").read_text())


@pytest.mark.parametrize("name", sorted(DIGESTS))
def test_golden_tables_decode_to_the_same_bits(name: str) -> None:
    columns = decode((FOLDER / name).read_bytes())
    digest = hashlib.sha256(b"".join(values.tobytes() for values in columns.values()))
    assert digest.hexdigest() == DIGESTS[name]
