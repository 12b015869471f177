"""Writes the golden tables of the autoencoder coder: ``python tests/autocoder/make_golden.py`` in a checkout.

Made once per format version and kept for good; the digests are of the decoded bytes.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from hepack.autocoder import decode, encode
from hepack.autocoder.encode import Options

FOLDER = Path(__file__).parent / "golden"


def main() -> None:
    rng = np.random.default_rng(11)
    pt = (rng.pareto(2, 400) * 20 + 20).astype(np.float32)
    columns = {
        "pt": pt,
        "half": (pt * 0.5).astype(np.float32),
        "phi": rng.uniform(-3, 3, 400),
        "n": rng.poisson(4, 400),
    }
    columns["phi"][3] = np.nan
    bounds = {"pt": "1e-3rel", "half": "1e-3rel", "phi": "1e-3"}
    digests = {}
    for activation in ("tanh", "leaky-relu", "elu", "gelu"):
        options = Options(latent=2, hidden=(6,), activation=activation, epochs=2, batch=64, always=True)
        for name, given in (("bounded", bounds), ("unbounded", None)):
            data = encode(columns, given, options=options)
            (FOLDER / f"v1-{activation}-{name}.hpae").write_bytes(data)
            digest = hashlib.sha256(b"".join(values.tobytes() for values in decode(data).values()))
            digests[f"v1-{activation}-{name}.hpae"] = digest.hexdigest()
    (FOLDER / "digests.json").write_text(json.dumps(digests, indent=1) + "\n")


if __name__ == "__main__":
    main()
