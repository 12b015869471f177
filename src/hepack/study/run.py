"""`study`: all sections, each by itself: one that cannot run is left out with the reason, the others go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hepack._errors import BadRequestError, HepackError
from hepack.bench.machine import machine_facts
from hepack.models.architecture import Architecture
from hepack.study.ablation import Choice, ablate
from hepack.study.combine import combine
from hepack.study.discrete import kinds_within
from hepack.study.effort import DEFAULT, QUICK, Effort, Say
from hepack.study.images import images
from hepack.study.recipes import Outcome, compare
from hepack.study.record import Section, Study
from hepack.study.samples import Samples
from hepack.study.series import series
from hepack.study.table import Table, extract, jets_27, objects_by_kind
from hepack.study.timing import measure
from hepack.study.transfer import transfer
from hepack.study.whole import whole_events
from hepack.study.wide import wide
from hepack.training.card import card_text
from hepack.training.epochs import pick_device
from hepack.training.trained import save, split

SECTIONS = (
    "recipes",
    "ablations",
    "times",
    "combinations",
    "processes",
    "objects",
    "events",
    "wide",
    "strain",
    "images",
)


NEED_TABLE = frozenset({"recipes", "ablations", "times", "combinations"})
NO_TABLE = Table("the files that were named", (), np.zeros((0, 0)))


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to study. ``file`` None: simulated jets. ``own`` is one more row of the ablations."""

    file: Path | None = None
    variables: tuple[str, ...] = ()
    allow_pickle: bool = False
    samples: Path | None = None
    events: Path | None = None
    series: tuple[Path, ...] = ()
    images: tuple[Path, ...] = ()
    sections: tuple[str, ...] = SECTIONS
    quick: bool = False
    models: Path | None = None
    own: tuple[Architecture, str, str] | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        for name in self.sections:
            if name not in SECTIONS:
                raise BadRequestError(f"there is no section '{name}'; choose from {', '.join(SECTIONS)}")

    @property
    def effort(self) -> Effort:
        return replace(QUICK if self.quick else DEFAULT, device=pick_device(self.device))


def study(request: Request, *, command: str = "", say: Say = lambda _text: None) -> Study:
    """Run every section that was asked for.

    Raises:
        BadRequestError, BadInputError: the file itself cannot be used.
    """
    return _Run(request, say).run(command)


class _Run:
    def __init__(self, request: Request, say: Say) -> None:
        self.request, self.say, self.effort = request, say, request.effort
        self.samples = Samples(request.samples, self.effort, say)
        self.found: list[Section] = []
        self.skipped: dict[str, str] = {}
        self.outcomes: list[Outcome] = []

    def run(self, command: str) -> Study:
        table = self._table() if any(name in NEED_TABLE for name in self.request.sections) else NO_TABLE
        first, second = split(len(table))
        if table is not NO_TABLE and len(first) < 64:
            raise BadRequestError(f"'{table.name}' has {len(table)} rows; a study needs at least 80")
        inside, outside = table.take(first), table.take(second)
        for name, part in self._parts(table, inside, outside).items():
            if name in self.request.sections:
                self._attempt(name, part)
        title = f"Does the network work? A study of {table.name}"
        machine = machine_facts(("torch", "pcodec", "pysz", "zfpy"))
        machine["threads"] = torch.get_num_threads()
        return Study(title, command, machine, tuple(self.found), self.skipped)

    def _table(self) -> Table:
        request, most = self.request, self.effort.rows
        if request.file is None:
            return extract(
                self.samples.path("ttbar"), [f"Jet_{n}" for n in ("pt", "eta", "phi", "mass")], most=most
            )
        return extract(request.file, request.variables, allow_pickle=request.allow_pickle, most=most)

    def _parts(
        self, table: Table, inside: Table, outside: Table
    ) -> dict[str, Callable[[], Sequence[Section]]]:
        effort, say, request = self.effort, self.say, self.request
        return {
            "recipes": lambda: [self._recipes(inside, outside)],
            "ablations": lambda: [ablate(inside, outside, effort, say, own=self._own())],
            "times": lambda: [measure(table, effort)],
            "combinations": lambda: [combine(outside, self._outcomes(inside, outside), effort, say)],
            "processes": lambda: [self._processes()],
            "objects": lambda: [self._objects()],
            "events": lambda: [whole_events(*self._events(), effort, say)],
            "wide": lambda: [wide(jets_27(self.samples.path("ttbar")), effort, say)],
            "strain": lambda: [series(path, effort, say) for path in self._named(request.series, "--series")],
            "images": lambda: [images(path, effort, say) for path in self._named(request.images, "--images")],
        }

    def _attempt(self, name: str, part: Callable[[], Sequence[Section]]) -> None:
        wall, processor = time.perf_counter(), time.process_time()
        try:
            made = part()
        except HepackError as error:
            self.skipped[name] = str(error)
            return
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        share = max(1, len(made))
        self.found += [replace(s, seconds=wall / share, cpu_seconds=processor / share) for s in made]

    def _recipes(self, inside: Table, outside: Table) -> Section:
        section, self.outcomes = compare(inside, outside, self.effort, self.say)
        if self.request.models is not None:
            for outcome in self.outcomes:
                _keep(outcome, self.request.models)
        return section

    def _outcomes(self, inside: Table, outside: Table) -> list[Outcome]:
        if not self.outcomes:
            self._recipes(inside, outside)
        return self.outcomes

    def _own(self) -> Choice | None:
        if self.request.own is None:
            return None
        architecture, way, loss = self.request.own
        return Choice("yours", f"{way}, {loss}", architecture, way, loss)

    def _processes(self) -> Section:
        names = [f"Jet_{n}" for n in ("pt", "eta", "phi", "mass")]
        found = {
            p: extract(self.samples.path(p), names, most=40_000) for p in ("qcd_high", "ttbar", "zprime_tt")
        }
        found["muons (Z)"] = extract(
            self.samples.path("zmumu"), [f"Muon_{n}" for n in ("pt", "eta", "phi", "mass")]
        )
        renamed = {k: replace(t, names=("pt", "eta", "phi", "mass")) for k, t in found.items()}
        return transfer(renamed, self.effort, self.say, name="processes", title="Other processes and objects")

    def _events(self) -> tuple[Table, Any]:
        by_kind, counts = objects_by_kind(self.request.events or self.samples.path("zjets"))
        return by_kind["all"], counts

    def _objects(self) -> Section:
        by_kind, _ = objects_by_kind(self.request.events or self.samples.path("zjets"))
        kept = {kind: table for kind, table in by_kind.items() if len(table) >= 20}
        title = "Kinds of objects, and all alike"
        section = transfer(kept, self.effort, self.say, name="objects", title=title)
        discrete = (kinds_within(kept, self.effort, self.say),) if len(kept) > 2 else ()
        return replace(section, sheets=(*section.sheets, *discrete))

    def _named(self, paths: tuple[Path, ...], option: str) -> tuple[Path, ...]:
        if not paths:
            raise BadRequestError(f"no file was named; pass {option} FILE")
        return paths


def _keep(outcome: Outcome, folder: Path) -> None:
    """Save the network of a recipe, if it has one, and its card beside it."""
    if outcome.trained is None:
        return
    path = folder / f"{outcome.recipe}-{outcome.seed}.safetensors"
    save(outcome.trained, path)
    merit = {
        q.name: {"response mean": q.response_mean, "response rms": q.response_rms} for q in outcome.quality
    }
    path.with_suffix(".md").write_text(card_text(outcome.trained.card, merit))
