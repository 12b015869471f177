"""Packed files that are sound by every checksum and lie in their content."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hepack.container import ArchiveReader, ArchiveWriter, SectionKind, pack_json, unpack_json
from hepack.container.section import VERSION

Edit = Callable[[Any], Any]


def forge(path: Path, *, plan: Edit | None = None, block: Edit | None = None, body: Edit | None = None,
          label: Edit | None = None, model: Edit | None = None, parts: Edit | None = None,
          repeat: int = 1) -> bytes:  # fmt: skip
    """The bytes of a packed file with its plan, block headers, bodies or labels changed, digests made anew.

    An edit takes the value and changes it in place, or returns another. ``model`` edits the headers of
    models, ``parts`` their bodies (whose checksum is made anew).
    """
    out = io.BytesIO()
    writer = ArchiveWriter(out, VERSION)
    with path.open("rb") as handle:
        reader = ArchiveReader(handle, str(path))
        summary, refs = reader.index()
        for ref in refs:
            head, header = reader.header(ref)
            data = reader.body(ref, head, 0, head.body_length)
            value = unpack_json(header, "a header")
            mark = ref.label
            if ref.kind == SectionKind.PLAN:
                value = edited(value, plan)
            elif ref.kind == SectionKind.MODEL:
                value, data = edited(value, model), edited(data, parts)
                value["c"] = zlib.crc32(data)
            else:
                value, data, mark = edited(value, block), edited(data, body), edited(mark, label)
            for _ in range(repeat if ref.kind == SectionKind.BLOCK else 1):
                writer.add(SectionKind(ref.kind), pack_json(value), [data], mark)
    writer.finish(summary)
    return out.getvalue()


def edited(value: Any, edit: Edit | None) -> Any:
    if edit is None:
        return value
    changed = edit(value)
    return value if changed is None else changed
