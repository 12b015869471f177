"""Write PhenoML text, with the spelling of the file that the events came from."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from hepack._errors import BadRequestError
from hepack.io.base import Sink
from hepack.io.numerals import SHORTEST, spell_floats
from hepack.io.refusal import RowCount, refusal
from hepack.io.strings import decode_text, split_text
from hepack.table import EVENTS, EventTable, Schema

_FORM = {
    "event_id": ("", "iu"),
    "process": ("process", "u"),
    "weight": ("", "fiu"),
    "MET": ("", "fiu"),
    "METphi": ("", "fiu"),
    "object": ("object", "u"),
    "E": ("Object", "fiu"),
    "pt": ("Object", "fiu"),
    "eta": ("Object", "fiu"),
    "phi": ("Object", "fiu"),
}
"""Column -> axis and dtype kinds; a PhenoML file has these ten and no others."""

_LAYOUT = {"process": (EVENTS, "text"), "Object": (EVENTS, "list"), "object": ("Object", "text")}


class PhenomlSink(Sink):
    """One table of the ten PhenoML columns, written line by line."""

    def __init__(self, path: str, attributes: Mapping[str, Any]) -> None:
        self._handle = Path(path).open("w", encoding="utf-8", newline="")  # noqa: SIM115
        self._header = attributes.get("header")
        self._field = str(attributes.get("field", ";"))
        self._value = str(attributes.get("value", ","))
        self._trailing = bool(attributes.get("trailing", True))
        self._line_end = str(attributes.get("line_end", "\n"))
        self._final = bool(attributes.get("final_line_end", True))
        self._rows: RowCount | None = None
        self._spellings: dict[str, str] = {}

    def begin(self, schema: Schema, n_events: int) -> None:
        if self._rows is not None:
            raise BadRequestError("a PhenoML file holds one table; write root, hdf5 or npz instead")
        for variable in schema.variables:
            axis, kinds = _FORM.get(variable.name, (None, ""))
            if variable.axis != axis or variable.dtype.kind not in kinds or variable.shape:
                raise refusal("PhenoML", variable.name, f"it has only {', '.join(_FORM)}", "parquet or root")
        missing = [name for name in _FORM if name not in schema.by_name]
        layout = {c.name: (c.parent, c.layout) for c in schema.collections}
        if missing or layout != _LAYOUT:
            raise BadRequestError(
                f"PhenoML needs the columns {', '.join(missing or _FORM)} in table '{schema.name}'; "
                f"write parquet or root instead"
            )
        self._rows = RowCount(schema.name, n_events)
        self._spellings = {v.name: str(v.attributes.get("spelling", SHORTEST)) for v in schema.variables}
        if self._header is not None:
            self._handle.write(self._header + (self._line_end if n_events or self._final else ""))

    def write(self, block: EventTable) -> None:
        assert self._rows is not None
        rows = self._rows.add(block)
        objects = self._objects(block)
        bounds = block.offsets["Object"].tolist()
        process = self._text(block, "process", ";")
        fields = zip(
            map(str, block.columns["event_id"].tolist()),
            process,
            *(self._numbers(block, name) for name in ("weight", "MET", "METphi")),
            strict=True,
        )
        end = self._field.rstrip() if self._trailing else ""
        lines = [
            self._field.join([*event, *objects[start:stop]]) + end
            for event, (start, stop) in zip(fields, pairwise(bounds), strict=True)
        ]
        if rows.start:
            self._handle.write(self._line_end)
        self._handle.write(self._line_end.join(lines))

    def _objects(self, block: EventTable) -> list[str]:
        numbers = (self._numbers(block, name) for name in ("E", "pt", "eta", "phi"))
        return [
            self._value.join(parts) for parts in zip(self._text(block, "object", ";,"), *numbers, strict=True)
        ]

    def _text(self, block: EventTable, name: str, forbidden: str) -> list[str]:
        """The strings of a column; separators within them would break the line apart."""
        texts = decode_text(split_text(block.offsets[name], block.columns[name]), name)
        for text in set(texts):
            if any(sign in text for sign in forbidden + "\r\n") or text != text.strip():
                raise refusal("PhenoML", name, f"the text {text!r} has separators in it", "parquet or root")
        return texts

    def _numbers(self, block: EventTable, name: str) -> list[str]:
        column = block.columns[name]
        if column.dtype.kind != "f":
            return list(map(str, column.tolist()))
        return spell_floats(column, self._spellings[name])

    def close(self) -> None:
        try:
            if self._rows is not None:
                if self._final and self._rows.seen:
                    self._handle.write(self._line_end)
                self._rows.finish()
        finally:
            self._handle.close()

    def abort(self) -> None:
        self._handle.close()
