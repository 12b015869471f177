"""An Arrow schema as a small JSON value: a packed file keeps one, and a thousand columns are common."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

LISTS = {"list": pa.list_, "large_list": pa.large_list}


def describe_schema(schema: Any) -> Any:
    """``{"fields": [[name, type, nullable], ...], "metadata": {...}}``, or, for a schema that this cannot
    express, Arrow's own bytes as a string of one character a byte."""
    try:
        value: dict[str, Any] = {"fields": [_describe_field(field) for field in schema]}
        if schema.metadata:
            value["metadata"] = {
                key.decode("latin-1"): text.decode("latin-1") for key, text in schema.metadata.items()
            }
        if rebuild_schema(value).equals(schema, check_metadata=True):
            return value
    except (ValueError, KeyError):
        pass
    return schema.serialize().to_pybytes().decode("latin-1")


def rebuild_schema(value: Any) -> Any:
    """Undo `describe_schema`.

    Raises:
        ArrowException, LookupError, TypeError, ValueError, AttributeError: it is no such value.
    """
    if isinstance(value, str):
        return pa.ipc.read_schema(pa.py_buffer(value.encode("latin-1")))
    metadata = {
        key.encode("latin-1"): text.encode("latin-1") for key, text in value.get("metadata", {}).items()
    }
    return pa.schema([_rebuild_field(field) for field in value["fields"]], metadata or None)


def _describe_field(field: Any) -> list[Any]:
    if field.metadata:
        raise ValueError("a field with metadata")
    return [field.name, _describe_type(field.type), *([1] if field.nullable else [])]


def _rebuild_field(value: Any) -> Any:
    name, kind, *nullable = value
    return pa.field(name, _rebuild_type(kind), nullable=bool(nullable))


def _describe_type(kind: Any) -> Any:
    if pa.types.is_struct(kind):
        return {"struct": [_describe_field(kind.field(i)) for i in range(kind.num_fields)]}
    for name in LISTS:
        if getattr(pa.types, f"is_{name}")(kind):
            return {name: _describe_field(kind.value_field)}
    if pa.type_for_alias(str(kind)) != kind:
        raise ValueError(f"the type {kind}")
    return str(kind)


def _rebuild_type(value: Any) -> Any:
    if isinstance(value, str):
        return pa.type_for_alias(value)
    ((name, inner),) = value.items()
    if name == "struct":
        return pa.struct([_rebuild_field(field) for field in inner])
    return LISTS[name](_rebuild_field(inner))


def leaf_paths(field: Any) -> list[tuple[str, ...]]:
    """Where the Parquet columns of an Arrow field lie: its name, and those of the fields in its structs.

    Arrow writes them in this order; lists, dictionaries and extensions add nothing to a path.
    """
    return [(field.name, *path) for path in _inner_paths(field.type)]


def _inner_paths(kind: Any) -> list[tuple[str, ...]]:
    if isinstance(kind, pa.BaseExtensionType):
        return _inner_paths(kind.storage_type)
    if pa.types.is_struct(kind):
        return [path for i in range(kind.num_fields) for path in leaf_paths(kind.field(i))]
    if pa.types.is_map(kind):
        return _inner_paths(kind.key_type) + _inner_paths(kind.item_type)
    if pa.types.is_nested(kind) and kind.num_fields == 1:
        return _inner_paths(kind.field(0).type)
    return [()]
