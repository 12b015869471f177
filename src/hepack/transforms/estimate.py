"""A quick estimate of how many bits a stream of integers needs, to rank transforms without coding."""

from __future__ import annotations

import numpy as np

from hepack.transforms.base import Symbols

_BINS = 64
_BIN_BITS = 24.0


def estimate_bits(symbols: Symbols) -> float:
    """Bits for the sample, taken as it is or as differences, whichever is smaller."""
    if len(symbols) < 2:
        return 64.0 * len(symbols)
    return min(_histogram_bits(symbols), _histogram_bits(np.diff(symbols)) + 64)


def _histogram_bits(symbols: Symbols) -> float:
    """Code length under a histogram of 64 equally filled bins, equal ones merged, uniform inside."""
    ordered = np.sort(symbols)
    edges = ordered[np.linspace(0, len(ordered) - 1, _BINS + 1).astype(np.int64)]
    edges = np.unique(edges).astype(np.float64)
    edges = np.append(edges, edges[-1] + 1)
    # a value that fills a whole bin becomes a bin of its own
    counts = np.diff(np.append(np.searchsorted(ordered, edges[:-1]), len(ordered)))
    if len(edges) < _BINS:
        exact, counts_exact = np.unique(ordered, return_counts=True)
        if len(exact) <= 4 * _BINS:
            share = counts_exact / len(ordered)
            return float(-(counts_exact * np.log2(share)).sum() + 12.0 * len(exact))
    share = np.maximum(counts, 1) / len(ordered)
    widths = np.maximum(np.diff(edges), 1.0)  # float64 edges may coincide beyond 2**53
    return float((counts * (np.log2(widths) - np.log2(share))).sum() + _BIN_BITS * len(counts))
