"""The bar of the study on real jets: the worst variable's error is halved, and strain is judged by its loss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="a study trains networks")

from hepack.study.effort import QUICK  # noqa: E402
from hepack.study.quality import worst  # noqa: E402
from hepack.study.recipes import published_recipe, without_network, wound_recipe  # noqa: E402
from hepack.study.table import Table, extract  # noqa: E402
from hepack.training.trained import split  # noqa: E402


@pytest.fixture(scope="module")
def jets(shared_data: Path) -> tuple[Table, Table]:
    """Jets to train with and others to test on."""
    table = extract(
        shared_data / "atlas_4d_jets" / "all_jets_train_4D_100_percent.pkl", allow_pickle=True, most=15_000
    )
    first, second = split(len(table))
    return table.take(first), table.take(second)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_our_recipe_at_least_halves_the_worst_response(jets: tuple[Table, Table], seed: int) -> None:
    inside, outside = jets
    effort = replace(QUICK, epochs=4)
    before = worst(published_recipe(inside, outside, effort, seed).quality)
    after = worst(wound_recipe(inside, outside, effort, seed).quality)
    print(f"seed {seed}: published {before}, wound {after}")
    assert after.response_rms < before.response_rms / 2
    alone = worst(without_network(inside, outside).quality)
    assert alone.response_rms < before.response_rms / 10
