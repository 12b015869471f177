"""The spelling of numbers in text files: found in a sample, kept when the file is written again.

A spelling is a short string: ``r`` is Python's shortest text that reads back equal, ``i`` the same
without a trailing ``.0``, and a letter with a number is the printf conversion ``%.{number}{letter}``
(``g6`` is what C++ streams print).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHORTEST = "r"
SAMPLE = 2000
"""Tokens that are looked at to find a column's spelling."""

_SPELLING = re.compile(r"[gGeEf](?:[0-9]|1[0-9]|20)")
_PLAIN = re.compile(r"-?[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?")


def read_float(token: str) -> float:
    """The correctly rounded float64 of a token; unlike ``float``, refuses ``1_000`` and other digits.

    Raises:
        ValueError: the token is no number.
    """
    if "_" in token or not token.isascii():
        raise ValueError(f"'{token}' is no number")
    return float(token)


def read_floats(tokens: Sequence[str]) -> list[float]:
    """`read_float` of many tokens, at the speed of ``float``."""
    joined = "".join(tokens)
    if "_" in joined or not joined.isascii():
        return [read_float(token) for token in tokens]
    return list(map(float, tokens))


def find_spelling(tokens: Sequence[str]) -> str:
    """The spelling that gives back most of the ``tokens`` (those of finite numbers)."""
    step = max(1, len(tokens) // SAMPLE)
    sample = [t for t in tokens[::step][: 2 * SAMPLE] if _PLAIN.fullmatch(t) and t]
    if not sample:
        return SHORTEST
    values = read_floats(sample)
    best, best_hits = SHORTEST, -1
    for candidate in _candidates(sample):
        spelt = _print(values, candidate)
        hits = sum(map(str.__eq__, spelt, sample))
        if hits > best_hits:
            best, best_hits = candidate, hits
        if hits == len(sample):
            break
    return best


def _candidates(sample: Sequence[str]) -> Iterator[str]:
    """Spellings worth a try, the likelier first."""
    yield from ("g6", SHORTEST, "i")
    upper = any("E" in token for token in sample)
    yield from (f"g{digits}" for digits in (*range(7, 18), *range(5, 0, -1)))
    mantissas = [re.split("[eE]", token)[0] for token in sample]
    decimals = Counter(len(token.partition(".")[2]) for token in mantissas)
    for count, _ in decimals.most_common(2):
        if count <= 20:
            yield from (f"f{count}", f"e{count}", *([f"E{count}"] if upper else []))
    if upper:
        yield from (f"G{digits}" for digits in range(6, 18))


def spell_floats(values: NDArray[Any], spelling: str = SHORTEST, *, nan: str = "nan") -> list[str]:
    """Text of floats, shape ``(n,)``. Each reads back equal in the dtype of ``values``; where the
    ``spelling`` would not, a longer one is used. NaN is ``nan``, infinities are ``inf`` and ``-inf``."""
    texts = _spell_doubles(values, spelling) if values.dtype == np.float64 else values.astype("U32").tolist()
    for index in np.flatnonzero(np.isnan(values)).tolist():
        texts[index] = nan
    return list(texts)


def _spell_doubles(values: NDArray[np.float64], spelling: str) -> list[str]:
    texts = _print(values.tolist(), spelling)
    back = np.fromiter(map(float, texts), np.float64, len(texts))
    differs = (back != values) & ~np.isnan(values)
    longer: Callable[[float], str] = _longer_general if spelling[0] in "gG" else repr
    for index in np.flatnonzero(differs).tolist():
        texts[index] = longer(float(values[index]))
    return texts


def _longer_general(value: float) -> str:
    for digits in (15, 16):
        text = f"{value:.{digits}g}"
        if float(text) == value:
            return text
    return f"{value:.17g}"


def _print(values: Sequence[float], spelling: str) -> list[str]:
    if spelling == "i":
        return [text.removesuffix(".0") for text in map(repr, values)]
    if not _SPELLING.fullmatch(spelling):
        return list(map(repr, values))
    template = f"%.{spelling[1:]}{spelling[0]}\n"  # one big conversion is several times faster than many
    return ((template * len(values)) % tuple(values)).split("\n")[:-1]
