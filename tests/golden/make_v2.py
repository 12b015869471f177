"""Make the golden files of version 2: ``python tests/golden/make_v2.py``. Needs torch.

Learned models: relations and trees, lossless and at tolerances; histories; an integer net; a model file and
a file packed with it; components of a fixed shape.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[1]))

import make_v1

from hepack.archive import fit as fit_module
from hepack.codec.recipe import Recipe
from hepack.fitting import table as fitting
from hepack.table import EventTable, Schema, Tolerance, Variable
from learnable import learnable
from memory import MemorySource

FOLDER = Path(__file__).parent / "v2"


def curved(n: int = 6000) -> EventTable:
    """A column that a net learns well, and one of fixed shape."""
    rng = np.random.default_rng(7)
    u = rng.uniform(-3, 3, n).astype("f4")
    columns = {
        "u": u,
        "v": (np.sin(u) * 10 + rng.normal(0, 0.1, n)).astype("f4"),
        "w": np.stack([u, u * 2, rng.integers(0, 3, n)], axis=1).astype("f4"),
    }
    bound = Tolerance("absolute", 0.01)
    variables = tuple(
        Variable(name=k, dtype=v.dtype, shape=v.shape[1:], tolerance=bound) for k, v in columns.items()
    )
    return EventTable(Schema("curved", variables), n, {}, columns)


def main() -> None:
    """Make all of them anew."""
    FOLDER.mkdir(exist_ok=True)
    with mock.patch.object(make_v1, "FOLDER", FOLDER):
        make_v1.make("learned", learnable(700), events=400)
        make_v1.make("learned-lossy", learnable(700, lossy=True), events=400)
        with mock.patch.object(fitting, "fit_tree", return_value=None):
            make_v1.make("history", curved(6000))
            with mock.patch.object(fitting, "fit_history", return_value=None):
                make_v1.make("net", curved(), recipe=Recipe(effort="best", fit_seconds=20))
        campaign = FOLDER / "campaign.hpm"
        source = MemorySource([learnable(700)], 10**9)
        with mock.patch.object(fit_module, "open_source", return_value=source):
            fit_module.fit(["memory"], campaign, overwrite=True)
        make_v1.make("with-model", learnable(700, seed=9), recipe=Recipe(model=campaign))
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{len(list(FOLDER.iterdir()))} files, {size} bytes")


if __name__ == "__main__":
    main()
