"""The family: every member runs, survives JSON, and lowers to a fixed-point decoder that agrees."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the networks need torch")

from hepack._errors import BadRequestError, CorruptFileError  # noqa: E402
from hepack.autocoder.stored import net_from_sections, net_to_sections  # noqa: E402
from hepack.models.architecture import ACTIVATIONS, Architecture, layer_text, parse_layers  # noqa: E402
from hepack.models.autoencoder import Autoencoder  # noqa: E402
from hepack.models.fixedpoint import FixedLayer, FixedNet  # noqa: E402
from hepack.models.lowering import lower_decoder  # noqa: E402
from hepack.models.published import PUBLISHED, published  # noqa: E402

MEMBERS: list[dict[str, Any]] = [
    {},
    {"batch_norm": True, "activation": "leaky-relu"},
    {"skip": True, "activation": "gelu", "folds": 3},
    {"kind": "variational"},
    {"kind": "vector-quantised", "codebook": 16},
    {"branches": ((0, 1), (2, 3))},
    {"encoder": (), "decoder": (), "skip": True},
]


@pytest.mark.parametrize("member", MEMBERS, ids=str)
def test_every_member_gives_back_the_shape_and_has_gradients(member: dict[str, Any]) -> None:
    torch.manual_seed(1)
    model = Autoencoder(Architecture(inputs=4, latent=2, **{"encoder": (8, 8), "decoder": (8, 8), **member}))
    result = model(torch.randn(32, 4))
    assert result.output.shape == (32, 4)
    assert result.latent.shape == (32, 2)
    loss = (result.output**2).mean() + result.penalty.mean()
    loss.backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_auxiliary_and_discrete_inputs() -> None:
    a = Architecture(inputs=3, latent=2, encoder=(8,), decoder=(8,), auxiliary=2, categories=((5, 0), (7, 3)))
    model = Autoencoder(a)
    labels = torch.stack([torch.randint(0, 5, (16,)), torch.randint(0, 7, (16,))], 1)
    result = model(torch.randn(16, 3), torch.randn(16, 2), labels)
    assert [scores.shape for scores in result.scores] == [(16, 5), (16, 7)]
    with pytest.raises(BadRequestError, match="auxiliary"):
        lower_decoder(model, (8, 8))


def test_layers_are_read_and_written() -> None:
    a = parse_layers("200-200-200-20-200-200-200", 27, activation="leaky-relu")
    assert (a.encoder, a.latent, a.decoder) == ((200,) * 3, 20, (200,) * 3)
    b = parse_layers("4-200-100-50-3-50-100-200-4", 4)
    assert layer_text(b) == "4-200-100-50-3-50-100-200-4"
    assert Architecture.from_dict(json.loads(json.dumps(b.to_dict()))) == b


@pytest.mark.parametrize(
    "values",
    [
        {"inputs": 0, "latent": 1},
        {"inputs": 4, "latent": 3, "activation": "swish"},
        {"inputs": 4, "latent": 3, "folds": 99},
        {"inputs": 4, "latent": 3, "branches": ((0, 1), (1, 2))},
        {"inputs": 4, "latent": 3, "wings": 2},
        {"latent": 3},
    ],
    ids=str,
)
def test_impossible_architectures_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError):
        Architecture.from_dict(values)
    with pytest.raises(BadRequestError):
        parse_layers("200-x-3", 4)


def test_published_networks_are_as_published() -> None:
    assert layer_text(published("jets-4-3-tanh").architecture) == "4-200-100-50-3-50-100-200-4"
    assert {net.architecture.latent for name, net in PUBLISHED.items() if "27" in name} == {20, 18, 16, 14}
    assert layer_text(published("baler-24-15").architecture).startswith("24-200-100-50-15-")
    with pytest.raises(BadRequestError, match="jets-4-3-tanh"):
        published("jets")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("batch_norm", [False, True])
def test_lowered_decoder_agrees_with_torch(activation: str, batch_norm: bool) -> None:
    torch.manual_seed(2)
    a = Architecture(
        inputs=4, latent=2, encoder=(16, 16), decoder=(16, 16), activation=activation,
        batch_norm=batch_norm, skip=True, folds=2,
    )  # fmt: skip
    model = Autoencoder(a)
    model.train()
    for _ in range(4):
        model(torch.randn(64, 4) * 2)  # gives batch norm its averages
    model.eval()
    net = lower_decoder(model, (10, 10), weight_bits=16)
    codes = np.random.default_rng(1).integers(-2000, 2000, (300, 2))
    with torch.inference_mode():
        expected = model.decode(torch.from_numpy(codes / 1024.0).float()).numpy()
    assert np.abs(net.run(codes) - expected).max() < 5e-3
    settings, sections = net_to_sections(net)
    again = net_from_sections(json.loads(json.dumps(settings)), iter(sections))
    assert np.array_equal(again.run(codes), net.run(codes))


def test_fixed_point_is_exact_in_any_order() -> None:
    rng = np.random.default_rng(3)
    weights = rng.integers(-(2**11), 2**11, (64, 64))
    layer = FixedLayer(weights, rng.integers(-(2**20), 2**20, 64), 10)
    units = rng.integers(-(2**22), 2**22, (50, 64)).astype(np.float64)
    forward = layer.apply(units)
    order = rng.permutation(64)
    turned = FixedLayer(weights[order], layer.bias, 10).apply(units[:, order])
    exact = units.astype(np.int64) @ weights + layer.bias
    assert np.array_equal(forward, turned)
    assert np.array_equal(forward * 2.0**24, exact.astype(np.float64))


@pytest.mark.parametrize("weight", [2**30, -(2**30)])
def test_sums_that_could_be_inexact_are_refused(weight: int) -> None:
    layer = FixedLayer(np.full((1, 2), weight), np.zeros(2, np.int64), 0)
    with pytest.raises(CorruptFileError):
        FixedNet("tanh", 0, (8,), (), layer)
