"""Flat operations against loops."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hepack.simulate.ragged import Pairs, keep, nearest, order_by, owners, ranks, segment_sum, wrap
from hepack.table import offsets_from_counts

counts = st.lists(st.integers(0, 4), min_size=1, max_size=6)


@settings(deadline=None)
@given(counts)
def test_owners_and_ranks(lengths: list[int]) -> None:
    offsets = offsets_from_counts(np.array(lengths))
    expected = [(event, rank) for event, n in enumerate(lengths) for rank in range(n)]
    assert list(zip(owners(offsets).tolist(), ranks(offsets).tolist(), strict=True)) == expected


@settings(deadline=None)
@given(counts, st.integers(0, 2**32 - 1))
def test_sums_selections_and_order(lengths: list[int], seed: int) -> None:
    offsets = offsets_from_counts(np.array(lengths))
    values = np.random.default_rng(seed).integers(0, 5, offsets[-1]).astype(float)
    runs = [values[a:b] for a, b in itertools.pairwise(offsets)]
    assert segment_sum(values, offsets).tolist() == [run.sum() for run in runs]
    assert np.diff(keep(values > 2, offsets)).tolist() == [int((run > 2).sum()) for run in runs]
    ordered = values[order_by(values, offsets)]
    assert ordered.tolist() == [x for run in runs for x in sorted(run, reverse=True)]


@settings(deadline=None)
@given(counts, counts, st.integers(0, 2**32 - 1))
def test_nearest_is_the_nearest(first: list[int], second: list[int], seed: int) -> None:
    size = min(len(first), len(second))
    a, b = (offsets_from_counts(np.array(c[:size])) for c in (first, second))
    rng = np.random.default_rng(seed)
    eta_a, phi_a = rng.normal(size=a[-1]), rng.uniform(-np.pi, np.pi, a[-1])
    eta_b, phi_b = rng.normal(size=b[-1]), rng.uniform(-np.pi, np.pi, b[-1])
    found = nearest((eta_a, phi_a, a), (eta_b, phi_b, b), radius=1.5)
    for event in range(size):
        for i in range(a[event], a[event + 1]):
            others = [
                (np.hypot(eta_a[i] - eta_b[j], wrap(phi_a[i] - phi_b[j])), j)
                for j in range(b[event], b[event + 1])
            ]
            distance, index = min(others, default=(np.inf, -1))
            assert found.index[i] == (index if distance <= 1.5 else -1)


def test_pairs_of_empty_events() -> None:
    pairs = Pairs.within(np.array([0, 0, 2]), np.array([0, 3, 3]))
    assert len(pairs.first) == len(pairs.second) == 0
