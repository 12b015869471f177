"""The packed file's bytes: sections with checked lengths and digests; knows no physics."""

from hepack.container.limits import MAX_BLOCK_BYTES, MAX_VALUES, check
from hepack.container.metadata import pack_json, unpack_json
from hepack.container.reader import ArchiveReader, SectionRef
from hepack.container.section import MAGIC, VERSION, SectionHead, SectionKind
from hepack.container.writer import ArchiveWriter

__all__ = [
    "MAGIC",
    "MAX_BLOCK_BYTES",
    "MAX_VALUES",
    "VERSION",
    "ArchiveReader",
    "ArchiveWriter",
    "SectionHead",
    "SectionKind",
    "SectionRef",
    "check",
    "pack_json",
    "unpack_json",
]
