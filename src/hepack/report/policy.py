"""`Policy`: what to compare and what counts as passed, read from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from hepack._errors import BadRequestError
from hepack.evaluate.settings import Settings
from hepack.physics.quantities import Cuts
from hepack.physics.triggers import TRIGGERS

DEFAULT = "default_policy.toml"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The largest (for ``selection`` the least) figure that passes; see the default policy for each."""

    bound: float
    faults: float
    bias: float
    resolution: float
    direction: float
    mass_shift: float
    mass_width: float
    turn_on_shift: float
    crossing: float
    selection: float
    auc: float
    p_value: float


@dataclass(frozen=True, kw_only=True)
class Policy:
    """Limits, settings of the comparison, and how many variables are drawn."""

    limits: Limits
    settings: Settings
    figures: int
    name: str = "the default policy"


def default_text() -> str:
    """The documented default policy."""
    return resources.files("hepack.report").joinpath(DEFAULT).read_text(encoding="utf-8")


def load_policy(path: Path | None = None) -> Policy:
    """The default policy, changed by a file.

    Raises:
        BadRequestError: the file cannot be read, or a key is unknown or of a wrong type.
    """
    values = tomllib.loads(default_text())
    if path is not None:
        try:
            changed = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise BadRequestError(f"cannot read the policy '{path}': {error}") from error
        _merge(values, changed, str(path))
    return _build(values, path.name if path else "the default policy")


def _merge(values: dict[str, Any], changed: Mapping[str, Any], path: str) -> None:
    for section, rows in changed.items():
        if section not in values or not isinstance(rows, dict):
            raise BadRequestError(f"the policy '{path}' has '{section}'; it may hold {', '.join(values)}")
        for key, value in rows.items():
            if section not in ("triggers", "objects") and key not in values[section]:
                known = ", ".join(values[section])
                raise BadRequestError(
                    f"the policy '{path}' sets '{section}.{key}'; [{section}] may hold {known}"
                )
            _check_type(section, key, value, values[section].get(key), path)
            values[section][key] = value


def _check_type(section: str, key: str, value: Any, before: Any, path: str) -> None:
    """Refuse values of another type than the default's."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if section == "triggers":
        names = [trigger.name for trigger in TRIGGERS]
        good, expected = number and value > 0 and key in names, f"one of {', '.join(names)} = a number of GeV"
    elif section == "objects":
        good = isinstance(value, dict) and all(isinstance(name, str) for name in value.values())
        expected = "a table of column names"
    elif isinstance(before, bool):
        good, expected = isinstance(value, bool), "true or false"
    elif isinstance(before, int | float):
        good, expected = number and value >= 0, "a number from 0"
    elif isinstance(before, list):
        kind: Any = str if key == "selections" else (int, float)
        good = isinstance(value, list) and all(isinstance(v, kind) and not isinstance(v, bool) for v in value)
        expected = "a list of " + ("texts" if key == "selections" else "numbers")
    else:
        good, expected = isinstance(value, str), "text"
    if not good:
        raise BadRequestError(f"the policy '{path}' sets {section}.{key} to {value!r}; it must be {expected}")


def _build(values: Mapping[str, Any], name: str) -> Policy:
    limits = Limits(**{item.name: float(values["limits"][item.name]) for item in fields(Limits)})
    compare = values["compare"]
    if compare["mode"] not in ("auto", "paired", "samples"):
        raise BadRequestError(f"the policy's mode is '{compare['mode']}'; it must be auto, paired or samples")
    if compare["unit"] not in ("", "keV", "MeV", "GeV", "TeV"):
        raise BadRequestError(f"the policy's unit is '{compare['unit']}'; it must be MeV, GeV or TeV")
    settings = Settings(
        mode=compare["mode"], objects=values["objects"], flat=compare["flat"], unit=compare["unit"],
        cuts=tuple(float(cut) for cut in compare["cuts"]), expressions=tuple(compare["selections"]),
        selection=Cuts(**{key: float(value) for key, value in values["event"].items()}),
        triggers=values["triggers"], classifier=compare["classifier"], bias=limits.bias,
    )  # fmt: skip
    return Policy(limits=limits, settings=settings, figures=int(compare["figures"]), name=name)


def with_settings(policy: Policy, **changes: Any) -> Policy:
    """The policy with some settings of the comparison replaced."""
    return replace(policy, settings=replace(policy.settings, **changes))
