"""Scores by autoencoders of summary rows; torch is needed to fit them, not to score.

============== ==========================================================================
method         score
============== ==========================================================================
autoencoder    mean square of the residuals of normalised variables: the plain way
reconstruction mean square of the residuals in units of each variable's resolution, which is
               the rms of its residuals on the reference
latent         ``sum(mu**2)`` of a variational encoder (arXiv:2108.03986, sec. 3)
kl             its divergence from the prior, ``sum(mu**2 + s**2 - 1 - log(s**2)) / 2`` (arXiv:1312.6114, eq. 10)
============== ==========================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hepack._errors import BadRequestError
from hepack._optional import require
from hepack.scoring.baselines import of_rows
from hepack.scoring.pieces import Floats
from hepack.scoring.rownet import RowNet
from hepack.scoring.scores import Contributions, Look, occluded

RESIDUALS = ("autoencoder", "reconstruction")
LATENTS = ("latent", "kl")
NET_METHODS = (*RESIDUALS, *LATENTS)

FEWEST = 64
"""Reference events that a net can be trained on at all."""

LEAST_RESOLUTION = 1e-4
"""In units of a variable's width: one that is reconstructed better still would drown all others."""


@dataclass(frozen=True, kw_only=True)
class NetRecipe:
    """``latent`` 0: a third of the columns, at most 16. ``penalty``: weight of a variational latent's divergence."""

    hidden: tuple[int, ...] = (64, 32)
    latent: int = 0
    activation: str = "elu"
    epochs: int = 20
    batch: int = 512
    rate: float = 2e-3
    penalty: float = 1e-2
    seed: int = 1


@dataclass(frozen=True, eq=False)
class Residual:
    """A plain autoencoder's residuals; ``resolution``, shape ``(column,)``, is 1 for ``autoencoder``."""

    method: str
    net: RowNet
    resolution: Floats

    def score(self, look: Look) -> Floats:
        """See the module."""
        total: Floats = self._squares(look.rows).mean(axis=1)
        return total

    def contributions(self, look: Look) -> Contributions:
        """Each column's part of the mean."""
        squares = self._squares(look.rows)
        return of_rows(look, squares / max(1, squares.shape[1]))

    def _squares(self, rows: Floats) -> Floats:
        return np.asarray((self.net.residuals(rows) / self.resolution) ** 2)


@dataclass(frozen=True, eq=False)
class Latent:
    """A variational autoencoder's latent; ``centre`` is what contributions are compared with."""

    method: str
    net: RowNet
    centre: Floats

    def score(self, look: Look) -> Floats:
        """See the module."""
        return self._of(look.rows)

    def contributions(self, look: Look) -> Contributions:
        """By how much the score falls with a column at its median."""
        return of_rows(look, occluded(self._of, look.rows, self.centre))

    def _of(self, rows: Floats) -> Floats:
        if self.method == "kl":
            return self.net.divergence(rows)
        total: Floats = (self.net.means(rows) ** 2).sum(axis=1)
        return total


def fit_networks(
    methods: Sequence[str], rows: Floats, recipe: NetRecipe | None = None
) -> list[Residual | Latent]:
    """The scorers of ``methods``, which share their nets; ``rows`` are reference events ``(event, column)``.

    Raises:
        BadRequestError: too few events, or an unknown method.
        MissingExtraError: torch is not installed.
    """
    recipe = recipe or NetRecipe()
    if unknown := set(methods) - set(NET_METHODS):
        raise BadRequestError(
            f"no net gives the score '{min(unknown)}'; choose one of {', '.join(NET_METHODS)}"
        )
    if len(rows) < FEWEST:
        raise BadRequestError(f"an autoencoder needs {FEWEST} reference events or more, found {len(rows)}")
    require("torch", extra="train", purpose="an autoencoder's score")
    nets = {
        kind: _trained(rows, recipe, kind)
        for kind, its in (("plain", RESIDUALS), ("variational", LATENTS))
        if set(its) & set(methods)
    }
    centre = np.median(rows, axis=0)
    made: list[Residual | Latent] = []
    for method in methods:
        if method in LATENTS:
            made.append(Latent(method, nets["variational"], centre))
            continue
        resolution = np.ones(rows.shape[1])
        if method == "reconstruction":
            rms = np.sqrt((nets["plain"].residuals(rows) ** 2).mean(axis=0))
            resolution = np.maximum(rms, LEAST_RESOLUTION)
        made.append(Residual(method, nets["plain"], resolution))
    return made


def _trained(rows: Floats, recipe: NetRecipe, kind: str) -> RowNet:
    from hepack.models.architecture import Architecture
    from hepack.training.epochs import Settings
    from hepack.training.trained import fit, split

    columns = rows.shape[1]
    latent = recipe.latent or int(np.clip((columns + 1) // 3, 1, 16))
    architecture = Architecture(
        inputs=columns, latent=latent, encoder=recipe.hidden, decoder=recipe.hidden[::-1],
        activation=recipe.activation, kind="variational" if kind == "variational" else "plain",
    )  # fmt: skip
    settings = Settings(
        epochs=recipe.epochs, batch=min(recipe.batch, max(2, len(rows) // 8)), rate=recipe.rate,
        penalty=recipe.penalty, seed=recipe.seed,
    )  # fmt: skip
    train, held = split(len(rows), seed=recipe.seed)
    return RowNet.of(fit(rows[train], rows[held], architecture, settings, way="standard")[0])
