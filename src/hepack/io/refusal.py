"""The sentence with which a writer declines a column that its format cannot hold."""

from __future__ import annotations

from hepack._errors import BadRequestError
from hepack.table import EVENTS, EventTable, Schema


def refusal(title: str, column: str, why: str, able: str) -> BadRequestError:
    """``title`` (of the format) cannot hold ``column`` because ``why``; the formats ``able`` can."""
    return BadRequestError(f"{title} cannot hold the column '{column}': {why}; write {able} instead")


def check_flat(schema: Schema, title: str, *, shapes: bool = False, options: bool = False) -> None:
    """Let pass only one number (with ``shapes``: one fixed array) or one string for each event.

    With ``options``, numbers may be missing.

    Raises:
        BadRequestError: names the first column that is anything else.
    """
    for variable in schema.variables:
        if variable.shape and not shapes:
            raise refusal(title, variable.name, "it is an array in each event", "hdf5, parquet or root")
    for collection in schema.collections:
        first = next((v.name for v in schema.variables if v.axis == collection.name), collection.name)
        if collection.parent != EVENTS:
            raise refusal(title, first, "it is jagged within a collection", "parquet or root")
        if collection.layout == "list":
            raise refusal(title, first, "it is jagged (any number of values an event)", "parquet or root")
        if collection.layout == "option" and not options:
            raise refusal(title, first, "some of its values are missing", "parquet")
        if len(schema.on(collection.name)) != 1:
            raise refusal(title, first, "it shares its missing values with others", "parquet")


class RowCount:
    """Checks that a table gets as many events as were announced."""

    def __init__(self, table: str, expected: int) -> None:
        self.table, self.expected, self.seen = table, expected, 0

    def add(self, block: EventTable) -> slice:
        """Count a block; returns the rows that it fills."""
        start = self.seen
        self.seen += block.n_events
        if self.seen > self.expected:
            raise ValueError(f"table '{self.table}' was announced with {self.expected} events")
        return slice(start, self.seen)

    def finish(self) -> None:
        """Raise unless all events have come."""
        if self.seen != self.expected:
            raise ValueError(f"table '{self.table}' got {self.seen} of {self.expected} events")
