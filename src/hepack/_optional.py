"""Import optional packages late, with an error that says how to get them."""

from __future__ import annotations

import importlib
from types import ModuleType

from hepack._errors import MissingExtraError


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import ``module`` or raise a `MissingExtraError` that names the pip extra to install."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"{purpose} needs the package '{module.split('.')[0]}', which is not installed; "
            f"run: pip install 'hepack[{extra}]'"
        ) from error
