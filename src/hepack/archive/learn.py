"""`Learned`: what the first block of a table teaches, and the sections that its decoder needs."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace

from hepack.archive.models import ModelFile, model_size, write_model, write_reference
from hepack.codec.block import EncodedBlock, encode_block
from hepack.codec.choose import Chooser
from hepack.codec.recipe import Recipe
from hepack.container import ArchiveWriter
from hepack.fitting import FitOptions, Fitted, fit_table
from hepack.learned import TableModel
from hepack.table import EventTable

SMALL_TABLE = 8 << 20
"""Up to so many bytes, a table is packed with its model and without, and the smaller is kept."""


@dataclass(frozen=True)
class Learned:
    """What a table's model is, where the items that were given lie (digest of the model, name of its file),
    the chooser that knows the table's columns, and the first block if it is encoded already."""

    fitted: Fitted
    chooser: Chooser
    digest: str = ""
    name: str = ""
    first: EncodedBlock | None = None

    @property
    def model(self) -> TableModel | None:
        """What blocks are encoded with."""
        return self.fitted.model if self.fitted.model.items else None

    def write(self, writer: ArchiveWriter, number: int) -> None:
        """Write the sections that a table's decoder needs."""
        if self.fitted.given.items and self.digest:
            keys = [item.key for item in self.fitted.given.items]
            write_reference(writer, number, self.digest, self.name, keys)
        if self.fitted.own.items:
            write_model(writer, number, self.fitted.own)

    def encoded(self, start: EventTable, pool: Executor) -> Learned:
        """This, with the first block encoded."""
        if self.first is not None:
            return self
        return replace(self, first=encode_block(start, self.chooser, pool, self.model))

    def nbytes(self, blocks: float) -> float:
        """About the bytes of a table of so many blocks like the first, which must be encoded."""
        assert self.first is not None
        own = model_size(self.fitted.own) if self.fitted.own.items else 0
        return own + blocks * self.first.nbytes

    def _or_nothing(self, table: EventTable, pool: Executor) -> Learned:
        """This, or no model (but for networks) if the only block of a small table is smaller without one."""
        fixed = TableModel(table.schema, ()) if self.digest else self.fitted.given
        if len(self.fitted.model.items) == len(fixed.items):
            return self
        learned = self.encoded(table, pool)
        plain = Learned(Fitted(fixed, TableModel(table.schema, ())), self.chooser).encoded(table, pool)
        return learned if learned.nbytes(1) < plain.nbytes(1) else plain


def learn(
    start: EventTable | None, events: int, recipe: Recipe, pool: Executor, *, fixed: TableModel
) -> Learned:
    """What the first block of a table of ``events`` events teaches (None: it has no blocks).

    The ``fixed`` items are used whatever they cost.
    """
    chooser = Chooser(effort=recipe.effort)
    if start is None or recipe.effort == "fast":
        return Learned(Fitted(fixed, TableModel(fixed.schema, ())), chooser)
    digest, given = "", None
    if recipe.model is not None:
        with ModelFile(recipe.model) as file:
            digest, given = file.find(start.schema.name) or ("", None)
    options = FitOptions(seconds=recipe.fit_seconds if recipe.effort == "best" else 0.0)
    fitted = fit_table(
        start, events=events, chooser=chooser, executor=pool, options=options, given=given, fixed=fixed
    )
    learned = Learned(fitted, chooser, digest, recipe.model.name if recipe.model else "")
    if len(start) == events and start.nbytes <= SMALL_TABLE:
        return learned._or_nothing(start, pool)
    return learned
