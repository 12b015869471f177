"""Readers and writers of event files, found by a registry."""

from hepack.io.base import (
    Contents,
    Format,
    GroupingError,
    ReadOptions,
    Sink,
    Skipped,
    Source,
    WriteOptions,
)
from hepack.io.registry import detect, format_for_output, format_ids, get_format, open_source

__all__ = [
    "Contents",
    "Format",
    "GroupingError",
    "ReadOptions",
    "Sink",
    "Skipped",
    "Source",
    "WriteOptions",
    "detect",
    "format_for_output",
    "format_ids",
    "get_format",
    "open_source",
]
