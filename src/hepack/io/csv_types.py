"""The types of CSV columns, decided over all rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.io.column import number_column
from hepack.io.numerals import find_spelling, read_floats
from hepack.io.strings import join_text, text_column
from hepack.table import Collection, Variable, offsets_from_counts

BOOLEANS = (("True", "False"), ("true", "false"), ("TRUE", "FALSE"))

_LEADING_ZERO = re.compile(r"^-?0[0-9]", re.MULTILINE)
_NOT_IN_INTEGERS = str.maketrans("", "", "0123456789-\n")
_SAMPLE = 4000
_EXACT = 1 << 53


class ColumnType:
    """What the tokens of one column have in common so far; ``take`` all of them, then `columns`."""

    def __init__(self, name: str, title: str) -> None:
        self.name, self.title = name, title
        self.kinds: set[str] = set()
        self.missing = False
        self.low, self.high = 0, 0
        self.nan = ""
        self.booleans: set[str] = set()
        self.sample: list[str] = []

    def take(self, tokens: Sequence[str]) -> None:
        present = [token for token in tokens if token]
        self.missing |= len(present) < len(tokens)
        if not present or "text" in self.kinds:
            return
        kind = self._kind(present)
        self.kinds.add(kind)
        if kind in ("integer", "float") and len(self.sample) < _SAMPLE:
            self.sample += present[:: max(1, len(present) // 500)]

    def _kind(self, tokens: list[str]) -> str:
        joined = "\n".join(tokens)
        if not joined.translate(_NOT_IN_INTEGERS) and self._take_integers(tokens, joined):
            return "integer"
        if _LEADING_ZERO.search(joined):
            return self._zeros(tokens)
        if joined[0] in "TtFf":
            self.booleans |= set(tokens)
            if any(self.booleans <= set(pair) for pair in BOOLEANS):
                return "boolean"
        return self._float(tokens)

    def _take_integers(self, tokens: list[str], joined: str) -> bool:
        try:
            values = list(map(int, tokens))
        except ValueError:
            return False
        if "\n".join(map(str, values)) != joined:
            return False
        self.low, self.high = min(self.low, *values), max(self.high, *values)
        return True

    def _zeros(self, tokens: list[str]) -> str:
        """Identifiers such as ``007`` stay text; ``00.5`` and ``01e5`` are floats."""
        if any(re.fullmatch(r"-?0[0-9]+", token) for token in tokens):
            return "text"
        return self._float(tokens)

    def _float(self, tokens: list[str]) -> str:
        try:
            values = read_floats(tokens)
        except ValueError:
            return "text"
        array = np.array(values)
        missing = np.flatnonzero(np.isnan(array))
        if len(missing) and not self.nan:
            self.nan = tokens[missing[0]]
        for index in np.flatnonzero(np.abs(array) >= _EXACT).tolist():
            if tokens[index].lstrip("+-").isdigit():
                self.low, self.high = min(self.low, int(tokens[index])), max(self.high, int(tokens[index]))
        return "float"

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """The smallest type that holds every token exactly; None for text."""
        if self.kinds == {"boolean"}:
            return np.dtype("?")
        if self.kinds == {"integer"}:
            if self.low >= -(1 << 63) and self.high < 1 << 63:
                return np.dtype("<i8")
            return np.dtype("<u8") if self.low >= 0 and self.high < 1 << 64 else None
        if self.kinds in ({"float"}, {"integer", "float"}):
            return np.dtype("<f8") if max(-self.low, self.high) <= _EXACT else None
        return None

    def columns(self) -> tuple[Collection | None, Variable]:
        """The collection (for text and for missing values) and the variable."""
        attributes: dict[str, Any] = {"title": self.title} if self.title != self.name else {}
        dtype = self.dtype
        if dtype is None:
            return text_column(self.name, **attributes)
        if dtype.kind == "f":
            attributes["spelling"] = find_spelling(self.sample)
            if self.nan not in ("", "nan"):
                attributes["nan"] = self.nan
        if dtype.kind == "b":
            first = next(pair for pair in BOOLEANS if self.booleans <= set(pair))
            attributes["booleans"] = list(first)
        axis = self.name if self.missing else ""
        collection = Collection(name=self.name, layout="option") if self.missing else None
        sample = np.array(read_floats(self.sample), np.float64) if dtype.kind == "f" else None
        return collection, number_column(self.name, dtype, axis=axis, sample=sample, **attributes)


def convert(tokens: Sequence[str], variable: Variable) -> tuple[NDArray[np.int64] | None, NDArray[Any]]:
    """Tokens to the offsets (None for a plain column) and the values of a variable.

    Raises:
        ValueError: a token is not of the variable's type.
    """
    if variable.kind == "text":
        return join_text([token.encode() for token in tokens])
    if not variable.axis:
        return None, _numbers(tokens, variable)
    present = np.fromiter(map(bool, tokens), np.int64, len(tokens))
    return offsets_from_counts(present), _numbers([token for token in tokens if token], variable)


def _numbers(tokens: Sequence[str], variable: Variable) -> NDArray[Any]:
    if variable.dtype.kind == "f":
        return np.array(read_floats(tokens), variable.dtype)
    if variable.dtype.kind == "b":
        yes = variable.attributes["booleans"][0]
        return np.fromiter((token == yes for token in tokens), np.bool_, len(tokens))
    return np.array(list(map(int, tokens)), variable.dtype)
