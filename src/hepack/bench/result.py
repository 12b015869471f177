"""What a benchmark found, as plain records with a JSON form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Score:
    """One peer on one column. ``broken`` is empty, or says how the peer failed; then nothing counts."""

    setting: str
    bytes: int
    compress_seconds: float = 0.0
    decompress_seconds: float = 0.0
    patched: int = 0
    broken: str = ""

    def faster(self, other: Score) -> Score:
        """The same with the smaller time of two runs."""
        return replace(
            self,
            compress_seconds=min(self.compress_seconds, other.compress_seconds),
            decompress_seconds=min(self.decompress_seconds, other.decompress_seconds),
        )


@dataclass(frozen=True, kw_only=True)
class Item:
    """One column under every peer. ``exact``: lossless, on the original dtype; ``bounded``: at the tolerance
    (empty where the tolerance is lossless). ``hepack_bytes``: its share of the packed file."""

    table: str
    name: str
    role: str
    dtype: str
    tolerance: str
    raw_bytes: int
    hepack_bytes: float
    exact: Mapping[str, Score] = field(default_factory=dict)
    bounded: Mapping[str, Score] = field(default_factory=dict)

    def bytes_of(self, peer: str) -> int | None:
        """The smallest valid size of one peer within the tolerance; None if it has none."""
        found = [family[peer] for family in (self.exact, self.bounded) if peer in family]
        return min((score.bytes for score in found if not score.broken), default=None)

    @property
    def best(self) -> tuple[str, Score] | None:
        """The peer with the smallest valid size within the tolerance."""
        valid = [
            (peer, score)
            for family in (self.exact, self.bounded)
            for peer, score in family.items()
            if not score.broken
        ]
        return min(valid, key=lambda pair: pair[1].bytes, default=None)

    @property
    def best_bytes(self) -> int:
        """What the best peer needs; the raw size if none can do it."""
        best = self.best
        return self.raw_bytes if best is None else min(best[1].bytes, self.raw_bytes)


@dataclass(frozen=True, kw_only=True)
class Total:
    """One peer over the whole file, in one family (``exact`` or ``bounded``).

    ``bytes`` covers all columns; for the ``filled`` ones that the peer cannot do (or breaks) the best other
    peer stands in, ``filled_bytes`` of it. Speeds are in MB/s (1e6 bytes of raw columns) over its own columns.
    """

    peer: str
    family: str
    bytes: int
    own: int
    filled: int
    filled_bytes: int
    broken: int
    patched: int
    compress_mb_s: float
    decompress_mb_s: float


@dataclass(frozen=True, kw_only=True)
class Own:
    """hepack itself. ``bytes`` is the file on disk, names, index and digests included.

    ``pack_mb_s`` and ``unpack_mb_s`` are from and to columns in memory, checks included, in MB/s (1e6 bytes
    of raw columns) on ``threads`` threads; ``seconds`` is the whole command, reading the input included.
    """

    effort: str
    bytes: int
    body_bytes: float
    pack_mb_s: float
    unpack_mb_s: float
    seconds: float
    threads: int


@dataclass(frozen=True, kw_only=True)
class WholeFile:
    """A file format's own compression over the whole file; ``note`` says why it is missing or broken."""

    peer: str
    bytes: int = 0
    write_mb_s: float = 0.0
    read_mb_s: float = 0.0
    lossless: bool = True
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class BenchResult:
    """A whole benchmark of one file. ``fair_bytes``: columns in memory after narrowing float64 that is float32."""

    file: str
    format: str
    file_bytes: int
    n_events: tuple[int, ...]
    raw_bytes: int
    fair_bytes: int
    command: str
    repeat: int
    items: tuple[Item, ...]
    own: tuple[Own, ...]
    whole_files: tuple[WholeFile, ...]
    narrowed: tuple[str, ...]
    skipped_peers: Mapping[str, str]
    skipped_columns: Mapping[str, str]
    machine: Mapping[str, Any]

    @property
    def is_bounded(self) -> bool:
        return any(item.bounded for item in self.items)

    @property
    def best_plain_bytes(self) -> int:
        """The sum over the columns of the smallest valid peer."""
        return sum(item.best_bytes for item in self.items)

    @property
    def ratio_to_best(self) -> float:
        """The headline: bytes of the packed file on disk over the best plain peer per variable."""
        return self.own[0].bytes / max(1, self.best_plain_bytes)

    def totals(self) -> tuple[Total, ...]:
        """Every peer over the whole file, smallest first, family by family."""
        peers = sorted({peer for item in self.items for peer in (*item.exact, *item.bounded)})
        found = [_total(self.items, peer, "exact") for peer in peers]
        if self.is_bounded:
            found += [_total(self.items, peer, "bounded") for peer in peers]
        return tuple(
            sorted((t for t in found if t.own or t.broken), key=lambda t: (t.family == "bounded", t.bytes))
        )

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values. Scores are short lists: setting, bytes, compress and decompress seconds, patched,
        broken (the last ones left out when zero)."""
        value = asdict(replace(self, items=()))
        value["items"] = [_item_to_json(item) for item in self.items]
        value["summary"] = {
            "best_plain_bytes": self.best_plain_bytes,
            "ratio_to_best": round(self.ratio_to_best, 5),
            "totals": [asdict(total) for total in self.totals()],
        }
        return value

    def to_text(self) -> str:
        """`to_json` as text, an item a line, so that committed results can be compared line by line."""
        value = self.to_json()
        items = value.pop("items")
        rows = ",\n".join("  " + json.dumps(item, separators=(",", ":")) for item in items)
        return f'{json.dumps(value, indent=1)[:-2]},\n "items": [\n{rows}\n ]\n}}\n'

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Undo `to_json`."""
        fields = {key: item for key, item in value.items() if key != "summary"}
        fields["items"] = tuple(_item_from_json(item) for item in value["items"])
        fields["own"] = tuple(Own(**item) for item in value["own"])
        fields["whole_files"] = tuple(WholeFile(**item) for item in value["whole_files"])
        fields["narrowed"] = tuple(value["narrowed"])
        fields["n_events"] = tuple(value["n_events"])
        return cls(**fields)


def _total(items: Iterable[Item], peer: str, family: str) -> Total:
    size = own = filled = filled_bytes = broken = patched = raw = 0
    down = up = 0.0
    for item in items:
        score = _score(item, peer, family)
        if score is None or score.broken:
            broken += score is not None
            filled += 1
            rest = _fill(item, family)
            filled_bytes += rest
            size += rest
            continue
        own += 1
        size += score.bytes
        raw += item.raw_bytes
        patched += score.patched
        down += score.compress_seconds
        up += score.decompress_seconds
    return Total(
        peer=peer, family=family, bytes=size, own=own, filled=filled, filled_bytes=filled_bytes, broken=broken,
        patched=patched, compress_mb_s=raw / max(down, 1e-9) / 1e6, decompress_mb_s=raw / max(up, 1e-9) / 1e6,
    )  # fmt: skip


def _score(item: Item, peer: str, family: str) -> Score | None:
    """The peer's score: exact, or at the tolerance the smaller of the two families."""
    exact, bounded = item.exact.get(peer), item.bounded.get(peer)
    if family == "exact" or bounded is None:
        return exact
    if exact is None or exact.broken or (not bounded.broken and bounded.bytes <= exact.bytes):
        return bounded
    return exact


def _fill(item: Item, family: str) -> int:
    if family == "bounded":
        return item.best_bytes
    return min((s.bytes for s in item.exact.values() if not s.broken), default=item.raw_bytes)


def _item_to_json(item: Item) -> dict[str, Any]:
    value = {key: getattr(item, key) for key in ("table", "name", "role", "dtype", "tolerance", "raw_bytes")}
    value["hepack_bytes"] = round(item.hepack_bytes, 1)
    for family in ("exact", "bounded"):
        scores: Mapping[str, Score] = getattr(item, family)
        value[family] = {peer: _score_to_json(score) for peer, score in scores.items()}
    return value


def _score_to_json(score: Score) -> list[Any]:
    times = score.compress_seconds, score.decompress_seconds
    row: list[Any] = [score.setting, score.bytes, *times, score.patched, score.broken]
    while not row[-1] and len(row) > 2:
        row.pop()
    return row


def _item_from_json(value: Mapping[str, Any]) -> Item:
    fields = dict(value)
    names = ("setting", "bytes", "compress_seconds", "decompress_seconds", "patched", "broken")
    for family in ("exact", "bounded"):
        fields[family] = {
            peer: Score(**dict(zip(names, row, strict=False))) for peer, row in value[family].items()
        }
    return Item(**fields)
