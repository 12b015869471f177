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
from hepack.codec.network import NetworkOptions
from hepack.codec.presets import PRESETS
from hepack.codec.streams import Effort
from hepack.table import UNBOUNDED, Schema, Tolerance, Variable

Rule = tuple[str, Tolerance]
"""A name pattern (``Jet_*``; ``tree:Jet_*`` for one table of several) and its tolerance."""

DEFAULT_BLOCK_BYTES = 48 << 20


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What to pack and how closely. Later rules win over earlier ones, rules win over the preset.

    ``block_bytes`` is the size of a block before packing: larger blocks pack a little smaller, smaller
    ones need less memory and give finer access. ``model`` is a model file (``.hpm``) to use; ``fit_seconds``
    bounds the training of integer nets with the effort ``best``. With ``network`` the codec is an autoencoder:
    the columns that it is given and no rule names are unbounded. ``free_event_order``: the order of the events
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
    network: NetworkOptions | None = None
    free_event_order: bool = False
    free_object_order: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            near = difflib.get_close_matches(self.preset, PRESETS, n=3) or list(PRESETS)
            raise BadRequestError(f"there is no preset '{self.preset}'; did you mean {', '.join(near)}?")
        if self.block_bytes < 1 << 10:
            raise BadRequestError(f"a block of {self.block_bytes} bytes is too small; take at least 1024")
        if self.network is not None and self.model is not None:
            raise BadRequestError("an autoencoder is fitted to the file; leave out the model, or the codec")
        if self.network is not None and self.frees_order:
            raise BadRequestError(
                "an autoencoder keeps the order of events and objects; leave out the free order"
            )

    @property
    def frees_order(self) -> bool:
        """Whether some order need not be kept."""
        return self.free_event_order or bool(self.free_object_order)

    def resolve(self, schemas: Sequence[Schema]) -> tuple[Schema, ...]:
        """The schemas with the tolerance of every variable set.

        Raises:
            BadRequestError: a rule names nothing, or an exact name is an integer variable; the variables
                that are named for an autoencoder are none or too few.
        """
        rules = [*PRESETS[self.preset].rules, *self.rules]
        for pattern, _ in self.rules:
            self._check_pattern(pattern, schemas)
        free = self._unruled(self.rules if self.preset == "lossless" else rules, schemas)
        return tuple(
            replace(schema, variables=tuple(_apply(rules, schema.name, v, unruled) for v in schema.variables))
            for schema, unruled in zip(schemas, free, strict=True)
        )

    def _unruled(self, rules: Sequence[Rule], schemas: Sequence[Schema]) -> list[set[str]]:
        """For each table the columns of its autoencoders that no rule names: they are unbounded."""
        if self.network is None:
            return [set() for _ in schemas]
        groups = [self.network.groups(schema) for schema in schemas]
        if self.network.variables and not any(groups):
            raise BadRequestError(
                f"no float columns match {', '.join(self.network.variables)}; 'hepack inspect' lists the variables"
            )
        return [
            {
                variable.name
                for group in found.values()
                for variable in group
                if not any(_matches(pattern, schema.name, variable.name) for pattern, _ in rules)
            }
            for found, schema in zip(groups, schemas, strict=True)
        ]

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


def _apply(rules: Sequence[Rule], table: str, variable: Variable, unruled: set[str]) -> Variable:
    if variable.dtype.kind != "f":
        return variable
    if variable.name in unruled:
        return replace(variable, tolerance=UNBOUNDED)
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
