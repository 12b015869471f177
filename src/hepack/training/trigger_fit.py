"""Train a tiny autoencoder for the trigger: floats first, then in fixed point, pruned on the way."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hepack._errors import BadRequestError, HepackError
from hepack.firmware import run
from hepack.firmware.compand import compand
from hepack.firmware.net import TriggerNet
from hepack.models.trigger_net import SHAPES, Bits, TriggerModel, freeze, to_units
from hepack.training.trigger_teacher import teach, variants

Counts = NDArray[np.int32]
Report = Callable[[str, int, float], None]
MIN_EVENTS = 1000


@dataclass(frozen=True, kw_only=True)
class FitRecipe:
    """``shape`` names an entry of `SHAPES`, or widths as '32-16-3'; ``variational`` scores by sum of mu^2.

    ``teach`` adds to the loss that the score follows the teacher's code length (`hepack.training.trigger_teacher`).
    ``sparsity`` is the share of weights pruned away; ``beta`` the weight of the KL term.

    Raises:
        BadRequestError: an unknown shape or a number out of range.
    """

    shape: str = "axol1tl"
    variational: bool = True
    bits: Bits = field(default_factory=Bits)
    sparsity: float = 0.0
    teach: bool = True
    beta: float = 0.005
    epochs: int = 80
    quantised_epochs: int = 40
    batch: int = 256
    rate: float = 3e-3
    seed: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.sparsity < 1:
            raise BadRequestError(f"the sparsity must be at least 0 and below 1, found {self.sparsity}")
        if self.epochs < 1 or self.quantised_epochs < 1:
            raise BadRequestError("the numbers of epochs must be 1 or more")
        _ = self.hidden

    @property
    def hidden(self) -> tuple[int, ...]:
        """The hidden widths, the latent space last."""
        if self.shape in SHAPES:
            return SHAPES[self.shape]
        words = self.shape.split("-")
        if not all(w.isdigit() and 1 <= int(w) <= 128 for w in words) or not 1 <= len(words) <= 8:
            known = ", ".join(f"{k} ({'-'.join(map(str, v))})" for k, v in SHAPES.items())
            raise BadRequestError(f"'{self.shape}' is no shape; give widths as 32-16-3 or one of {known}")
        return tuple(int(w) for w in words)


@dataclass(frozen=True)
class Fitted:
    """The same weights twice: ``floats`` before quantisation, ``fixed`` after training in fixed point."""

    floats: TriggerModel
    fixed: TriggerModel


def fit(companded: Counts, recipe: FitRecipe, report: Report | None = None) -> Fitted:
    """Train on companded integers of shape ``(event, input)``: only background, no labels.

    Raises:
        BadRequestError: too few events.
    """
    if len(companded) < MIN_EVENTS:
        raise BadRequestError(f"{len(companded)} events are too few to train on; give {MIN_EVENTS} or more")
    torch.manual_seed(recipe.seed)
    sample = Sample.of(companded, recipe)
    model = TriggerModel(companded.shape[1], recipe.hidden, variational=recipe.variational, bits=recipe.bits)
    _train(model, sample, recipe, recipe.epochs, recipe.rate, 0.0, report, "floats")
    floats = copy.deepcopy(model)
    freeze(model, sample.wide)
    _train(
        model,
        sample,
        recipe,
        recipe.quantised_epochs,
        recipe.rate / 4,
        recipe.sparsity,
        report,
        "fixed point",
    )
    return Fitted(floats.eval(), model.eval())


def refit(
    fitted: Fitted, companded: Counts, recipe: FitRecipe, bits: tuple[Bits, ...], *, epochs: int
) -> Fitted:
    """Train on in fixed point with other widths per layer, from the weights that there are."""
    torch.manual_seed(recipe.seed)
    sample = Sample.of(companded, recipe)
    model = copy.deepcopy(fitted.fixed)
    freeze(model, sample.wide, bits)
    if epochs:
        _train(model, sample, recipe, epochs, recipe.rate / 8, 0.0, None, "widths")
    return Fitted(fitted.floats, model.eval())


@dataclass(frozen=True)
class Sample:
    """What is trained on: background ``x``, and ``variants`` of it with the teacher's scores for both."""

    x: Tensor
    variants: Tensor
    scores: Tensor
    variant_scores: Tensor

    @classmethod
    def of(cls, companded: Counts, recipe: FitRecipe) -> Sample:
        rng = np.random.default_rng(recipe.seed)
        made = variants(companded, len(companded), rng)
        teacher = teach(companded)
        own, other = teacher.bits(companded), teacher.bits(made)
        unit = float(np.median(own))
        scaled = [torch.from_numpy((bits / unit).astype(np.float32)) for bits in (own, other)]
        return cls(to_units(companded), to_units(made), scaled[0], scaled[1])

    @property
    def wide(self) -> Tensor:
        """Events that show the ranges of the layers."""
        return torch.cat([self.x[:10000], self.variants[:10000]])


def scales(x: Tensor) -> Tensor:
    """One weight per input for the loss: the inverse RMS, so that soft and rare objects count, too."""
    rms = x.square().mean(dim=0).sqrt()
    return 1.0 / torch.clamp(rms, min=0.05)


def loss_of(model: TriggerModel, x: Tensor, weight: Tensor, beta: float) -> Tensor:
    """Weighted squared reconstruction error plus ``beta`` times KL (arXiv:1312.6114, appendix B), per input."""
    mean, features = model.encode(x)
    return _autoencoder_loss(model, x, mean, features, weight, beta)


def _autoencoder_loss(
    model: TriggerModel, x: Tensor, mean: Tensor, features: Tensor, weight: Tensor, beta: float
) -> Tensor:
    if model.log_variance is None:
        plain: Tensor = ((model.decode(mean) - x) * weight).square().mean()
        return plain
    log_variance: Tensor = model.log_variance(features).clamp(-8, 8)
    z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
    error = ((model.decode(z) - x) * weight).square().mean()
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
    return torch.add(error, divergence, alpha=beta / x.shape[1])


def taught_loss(model: TriggerModel, sample: Sample, rows: Tensor, weight: Tensor, beta: float) -> Tensor:
    """The autoencoder's loss on background, and the distance of the score's root from the teacher's, on all."""
    x = torch.cat([sample.x[rows], sample.variants[rows]])
    wanted = torch.cat([sample.scores[rows], sample.variant_scores[rows]])
    mean, features = model.encode(x)
    norm = (mean.square().sum(dim=1) + 1e-4).sqrt()
    taught = nn.functional.smooth_l1_loss(norm, wanted.sqrt(), beta=0.1)
    half = len(rows)
    own = _autoencoder_loss(model, x[:half], mean[:half], features[:half], weight, 0.0)
    return torch.add(taught, own, alpha=beta)


def _train(
    model: TriggerModel, sample: Sample, recipe: FitRecipe, epochs: int, rate: float, sparsity: float,
    report: Report | None, phase: str,
) -> None:  # fmt: skip
    """The pruning rises to ``sparsity`` over the first two thirds; 0 leaves it as it is."""
    optimiser = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs, rate / 50)
    x = sample.x
    weight = scales(x)
    model.train()
    for epoch in range(epochs):
        if sparsity > 0:
            _prune(model, sparsity * min(1.0, (epoch + 1) / max(1, epochs * 2 // 3)))
        total = 0.0
        order = torch.randperm(len(x))
        for start in range(0, len(x) - recipe.batch // 2, recipe.batch):
            rows = order[start : start + recipe.batch]
            if recipe.teach and recipe.variational:
                loss = taught_loss(model, sample, rows, weight, recipe.beta)
            else:
                loss = loss_of(model, x[rows], weight, recipe.beta)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimiser.step()
            total += float(loss.detach()) * len(rows)
        schedule.step()
        if report:
            report(phase, epoch, total / len(x))


def _prune(model: TriggerModel, sparsity: float) -> None:
    """Mask the smallest weights of each layer; the last layer keeps at least half of its weights."""
    for index, layer in enumerate(model.parts):
        share = min(sparsity, 0.5) if index == len(model.parts) - 1 else sparsity
        size = (layer.weight.detach().abs() * layer.mask).flatten()
        count = int(share * size.numel())
        if count:
            edge = torch.kthvalue(size, count).values
            layer.mask.copy_((layer.weight.detach().abs() > edge) & (layer.mask > 0))


def model_scores(model: TriggerModel, companded: Counts) -> NDArray[np.float64]:
    """The score of each event in the model's units, as torch computes it in single precision."""
    with torch.no_grad():
        return np.asarray(model.score(to_units(companded)).numpy(), np.float64)


def prove(model: TriggerModel, net: TriggerNet, counts: Counts) -> None:
    """torch's fixed-point scores are the integer program's, event by event; ``counts`` are not companded.

    Raises:
        HepackError: they are not.
    """
    exact = copy.deepcopy(model).double()
    with torch.no_grad():
        found = exact.score(to_units(compand(counts)).double()).numpy() / model.score_lsb
    if not np.array_equal(found, run.scores(net, counts)):
        raise HepackError("the integer program disagrees with the trained net; please report this")
