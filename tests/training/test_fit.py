"""Fitting: the float nets are the integer programs, fits repeat and resume, and models are worth their bytes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from hepack.conditional.base import Problem  # noqa: E402
from hepack.conditional.mlp import Mlp  # noqa: E402
from hepack.entropy import encode_integers  # noqa: E402
from hepack.models.net import INPUT_BITS, LOGIT_BITS, PLACE_BITS, SCALE_BITS  # noqa: E402
from hepack.training import fit_mlps  # noqa: E402
from hepack.training.checkpoint import Checkpoint, fingerprint  # noqa: E402
from hepack.training.fused import mean_nats  # noqa: E402
from hepack.training.group import Group  # noqa: E402
from hepack.training.loop import Loop, Schedule  # noqa: E402
from hepack.training.prepare import Prepared  # noqa: E402


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def problems(n: int) -> list[Problem]:
    """A noisy line with spikes, a category, noise alone, and a constant."""
    rng = np.random.default_rng(0)
    features = rng.normal(0, 40_000, (n, 3)).astype(np.int32)
    features[:, 2] = rng.integers(0, 3, n)
    line = (features[:, 0] // 20 + rng.normal(0, 30, n) * (1 + features[:, 2])).astype(np.int64)
    line[rng.random(n) < 0.1] = -99999
    category = ((features[:, 1] > 0) + 2 * (rng.random(n) < 0.05)).astype(np.int64)
    noise = rng.integers(0, 1 << 20, n)
    return [Problem(features, t, n) for t in (line, category, noise, np.full(n, 5, np.int64))]


def prepared(n: int = 3000) -> list[Prepared]:
    rng = np.random.default_rng(0)
    found = [Prepared.of(p, most=n, rng=rng) for p in problems(n)[:2]]
    return [p for p in found if p is not None]


def test_models_are_worth_their_bytes():
    given = problems(12_000)
    models = fit_mlps(given, seconds=200, threads=1, max_rows=8_000)
    assert models[2] is None
    assert models[3] is None
    for problem, model in zip(given[:2], models[:2], strict=True):
        assert model is not None
        data = model.encode(problem.features, problem.targets)
        assert np.array_equal(model.decode(problem.features, data), problem.targets)
        assert len(data) + len(model.to_bytes()) < 0.75 * len(encode_integers(problem.targets))
        assert Mlp.from_bytes(model.to_bytes(), 3) == model


@pytest.mark.parametrize("which", [0, 1])
def test_the_net_with_rounding_is_the_program(which):
    part = prepared()[which]
    loop = Loop(Group([part], 1), Schedule(steps=40, batch=128))
    while not loop.done:
        loop.advance()
    loop.finish()
    group = loop.group
    inputs = part.inputs()
    with torch.no_grad():
        out, shared = group.nets(torch.from_numpy(inputs).float()[None] * 2.0**-INPUT_BITS, True)
    s = group.shape
    bits = [LOGIT_BITS] * (s.classes + s.components)
    bits += [PLACE_BITS] * s.components + [SCALE_BITS] * s.components
    columns = [(out[0] * torch.tensor([2.0**b for b in bits])).numpy()]
    if s.components:
        columns.append((shared[0, :, None] * 2.0**PLACE_BITS).numpy())
    outputs = group.models()[0].outputs(part.problem.features[part.order])
    assert np.array_equal(np.concatenate(columns, axis=1).astype(np.int64), outputs)


@pytest.mark.parametrize("which", [0, 1])
def test_the_loss_is_what_the_coder_takes(which):
    part = prepared()[which]
    group = Group([part], 1)
    score = float(group.score(True)[0]) / np.log(2)
    held = part.order[part.rows - part.held_out :]
    symbols, _, widths = part.axis.symbols(part.problem.targets[held])
    bits = group.models()[0].bits(part.problem.features[held], part.problem.targets[held]) - widths
    assert abs(score - bits[symbols >= 0].sum() / len(held)) < 0.01


@pytest.mark.parametrize("quantised", [False, True])
@pytest.mark.parametrize("which", [0, 1])
def test_one_pass_equals_torch(quantised, which, monkeypatch):
    group = Group(prepared()[which : which + 1], 0)
    results = []
    for slow in ("0", "1"):
        monkeypatch.setenv("HEPACK_NO_NUMBA", slow)
        inputs, aim = group.train.part(0, 300)
        group.nets.zero_grad()
        cost = mean_nats(group.nets, inputs, aim, group.firsts, quantised)
        cost.sum().backward()
        gradients = [p.grad for p in group.nets.parameters() if p.grad is not None]
        results.append((cost.detach(), [g.clone() for g in gradients]))
    assert torch.allclose(results[0][0], results[1][0], rtol=1e-4)
    for a, b in zip(results[0][1], results[1][1], strict=False):
        assert float((a - b).abs().max()) <= 1e-3 * float(b.abs().max()) + 1e-6


def test_a_fit_repeats_and_resumes(tmp_path):
    parts = prepared()[:1]
    plan = Schedule(steps=60, batch=128)
    whole = Loop(Group(parts, 7), plan)
    while not whole.done:
        whole.advance()
    first = Loop(Group(parts, 7), plan)
    store = Checkpoint(tmp_path, "nets", fingerprint(parts, plan))
    store.resume(first)
    for _ in range(33):
        first.advance()
    store.save(first, now=True)
    second = Loop(Group(parts, 7), plan)
    store.resume(second)
    assert second.step == 33
    while not second.done:
        second.advance()
    assert torch.equal(whole.finish(), second.finish())
    assert whole.group.models()[0] == second.group.models()[0]
    other = Loop(Group(parts, 7), plan)
    Checkpoint(tmp_path, "nets", "another fit").resume(other)
    assert other.step == 0


def test_a_checkpoint_makes_the_same_models(tmp_path):
    given = problems(3000)[:2]
    told: list[float] = []
    plain = fit_mlps(given, seconds=30, threads=1)
    stored = fit_mlps(given, seconds=30, threads=2, checkpoint=tmp_path, progress=told.append)
    again = fit_mlps(given, seconds=30, threads=1, checkpoint=tmp_path)
    assert stored == again
    assert [m is None for m in plain] == [m is None for m in stored]
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_no_problems():
    assert fit_mlps([], seconds=1) == []
    empty = Problem(np.zeros((0, 2), np.int32), np.zeros(0, np.int64), 0)
    assert fit_mlps([empty], seconds=1) == [None]
