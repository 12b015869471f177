"""The kinds of formulas, by the name that a file has for them."""

from collections.abc import Mapping

from hepack.relations.kinds.base import Kind
from hepack.relations.kinds.collection import Elder, Gather, Length, Rank, Reduce
from hepack.relations.kinds.elementwise import ELEMENTWISE, MAX_ENTRIES, NOTHING
from hepack.relations.kinds.particle import ROLES, Vector, route

KINDS: Mapping[str, Kind] = {
    **ELEMENTWISE,
    "vector": Vector(),
    "reduce": Reduce(),
    "length": Length(),
    "rank": Rank(),
    "gather": Gather(),
    "elder": Elder(),
}

__all__ = ["KINDS", "MAX_ENTRIES", "NOTHING", "ROLES", "Kind", "route"]
