"""`Architecture`: everything that fixes the shape of an autoencoder, as plain values that survive JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from hepack._errors import BadRequestError

Kind = Literal["plain", "variational", "vector-quantised"]
ACTIVATIONS = ("tanh", "relu", "leaky-relu", "elu", "gelu")
MAX_WIDTH = 8192
MAX_LAYERS = 64


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """One member of the family ``inputs -> encoder -> latent -> decoder -> inputs``.

    ``skip`` adds a linear path beside the hidden layers and sums between hidden layers of equal width.
    ``folds`` gives the encoder triangle waves of its inputs and the decoder triangle waves of the latent, of
    1, 2, 4 ... periods: what a piecewise-linear net needs to fold a surface finely into fewer dimensions.
    ``auxiliary`` counts values that encoder and decoder are both given and that are not reconstructed.
    ``categories`` are discrete variables, each ``(cardinality, width)``: embedded in ``width`` numbers, one-hot
    for width 0. ``branches`` cut the inputs into groups with a first hidden layer of their own.
    ``codebook`` counts the vectors of a vector-quantised latent.
    """

    inputs: int
    latent: int
    encoder: tuple[int, ...] = (200, 100, 50)
    decoder: tuple[int, ...] = (50, 100, 200)
    activation: str = "tanh"
    batch_norm: bool = False
    skip: bool = False
    folds: int = 0
    auxiliary: int = 0
    categories: tuple[tuple[int, int], ...] = ()
    branches: tuple[tuple[int, ...], ...] = ()
    kind: Kind = "plain"
    codebook: int = 512

    def __post_init__(self) -> None:
        if self.activation not in ACTIVATIONS:
            raise BadRequestError(
                f"there is no activation '{self.activation}'; choose one of {', '.join(ACTIVATIONS)}"
            )
        widths = (self.inputs, self.latent, *self.encoder, *self.decoder)
        if not all(1 <= width <= MAX_WIDTH for width in widths) or len(widths) > MAX_LAYERS:
            raise BadRequestError(
                f"layers must be 1 to {MAX_WIDTH} wide and at most {MAX_LAYERS}, found {widths}"
            )
        if not 0 <= self.folds <= 12:
            raise BadRequestError(f"folds must be from 0 to 12, found {self.folds}")
        joined = sorted(column for branch in self.branches for column in branch)
        if self.branches and joined != list(range(self.inputs)):
            raise BadRequestError(f"branches must hold each of the {self.inputs} inputs once, found {joined}")
        if self.branches and len(self.encoder) == 0:
            raise BadRequestError("branches need at least one hidden layer in the encoder")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Architecture:
        """Undo `to_dict`, also after a way through JSON.

        Raises:
            BadRequestError: unknown keys or impossible values.
        """
        known = {field.name for field in dataclasses.fields(cls)}
        if set(values) - known:
            raise BadRequestError(f"an architecture has no '{sorted(set(values) - known)[0]}'")
        plain = {key: _tuples(value) for key, value in values.items()}
        try:
            return cls(**plain)
        except TypeError as error:
            raise BadRequestError(f"an architecture is incomplete: {error}") from None


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def parse_layers(text: str, inputs: int, **options: Any) -> Architecture:
    """Read ``200-200-20-200-200``: the hidden layers and the latent, which is the narrowest layer.

    The input and output width may be written too (``4-200-100-50-3-50-100-200-4``). Of equally narrow
    layers the middle one is the latent.

    Raises:
        BadRequestError: the text is no list of widths.
    """
    words = text.split("-")
    if not all(word.isdigit() for word in words):
        raise BadRequestError(f"cannot read the layers '{text}': write widths such as 200-100-3-100-200")
    widths = [int(word) for word in words]
    if len(widths) >= 3 and widths[0] == widths[-1] == inputs and min(widths) < inputs:
        widths = widths[1:-1]
    narrow = min(widths)
    places = [place for place, width in enumerate(widths) if width == narrow]
    middle = min(places, key=lambda place: abs(2 * place - len(widths) + 1))
    encoder, decoder = tuple(widths[:middle]), tuple(widths[middle + 1 :])
    return Architecture(inputs=inputs, latent=narrow, encoder=encoder, decoder=decoder, **options)


def layer_text(architecture: Architecture) -> str:
    """The layers as `parse_layers` reads them, with inputs and outputs."""
    widths: Sequence[int] = (
        architecture.inputs,
        *architecture.encoder,
        architecture.latent,
        *architecture.decoder,
        architecture.inputs,
    )
    return "-".join(map(str, widths))
