"""From `Events` to the table of the layout that a request asks for."""

from __future__ import annotations

from hepack.simulate.detector import CMS_LIKE
from hepack.simulate.event import Events
from hepack.simulate.nanoaod import nanoaod_table
from hepack.simulate.request import Request
from hepack.table import EventTable


def build(request: Request, events: Events) -> EventTable:
    """The table of one chunk in the request's layout."""
    if request.layout == "phenoml":
        from hepack.simulate.phenoml import phenoml_table

        return phenoml_table(request, events)
    if request.layout == "trigger":
        from hepack.simulate.trigger import trigger_table

        return trigger_table(events.objects, cleaning=CMS_LIKE if request.pile_up > 0 else None)
    if request.layout == "jet-images":
        from hepack.simulate.images import jet_image_table

        return jet_image_table(events)
    if request.layout == "event-images":
        from hepack.simulate.images import event_image_table

        return event_image_table(events)
    return nanoaod_table(
        events,
        constituents=request.constituents,
        truth=request.truth,
        round_floats=request.precision == "nano",
    )
