"""Whole runs: the same events for a seed, whatever the number of jobs; no half files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from hepack._errors import BadRequestError
from hepack.io import open_source
from hepack.simulate import Request
from hepack.simulate.run import simulate, update_digest, write
from hepack.table import EventTable

pytestmark = pytest.mark.usefixtures("generators")


def digest_of(request: Request, *, jobs: int = 1) -> str:
    digest = hashlib.sha256()
    for table in simulate(request, jobs=jobs):
        update_digest(digest, table)
    return digest.hexdigest()


def test_digest_does_not_depend_on_jobs_but_on_the_seed() -> None:
    request = Request(process="zmumu", events=9, chunk=3, seed=4)
    alone = digest_of(request)
    assert digest_of(request, jobs=2) == alone
    assert digest_of(Request(process="zmumu", events=9, chunk=3, seed=5)) != alone


def test_progress_counts_every_event() -> None:
    made: list[int] = []
    tables = list(simulate(Request(process="zmumu", events=7, chunk=4), tick=made.append))
    assert sum(made) == 7
    assert [len(table) for table in tables] == [4, 3]
    assert np.concatenate([table.columns["event"] for table in tables]).tolist() == list(range(1, 8))


def test_schema_is_the_same_for_a_chunk_without_objects() -> None:
    full, quiet = (next(iter(simulate(Request(process=name, events=2)))) for name in ("ttbar", "qcd"))
    assert full.schema == quiet.schema


@pytest.mark.parametrize("layout", ["phenoml", "trigger", "jet-images", "event-images"])
def test_layouts_survive_a_file(layout: str, tmp_path: Path) -> None:
    request = Request(process="zjets", events=6, layout=layout)
    suffix, format_id = (".phenoml", "phenoml") if layout == "phenoml" else (".h5", "hdf5")
    summary = write(request, tmp_path / f"events{suffix}", format_id=format_id)
    with open_source(str(summary.path), format_id=format_id) as source:
        table = EventTable.concatenate(list(source.blocks(0, max_bytes=1 << 26)))
    expected = next(iter(simulate(request)))
    assert len(table) == 6
    for name, column in expected.columns.items():
        assert table.columns[name].tobytes() == column.tobytes(), name
    assert summary.rate > 0


def test_trigger_table_is_ordered_and_padded() -> None:
    table = next(iter(simulate(Request(process="ttbar", events=10, layout="trigger"))))
    particles = table.columns["Particles"]
    assert particles.shape == (10, 19, 3)
    for start, stop in ((1, 5), (5, 9), (9, 19)):
        pt = particles[:, start:stop, 0]
        assert (np.diff(pt, axis=1) <= 0).all()
        assert (particles[:, start:stop][pt == 0] == 0).all()


def test_event_images_hold_the_energy() -> None:
    table = next(iter(simulate(Request(process="ttbar", events=5, layout="event-images"))))
    images = table.columns["EventImages"]
    assert images.shape == (5, 3, 56, 72)
    assert (images.sum(axis=(2, 3)) > 20).all()


def test_pile_up_adds_particles_but_not_jets_in_step() -> None:
    clean, busy = (
        next(iter(simulate(Request(process="zmumu", events=6, pile_up=mean, truth=False))))
        for mean in (0.0, 20.0)
    )
    assert busy.columns["Pileup_nPU"].sum() > 60
    assert busy.counts("PFCand").sum() > 3 * clean.counts("PFCand").sum()
    assert busy.columns["Rho_fixedGridRhoAll"].mean() > clean.columns["Rho_fixedGridRhoAll"].mean() + 3


def test_constituents_add_up_to_jets() -> None:
    table = next(iter(simulate(Request(process="ttbar", events=5))))
    columns = table.columns
    event = np.repeat(np.arange(5), table.counts("PFCand"))
    inside = columns["PFCand_jetIdx"] >= 0
    jet = columns["PFCand_jetIdx"][inside] + table.offsets["Jet"][:-1][event[inside]]
    energy = columns["PFCand_pt"][inside] * np.cosh(columns["PFCand_eta"][inside].astype(float))
    total = np.bincount(jet, weights=energy, minlength=table.length("Jet"))
    raw_pt = columns["Jet_pt"].astype(float) * (1 - columns["Jet_rawFactor"])
    raw = np.hypot(raw_pt * np.cosh(columns["Jet_eta"]), columns["Jet_mass"])
    assert np.median(total / raw) == pytest.approx(1.0, abs=0.02)


def test_a_stop_leaves_no_file(tmp_path: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    target = tmp_path / "events.phenoml"
    with pytest.raises(KeyboardInterrupt):
        write(
            Request(process="zmumu", events=5, layout="phenoml"), target, format_id="phenoml", tick=interrupt
        )
    assert list(tmp_path.iterdir()) == []


def test_a_stop_in_parallel_leaves_no_file(tmp_path: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    request = Request(process="zmumu", events=400, chunk=100, layout="phenoml")
    with pytest.raises(KeyboardInterrupt):
        write(request, tmp_path / "events.phenoml", format_id="phenoml", tick=interrupt, jobs=2)
    assert list(tmp_path.iterdir()) == []


def test_existing_files_and_odd_jobs_are_refused(tmp_path: Path) -> None:
    target = tmp_path / "events.phenoml"
    target.write_text("mine")
    request = Request(process="zmumu", events=2, layout="phenoml")
    with pytest.raises(BadRequestError, match="exists"):
        write(request, target, format_id="phenoml")
    assert target.read_text() == "mine"
    with pytest.raises(BadRequestError, match="jobs"):
        list(simulate(request, jobs=0))
