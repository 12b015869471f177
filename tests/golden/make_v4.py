"""Make the golden files of version 4: ``python tests/golden/make_v4.py``.

Particles about their mothers: relations that read their own column, features through an index.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

sys.path.append(str(Path(__file__).resolve().parents[1]))

import make_v1

from decays import decays

FOLDER = Path(__file__).parent / "v4"


def main() -> None:
    """Make all of them anew."""
    FOLDER.mkdir(exist_ok=True)
    with mock.patch.object(make_v1, "FOLDER", FOLDER):
        make_v1.make("decays", decays(220, lossy=False), events=160)
        make_v1.make("decays-lossy", decays(220), events=160)
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{len(list(FOLDER.iterdir()))} files, {size} bytes")


if __name__ == "__main__":
    main()
