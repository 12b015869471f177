"""The bar of the study on real jets: the worst variable's error is halved, and strain is judged by its loss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="a study trains networks")

from hepack.study.effort import QUICK  # noqa: E402
from hepack.study.quality import worst  # noqa: E402
from hepack.study.recipes import published_recipe, without_network, wound_recipe  # noqa: E402
from hepack.study.table import extract  # noqa: E402
from hepack.training.trained import split  # noqa: E402


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_our_recipe_at_least_halves_the_worst_response(shared_data: Path, seed: int) -> None:
    table = extract(
        shared_data / "atlas_4d_jets" / "all_jets_train_4D_100_percent.pkl", allow_pickle=True, most=15_000
    )
    first, second = split(len(table))
    inside, outside = table.take(first), table.take(second)
    effort = replace(QUICK, epochs=4)
    before = worst(published_recipe(inside, outside, effort, seed).quality)
    after = worst(wound_recipe(inside, outside, effort, seed).quality)
    print(f"seed {seed}: published {before}, wound {after}")
    assert after.response_rms < before.response_rms / 2
    alone = worst(without_network(inside, outside).quality)
    assert alone.response_rms < before.response_rms / 10
