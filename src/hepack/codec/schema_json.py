"""Schemas as JSON, read back with nothing trusted.

A variable is ``[name, dtype, {what differs from the default}]``; the same for collections.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from hepack._errors import CorruptFileError
from hepack.container import MAX_VALUES
from hepack.table import DTYPES, LOSSLESS, Collection, Kind, Layout, Schema, Tolerance, Variable

MAX_DIMENSIONS = 32


class Strict(BaseModel):
    """A JSON object of which no other keys are taken."""

    model_config = ConfigDict(extra="forbid")


class _Variable(Strict):
    axis: str = ""
    shape: list[int] = []
    unit: str = ""
    kind: Kind = "continuous"
    period: float | None = None
    tolerance: list[Any] = []
    attributes: dict[str, Any] = {}


class _Collection(Strict):
    parent: str = ""
    layout: Layout = "list"
    counter: str = ""
    counter_dtype: str = "i4"
    attributes: dict[str, Any] = {}


_DTYPE_CODES = {dtype.str.lstrip("<|"): dtype for dtype in DTYPES}
_CODES = {dtype: code for code, dtype in _DTYPE_CODES.items()}


def _default_kind(dtype: np.dtype[Any]) -> Kind:
    kinds: dict[str, Kind] = {"b": "flag", "i": "integer", "u": "integer"}
    return kinds.get(dtype.kind, "continuous")


def schema_to_json(schema: Schema) -> dict[str, Any]:
    """Plain JSON values; `schema_from_json` gives an equal schema back."""
    return {
        "name": schema.name,
        "attributes": dict(schema.attributes),
        "collections": [_collection_to_json(collection) for collection in schema.collections],
        "variables": [_variable_to_json(variable) for variable in schema.variables],
    }


def _variable_to_json(variable: Variable) -> list[Any]:
    extra: dict[str, Any] = {}
    if variable.axis:
        extra["axis"] = variable.axis
    if variable.shape:
        extra["shape"] = list(variable.shape)
    if variable.unit:
        extra["unit"] = variable.unit
    if variable.kind != _default_kind(variable.dtype):
        extra["kind"] = variable.kind
    if variable.period is not None:
        extra["period"] = variable.period
    if not variable.tolerance.is_lossless:
        extra["tolerance"] = [variable.tolerance.mode, variable.tolerance.value]
    if variable.attributes:
        extra["attributes"] = dict(variable.attributes)
    return [variable.name, _CODES[variable.dtype], *([extra] if extra else [])]


def _collection_to_json(collection: Collection) -> list[Any]:
    extra: dict[str, Any] = {}
    if collection.parent:
        extra["parent"] = collection.parent
    if collection.layout != "list":
        extra["layout"] = collection.layout
    if collection.counter:
        extra["counter"] = collection.counter
    if collection.counter_dtype != np.dtype("i4"):
        extra["counter_dtype"] = collection.counter_dtype.str.lstrip("<|")
    if collection.attributes:
        extra["attributes"] = dict(collection.attributes)
    return [collection.name, *([extra] if extra else [])]


def schema_from_json(
    name: str, attributes: dict[str, Any], collections: Sequence[Any], variables: Sequence[Any]
) -> Schema:
    """Undo `schema_to_json`.

    Raises:
        CorruptFileError, TypeError, ValueError: they are no schema.
    """
    return Schema(
        name,
        tuple(_variable_from_json(*row) for row in variables),
        tuple(_collection_from_json(*row) for row in collections),
        attributes,
    )


def _variable_from_json(name: str, code: str, extra: Mapping[str, Any] | None = None) -> Variable:
    dtype = _DTYPE_CODES.get(code)
    if dtype is None or not isinstance(name, str):
        raise CorruptFileError(f"a variable has the unknown dtype {code!r}")
    raw = _Variable.model_validate({"kind": _default_kind(dtype), **(extra or {})}, strict=True)
    # zeros must not hide the rest: numpy refuses arrays whose other sizes multiply to too much
    if (
        len(raw.shape) > MAX_DIMENSIONS
        or any(size < 0 for size in raw.shape)
        or math.prod(filter(None, raw.shape)) > MAX_VALUES
    ):
        raise CorruptFileError(f"variable '{name}' has the impossible shape {raw.shape}")
    return Variable(
        name=name,
        dtype=dtype,
        axis=raw.axis,
        shape=tuple(raw.shape),
        unit=raw.unit,
        kind=raw.kind,
        period=raw.period,
        tolerance=_tolerance_from_json(raw.tolerance),
        attributes=raw.attributes,
    )


def _tolerance_from_json(value: list[Any]) -> Tolerance:
    if not value:
        return LOSSLESS
    mode, bound = value
    if mode not in ("absolute", "relative", "mantissa", "unbounded"):
        raise CorruptFileError(f"unknown tolerance mode {mode!r}")
    return Tolerance(mode, float(bound))


def _collection_from_json(name: str, extra: Mapping[str, Any] | None = None) -> Collection:
    raw = _Collection.model_validate(extra or {}, strict=True)
    dtype = _DTYPE_CODES.get(raw.counter_dtype)
    if dtype is None or not isinstance(name, str):
        raise CorruptFileError(f"a counter has the unknown dtype {raw.counter_dtype!r}")
    return Collection(
        name=name,
        parent=raw.parent,
        layout=raw.layout,
        counter=raw.counter,
        counter_dtype=dtype,
        attributes=raw.attributes,
    )
