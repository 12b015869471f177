"""`Recipe`: what the user asks for; resolved against a schema it becomes tolerances per variable."""

from __future__ import annotations

import difflib
import fnmatch
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hepack._errors import BadRequestError
from hepack.codec.presets import PRESETS
from hepack.codec.streams import Effort
from hepack.table import Schema, Tolerance, Variable

Rule = tuple[str, Tolerance]
"""A name pattern (``Jet_*``; ``tree:Jet_*`` for one table of several) and its tolerance."""

DEFAULT_BLOCK_BYTES = 48 << 20


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to pack and how closely. Later rules win over earlier ones, rules win over the preset.

    ``block_bytes`` is the size of a block before packing: larger blocks pack a little smaller, smaller
    ones need less memory and give finer access. ``model`` is a model file (``.hpm``) to use; ``fit_seconds``
    bounds the training of integer nets with the effort ``best``. ``free_event_order``: the order of the events
    within a block need not be kept; ``free_object_order``: neither that of the objects of these collections
    within an event (name patterns).
    """

    rules: tuple[Rule, ...] = ()
    preset: str = "lossless"
    effort: Effort = "default"
    block_bytes: int = DEFAULT_BLOCK_BYTES
    threads: int | None = None
    model: Path | None = None
    fit_seconds: float = 300.0
    free_event_order: bool = False
    free_object_order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            near = difflib.get_close_matches(self.preset, PRESETS, n=3) or list(PRESETS)
            raise BadRequestError(f"there is no preset '{self.preset}'; did you mean {', '.join(near)}?")
        if self.block_bytes < 1 << 10:
            raise BadRequestError(f"a block of {self.block_bytes} bytes is too small; take at least 1024")

    @property
    def frees_order(self) -> bool:
        """Whether some order need not be kept."""
        return self.free_event_order or bool(self.free_object_order)

    def resolve(self, schemas: Sequence[Schema]) -> tuple[Schema, ...]:
        """The schemas with the tolerance of every variable set.

        Raises:
            BadRequestError: a rule names nothing, or an exact name is an integer variable.
        """
        rules = [*PRESETS[self.preset].rules, *self.rules]
        for pattern, _ in self.rules:
            self._check_pattern(pattern, schemas)
        return tuple(
            replace(schema, variables=tuple(_apply(rules, schema.name, v) for v in schema.variables))
            for schema in schemas
        )

    def _check_pattern(self, pattern: str, schemas: Sequence[Schema]) -> None:
        matched = [v for s in schemas for v in s.variables if _matches(pattern, s.name, v.name)]
        if not matched:
            names = [v.name for s in schemas for v in s.variables]
            near = difflib.get_close_matches(pattern, names, n=3) or names[:3]
            raise BadRequestError(f"no variable matches '{pattern}'; the nearest are {', '.join(near)}")
        exact = [v for v in matched if v.dtype.kind != "f" and pattern in (v.name, pattern.split(":")[-1])]
        if exact and not any(c in pattern for c in "*?["):
            raise BadRequestError(
                f"'{pattern}' is {exact[0].dtype}: integers, flags and text are always stored exactly"
            )


def _matches(pattern: str, table: str, name: str) -> bool:
    if pattern == name or fnmatch.fnmatchcase(name, pattern):
        return True
    head, colon, tail = pattern.rpartition(":")
    return bool(colon) and fnmatch.fnmatchcase(table, head) and fnmatch.fnmatchcase(name, tail)


def _apply(rules: Sequence[Rule], table: str, variable: Variable) -> Variable:
    if variable.dtype.kind != "f":
        return variable
    chosen = variable.tolerance
    for pattern, tolerance in rules:
        if _matches(pattern, table, variable.name):
            chosen = tolerance
    return replace(variable, tolerance=chosen)


def parse_rules(texts: Sequence[str]) -> tuple[Rule, ...]:
    """Read ``Jet_pt=1e-3rel,Jet_eta=1e-3``; several texts follow each other.

    Raises:
        BadRequestError: a part is not ``name=tolerance``.
    """
    rules: list[Rule] = []
    for text in texts:
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, tolerance = part.rpartition("=")
            if not equals or not name:
                raise BadRequestError(f"cannot read '{part}': write name=tolerance, as in Jet_pt=1e-3rel")
            rules.append((name.strip(), Tolerance.parse(tolerance)))
    return tuple(rules)


def load_rules(path: Path) -> Recipe:
    """Read a TOML file with a table ``[tolerance]`` of name patterns, and optionally ``preset``.

    Raises:
        BadRequestError: the file is missing, not TOML, or holds other keys.
    """
    try:
        content: Mapping[str, Any] = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadRequestError(f"cannot read the tolerances in '{path}': {error}") from error
    unknown = set(content) - {"tolerance", "preset"}
    table = content.get("tolerance", {})
    if unknown or not isinstance(table, dict):
        found = ", ".join(sorted(unknown)) or "a tolerance that is no table"
        raise BadRequestError(f"'{path}' holds {found}; it may hold preset = \"...\" and a table [tolerance]")
    rules = []
    for name, value in table.items():
        if not isinstance(value, str | int | float) or isinstance(value, bool):
            raise BadRequestError(f"the tolerance of '{name}' in '{path}' must be text or a number")
        rules.append((name, Tolerance.parse(str(value))))
    return Recipe(rules=tuple(rules), preset=str(content.get("preset", "lossless")))
