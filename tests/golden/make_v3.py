"""Make the golden files of version 3: ``python tests/golden/make_v3.py``. Needs torch.

Autoencoders: columns without a bound, with NaN and a stray; columns coded about the network within a bound.
"""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

sys.path.append(str(Path(__file__).resolve().parents[1]))

import make_v1

from hepack.codec.network import NetworkOptions
from hepack.codec.recipe import Recipe
from latent_jets import latent_jets, options_of

FOLDER = Path(__file__).parent / "v3"


def main() -> None:
    """Make all of them anew."""
    FOLDER.mkdir(exist_ok=True)
    with mock.patch.object(make_v1, "FOLDER", FOLDER):
        make_v1.make("unbounded", latent_jets(170), events=130, recipe=Recipe(network=options_of()))
        linear = NetworkOptions(latent=2, hidden=(), epochs=4, batch=64, variables=("Jet_*",))
        make_v1.make("bounded", latent_jets(200, bound="1e-2"), recipe=Recipe(network=linear))
    size = sum(path.stat().st_size for path in FOLDER.iterdir())
    print(f"{len(list(FOLDER.iterdir()))} files, {size} bytes")


if __name__ == "__main__":
    main()
