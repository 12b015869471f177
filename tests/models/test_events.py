"""Whole-event networks and convolutions: shapes, no padding waste, independence of other events."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the networks need torch")

from hepack._errors import BadRequestError  # noqa: E402
from hepack.models.convolution import ConvolutionAutoencoder, rate_bits  # noqa: E402
from hepack.models.events import READERS, EventAutoencoder, owners, ranks  # noqa: E402


@pytest.mark.parametrize("reader", READERS)
def test_events_of_any_length(reader: str) -> None:
    torch.manual_seed(1)
    counts = torch.tensor([3, 0, 5, 1])
    objects, kinds = torch.randn(9, 4), torch.randint(0, 3, (9,))
    model = EventAutoencoder(4, 6, reader=reader, width=16, kinds=3)
    result = model(objects, counts, kinds)
    assert result.output.shape == (9, 4)
    assert result.latent.shape == (4, 6)
    assert result.scores[0].shape == (9, 3)
    assert torch.isfinite(result.output).all()
    alone = model.encode(objects[3:8], torch.tensor([5]), kinds[3:8])
    assert torch.allclose(alone[0], result.latent[2], atol=1e-5)  # other events do not matter


@pytest.mark.parametrize("reader", READERS)
def test_no_objects_at_all(reader: str) -> None:
    model = EventAutoencoder(4, 2, reader=reader, width=8)
    result = model(torch.zeros(0, 4), torch.tensor([0, 0]))
    assert result.output.shape == (0, 4)
    assert result.latent.shape == (2, 2)
    with pytest.raises(BadRequestError, match="gru"):
        EventAutoencoder(4, 2, reader="transformer")


def test_deep_sets_do_not_see_the_order() -> None:
    torch.manual_seed(1)
    model = EventAutoencoder(4, 3, reader="deep-sets", width=16)
    objects = torch.randn(5, 4)
    latent = model.encode(objects, torch.tensor([5]))
    assert torch.allclose(model.encode(objects.flip(0), torch.tensor([5])), latent, atol=1e-6)


def test_owners_and_ranks() -> None:
    counts = torch.tensor([2, 0, 3])
    assert owners(counts).tolist() == [0, 0, 2, 2, 2]
    assert ranks(counts).tolist() == [0, 1, 0, 1, 2]


@pytest.mark.parametrize("shape", [(6, 1, 64), (6, 1, 32, 40)])
def test_convolutions_give_back_the_shape(shape: tuple[int, ...]) -> None:
    model = ConvolutionAutoencoder(len(shape) - 2, 5, stages=3, width=8)
    out, z = model(torch.randn(shape))
    assert out.shape == shape
    assert z.shape == (6, 5, *(n // 8 for n in shape[2:]))
    assert float(rate_bits(z).detach()) >= 0
    model.eval()
    assert torch.equal(model(torch.ones(shape))[0], model(torch.ones(shape))[0])
