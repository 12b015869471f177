"""Training states on disk, so that a killed fit can be taken up where it was."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hepack._atomic import replacing
from hepack._optional import require
from hepack.training.loop import Loop
from hepack.training.prepare import Prepared

_EVERY = 20.0  # seconds


class Checkpoint:
    """The state of one loop in a file of the folder ``folder``; one of other problems or settings is ignored."""

    def __init__(self, folder: Path, name: str, fingerprint: str) -> None:
        self._store = require("safetensors.torch", extra="train", purpose="Storing the state of a fit")
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{name}.safetensors"
        self._fingerprint = fingerprint
        self._saved = time.monotonic()

    def resume(self, loop: Loop) -> None:
        """Take up the stored state, if there is one of the same fit."""
        if not self._path.exists():
            return
        safetensors = require("safetensors", extra="train", purpose="Reading the state of a fit")
        try:
            with safetensors.safe_open(self._path, framework="pt") as file:
                if (file.metadata() or {}).get("fit") != self._fingerprint:
                    return
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except safetensors.SafetensorError:
            return
        loop.restore(tensors)

    def save(self, loop: Loop, *, now: bool = False) -> None:
        """Store the state where the last time was long ago, or ``now``."""
        if not now and time.monotonic() - self._saved < _EVERY:
            return
        with replacing(self._path, overwrite=True) as temporary:
            self._store.save_file(loop.state(), temporary, metadata={"fit": self._fingerprint})
        self._saved = time.monotonic()


def fingerprint(parts: Sequence[Prepared], *settings: object) -> str:
    """A digest of the problems and settings of a fit."""
    digest = hashlib.sha256(repr(settings).encode())
    for part in parts:
        digest.update(part.channels.to_bytes() + part.axis.to_bytes())
        digest.update(np.ascontiguousarray(part.problem.targets).tobytes())
        digest.update(repr((part.problem.features.shape, part.problem.rows, part.size)).encode())
    return digest.hexdigest()
