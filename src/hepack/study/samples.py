"""Simulated events for the parts of a study that need them: files of a folder, or made and kept in the cache."""

from __future__ import annotations

from pathlib import Path

from hepack._errors import BadRequestError
from hepack.io import WriteOptions
from hepack.simulate.cache import cached
from hepack.simulate.request import Request
from hepack.simulate.run import write
from hepack.study.effort import Effort, Say

SUFFIXES = {"zjets": ".phenoml"}
SHARE = {"ttbar": 1.0, "qcd_high": 0.6, "zprime_tt": 0.6, "zmumu": 1.0, "zjets": 1.0}
"""Events of each process, as a share of the effort's number."""


class Samples:
    """Paths of simulated files by process; ``folder`` holds ready ones (``ttbar.root`` ...)."""

    def __init__(self, folder: Path | None, effort: Effort, say: Say) -> None:
        self.folder, self.effort, self.say = folder, effort, say

    def path(self, process: str) -> Path:
        """The file of a process.

        Raises:
            BadRequestError: the folder has no such file.
            MissingExtraError: the simulation is not installed.
        """
        suffix = SUFFIXES.get(process, ".root")
        if self.folder is not None:
            found = self.folder / f"{process}{suffix}"
            if not found.exists():
                raise BadRequestError(
                    f"the folder '{self.folder}' has no {found.name}; leave out --samples to simulate it"
                )
            return found
        events = max(50, int(self.effort.wide_events * SHARE.get(process, 1.0)))
        layout = "phenoml" if suffix == ".phenoml" else "nanoaod"
        request = Request(
            process=process, events=events, seed=1, layout=layout, constituents=False, truth=False
        )

        def make(path: Path) -> object:
            self.say(f"simulating {events} events of {process}")
            format_id = "phenoml" if layout == "phenoml" else None
            return write(request, path, jobs=1, format_id=format_id, options=WriteOptions(), overwrite=False)

        return cached(request, make).path
