"""Train the network of a table that is to be encoded; rows with values that are no numbers are left out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.codec.network import NetworkOptions
from hepack.models.architecture import Architecture
from hepack.training.epochs import Settings
from hepack.training.trained import Trained, fit, split


def learn(table: NDArray[Any], options: NetworkOptions) -> Trained:
    """A network for ``table``, shape ``(row, variable)``."""
    good = table[np.isfinite(table).all(1)]
    if len(good) < 16:
        good = np.nan_to_num(table, posinf=0.0, neginf=0.0)
    inside, outside = split(len(good), share=0.9, seed=options.seed)
    architecture = Architecture(
        inputs=table.shape[1],
        latent=min(options.latent, table.shape[1]),
        encoder=options.hidden,
        decoder=options.hidden[::-1],
        activation=options.activation,
        skip=True,
    )
    settings = Settings(
        epochs=options.epochs,
        batch=options.batch,
        rate=None,
        loss=options.loss,
        seed=options.seed,
        seconds=options.seconds,
    )
    trained, _ = fit(good[inside], good[outside], architecture, settings, way=options.normalisation)
    return trained
