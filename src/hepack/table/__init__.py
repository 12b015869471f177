"""The data model: variables, tolerances, collections, and tables of events."""

from hepack.table.cell import Cell
from hepack.table.order import Order
from hepack.table.schema import Schema
from hepack.table.split import join_table, split_schema, split_table, splittable
from hepack.table.table import EventTable, offsets_from_counts
from hepack.table.tolerance import LOSSLESS, UNBOUNDED, Tolerance, bits_differ
from hepack.table.variable import DTYPES, EVENTS, Collection, Kind, Layout, Variable

__all__ = [
    "DTYPES",
    "EVENTS",
    "LOSSLESS",
    "UNBOUNDED",
    "Cell",
    "Collection",
    "EventTable",
    "Kind",
    "Layout",
    "Order",
    "Schema",
    "Tolerance",
    "Variable",
    "bits_differ",
    "join_table",
    "offsets_from_counts",
    "split_schema",
    "split_table",
    "splittable",
]
