"""`Mlp`: the learned coder of a column by a small net of integers."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hepack._errors import BadRequestError, CorruptFileError
from hepack.conditional.base import Features, Targets
from hepack.conditional.mlp.channels import MAGNITUDE, Channels
from hepack.conditional.mlp.weights import program_bytes, read_program
from hepack.entropy.mixture import MixtureDecoder, encode_mixture, mixture_bits
from hepack.entropy.mixture_axis import MixtureAxis
from hepack.intnet import Program, Runner

ROWS = 1 << 16


@dataclass(frozen=True, eq=False)
class Mlp:
    """Feature maps, a net of integers, and the mixture whose parameters it gives. See `docs/intnet.md`.

    Raises:
        BadRequestError: the parts do not fit together.
    """

    channels: Channels
    program: Program
    axis: MixtureAxis
    tag: ClassVar[str] = "m"

    def __post_init__(self) -> None:
        fits = self.program.inputs == max(1, len(self.channels)) and self.program.magnitude >= MAGNITUDE
        if not fits or self.program.columns != self.axis.columns:
            raise BadRequestError("a model's channels, net and mixture do not fit together")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mlp) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    @property
    def used(self) -> tuple[int, ...]:
        """The features that it reads, ascending."""
        return self.channels.used

    @property
    def lagged(self) -> bool:
        """Always False: what came before is a feature like others; see `decoder`."""
        return False

    @functools.cached_property
    def _runner(self) -> Runner:
        return Runner(self.program)

    def outputs(self, features: Features) -> NDArray[np.int32]:
        """The parameters of each row's mixture, in steps, shape ``(row, axis.columns)``."""
        return self._runner(self.channels(features))

    def encode(self, features: Features, targets: Targets, first: NDArray[np.bool_] | None = None) -> bytes:
        """Code the targets; ``first`` is not looked at."""
        return encode_mixture(self.axis, self._checked(features, targets), targets)

    def decode(
        self, features: Features, data: bytes | memoryview, first: NDArray[np.bool_] | None = None
    ) -> Targets:
        """The targets again.

        Raises:
            CorruptFileError: the data are not such a stream of that many rows.
        """
        decoder = self.decoder(data, len(features))
        parts = [decoder.next(features[at : at + ROWS]) for at in range(0, len(features), ROWS)]
        decoder.finish()
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)

    def decoder(self, data: bytes | memoryview, rows: int) -> MlpDecoder:
        """Decode a stream of ``rows`` values in parts, whose features may depend on the parts before.

        Raises:
            CorruptFileError: the data are no such stream.
        """
        return MlpDecoder(self, MixtureDecoder(self.axis, data, rows))

    def bits(
        self, features: Features, targets: Targets, first: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """The code length of each row, in bits."""
        return mixture_bits(self.axis, self._checked(features, targets), targets)

    def _checked(self, features: Features, targets: Targets) -> NDArray[np.int32]:
        if targets.dtype != np.int64 or targets.shape != (len(features),):
            raise BadRequestError(
                f"{len(features)} rows need as many int64 targets, got {targets.dtype} of shape {targets.shape}"
            )
        parts = [self.outputs(features[at : at + ROWS]) for at in range(0, len(features), ROWS)]
        return np.concatenate(parts) if parts else np.zeros((0, self.axis.columns), np.int32)

    def to_bytes(self) -> bytes:
        """A compact form; `from_bytes` gives an equal model back."""
        return self.channels.to_bytes() + program_bytes(self.program) + self.axis.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes, features: int) -> Mlp:
        """Undo `to_bytes`, for rows of so many features.

        Raises:
            CorruptFileError, LimitError: the data are not such a model.
        """
        channels, at = Channels.read(data, 0, features)
        program, at = read_program(data, at)
        axis, at = MixtureAxis.read(data, at)
        if at != len(data):
            raise CorruptFileError("a model is followed by bytes that do not belong to it")
        try:
            return cls(channels, program, axis)
        except BadRequestError as error:
            raise CorruptFileError(str(error)) from error


class MlpDecoder:
    """Decodes one stream in parts: `next` for the rows in order, then `finish`."""

    def __init__(self, model: Mlp, decoder: MixtureDecoder) -> None:
        self._model = model
        self._decoder = decoder

    def next(self, features: Features) -> Targets:
        """The targets of the next ``len(features)`` rows.

        Raises:
            CorruptFileError: the stream does not hold them.
        """
        return self._decoder.next(self._model.outputs(features))

    def finish(self) -> None:
        """Check that the stream ends here.

        Raises:
            CorruptFileError: it does not.
        """
        self._decoder.finish()
