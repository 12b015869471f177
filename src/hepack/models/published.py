"""The networks that were published for this task, by name, with the settings their authors trained them with.

Sources: E. Wallin, "Tests of Autoencoder Compression of Trigger Jets in the ATLAS Experiment" and the
HEPAutoencoders code; E. Wulff, "Deep Autoencoders for Compression in High Energy Physics" (27 variables);
the GSoC project AE-Compression-pytorch; Baler (arXiv:2305.02283).
"""

from __future__ import annotations

from dataclasses import dataclass

from hepack._errors import BadRequestError
from hepack.models.architecture import Architecture


@dataclass(frozen=True)
class Published:
    """A network and how it was trained: ``normalisation`` names a way of `hepack.models.normalise`."""

    name: str
    title: str
    architecture: Architecture
    normalisation: str
    loss: str
    epochs: int
    batch: int
    rate: float | None
    weight_decay: float


def _mirror(inputs: int, hidden: tuple[int, ...], latent: int, activation: str, norm: bool) -> Architecture:
    return Architecture(
        inputs=inputs,
        latent=latent,
        encoder=hidden,
        decoder=hidden[::-1],
        activation=activation,
        batch_norm=norm,
    )


def _all() -> dict[str, Published]:
    thin = _mirror(4, (200, 100, 50), 3, "tanh", False)
    wide = _mirror(4, (400, 400, 200), 3, "leaky-relu", True)
    elu = _mirror(4, (400, 400, 200), 3, "elu", True)
    baler = _mirror(24, (200, 100, 50), 15, "leaky-relu", False)
    nets = [
        Published("jets-4-3-tanh", "4-200-100-50-3, tanh", thin, "custom", "mse", 100, 256, None, 1e-6),
        Published(
            "jets-4-3-bn", "4-400-400-200-3, LeakyReLU, BN", wide, "custom", "mse", 100, 1024, None, 1e-2
        ),
        Published("jets-4-3-elu", "4-400-400-200-3, ELU, BN", elu, "custom", "mse", 100, 1024, None, 1e-2),
        Published(
            "baler-24-15", "Baler, 24-200-100-50-15, LeakyReLU", baler, "min-max", "mse", 1000, 512, 1e-3, 0.0
        ),
    ]
    for latent in (20, 18, 16, 14):
        deep = _mirror(27, (200, 200, 200), latent, "leaky-relu", True)
        title = f"27-200-200-200-{latent}, LeakyReLU, BN"
        nets.append(Published(f"jets-27-{latent}", title, deep, "custom", "mse", 1500, 4096, 1e-2, 1e-2))
    return {net.name: net for net in nets}


PUBLISHED = _all()
"""Every published network by name. ``rate`` None: by the learning-rate finder."""


def published(name: str) -> Published:
    """The published network of a name.

    Raises:
        BadRequestError: there is none of that name; lists them.
    """
    if name not in PUBLISHED:
        raise BadRequestError(f"there is no published network '{name}'; choose one of {', '.join(PUBLISHED)}")
    return PUBLISHED[name]
