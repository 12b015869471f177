"""Copy a file through the event table, as pack and unpack do without the packing."""

from __future__ import annotations

from pathlib import Path

from hepack.io import Contents, ReadOptions, WriteOptions, get_format


def copy_file(source: Path, target: Path, name: str, max_bytes: int = 1 << 20) -> Contents:
    """Read ``source`` and write ``target`` in the same format; returns what the source holds."""
    fmt = get_format(name)
    with fmt.open(str(source), ReadOptions(allow_pickle=True)) as opened:
        contents = opened.contents
        with fmt.create(str(target), contents.attributes, WriteOptions()) as sink:
            for index, schema in enumerate(contents.schemas):
                sink.begin(schema, contents.n_events[index])
                for block in opened.blocks(index, max_bytes=max_bytes):
                    sink.write(block)
    return contents
