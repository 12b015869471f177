"""hepack: pack high-energy-physics event data within a promised error.

>>> import hepack
>>> hepack.pack("events.root", "events.hpk", tolerance="Jet_pt=1e-3rel,Jet_eta=1e-3")  # doctest: +SKIP
>>> events = hepack.open("events.hpk")["Events"]  # doctest: +SKIP
>>> events[1000:2000]["Jet_pt"]  # doctest: +SKIP
<Array [[43.1, 22.6], ...] type='1000 * var * float32'>
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hepack._version import __version__

if TYPE_CHECKING:
    from hepack._errors import HepackError
    from hepack.api import compare, inspect, monitor, open, pack, recover, reduce, unpack, verify  # noqa: A004
    from hepack.codec.network import NetworkOptions
    from hepack.codec.recipe import Recipe
    from hepack.table import EventTable, Schema, Tolerance, Variable

_HOMES = {
    "HepackError": "hepack._errors",
    "NetworkOptions": "hepack.codec.network",
    "Recipe": "hepack.codec.recipe",
    "EventTable": "hepack.table",
    "Schema": "hepack.table",
    "Tolerance": "hepack.table",
    "Variable": "hepack.table",
    **dict.fromkeys(
        ("compare", "fit", "inspect", "monitor", "open", "pack", "recover", "reduce", "unpack", "verify"),
        "hepack.api",
    ),
}

__all__ = [
    "EventTable",
    "HepackError",
    "NetworkOptions",
    "Recipe",
    "Schema",
    "Tolerance",
    "Variable",
    "__version__",
    "compare",
    "fit",
    "inspect",
    "monitor",
    "open",
    "pack",
    "recover",
    "reduce",
    "unpack",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use, so that ``import hepack`` costs nothing."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'hepack' has no attribute '{name}'")


def __dir__() -> list[str]:
    return __all__
