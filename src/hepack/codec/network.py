"""`NetworkOptions`: the autoencoder that is asked for; which columns of a table it is given."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass

from hepack._errors import BadRequestError
from hepack.table import Schema, Variable, splittable


@dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """How to make the network of a collection: ``latent`` numbers for each object, ``hidden`` layers of the encoder
    (the decoder mirrors them); the rest as in `hepack.training.epochs.Settings`. ``variables``: the patterns of
    the columns to use (empty: all floats)."""

    latent: int = 3
    hidden: tuple[int, ...] = (64, 64)
    activation: str = "leaky-relu"
    normalisation: str = "response"
    loss: str = "mse"
    epochs: int = 20
    batch: int = 512
    seed: int = 1
    seconds: float = 120.0
    variables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.latent < 1 or self.epochs < 1 or not all(width >= 1 for width in self.hidden):
            raise BadRequestError(
                f"an autoencoder needs a latent, hidden layers and epochs of at least 1, found latent "
                f"{self.latent}, hidden {self.hidden}, epochs {self.epochs}"
            )

    def groups(self, schema: Schema) -> dict[str, tuple[Variable, ...]]:
        """By axis the floats that a network is given: of each axis with more columns than ``latent``. A variable of
        fixed shape counts with its components.

        Raises:
            BadRequestError: variables are named, and too few of them are on one axis of the table.
        """
        whole = splittable(schema)
        found: dict[str, tuple[Variable, ...]] = {}
        for variable in schema.variables:
            single = not variable.shape or variable.name in whole
            if variable.dtype.kind == "f" and single and self._wants(variable.name):
                found[variable.axis] = (*found.get(variable.axis, ()), variable)
        for axis, variables in list(found.items()):
            width = sum(variable.width for variable in variables)
            if width > self.latent:
                continue
            del found[axis]
            if self.variables:
                raise BadRequestError(
                    f"of '{axis or schema.name}' only {width} columns are named, a latent of {self.latent} needs more; "
                    f"name further ones in --variables or lower --latent"
                )
        return found

    def _wants(self, name: str) -> bool:
        return not self.variables or any(fnmatch.fnmatchcase(name, pattern) for pattern in self.variables)
