"""Scores by autoencoders of summary rows; torch is needed to fit and to score.

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
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError
from hepack._optional import require
from hepack.scoring.baselines import of_rows
from hepack.scoring.scores import Contributions, Look, occluded

if TYPE_CHECKING:
    from hepack.training.trained import Trained

Floats = NDArray[np.float64]

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
    net: Trained
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
        return (_residuals(self.net, rows) / self.resolution) ** 2


@dataclass(frozen=True, eq=False)
class Latent:
    """A variational autoencoder's latent; ``centre`` is what contributions are compared with."""

    method: str
    net: Trained
    centre: Floats

    def score(self, look: Look) -> Floats:
        """See the module."""
        return self._of(look.rows)

    def contributions(self, look: Look) -> Contributions:
        """By how much the score falls with a column at its median."""
        return of_rows(look, occluded(self._of, look.rows, self.centre))

    def _of(self, rows: Floats) -> Floats:
        normalised = self.net.normaliser.forward(rows)
        if self.method == "kl":
            return self.net.penalty_of(normalised).astype(np.float64)
        mean = self.net.latent_of(normalised).astype(np.float64)
        total: Floats = (mean**2).sum(axis=1)
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
            rms = np.sqrt((_residuals(nets["plain"], rows) ** 2).mean(axis=0))
            resolution = np.maximum(rms, LEAST_RESOLUTION)
        made.append(Residual(method, nets["plain"], resolution))
    return made


def _residuals(net: Trained, rows: Floats) -> Floats:
    normalised = net.normaliser.forward(rows)
    back = net.normalised_from(net.latent_of(normalised))
    return back.astype(np.float64) - normalised.astype(np.float64)


def _trained(rows: Floats, recipe: NetRecipe, kind: str) -> Trained:
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
    return fit(rows[train], rows[held], architecture, settings, way="standard")[0]
