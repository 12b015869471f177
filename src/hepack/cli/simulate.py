"""``hepack simulate``: make LHC events with one command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hepack.simulate.request import Request
    from hepack.simulate.run import Summary


@click.command(name="simulate")
@click.argument("process", required=False)
@click.option("-n", "--events", default=1000, show_default=True, help="Number of events.")
@click.option("--seed", default=1, show_default=True, help="Same seed, same events, whatever --jobs.")
@click.option("-j", "--jobs", default=1, show_default=True, help="Processes that share the work.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write (default: PROCESS.root)."
)
@click.option(
    "--layout",
    default=None,
    help="nanoaod, phenoml, trigger, jet-images or event-images (default: phenoml for "
    "a .phenoml file, else nanoaod).",
)
@click.option("--format", "format_id", help="File format, if not the one of the output's suffix.")
@click.option("--compression", help="Compression inside the file, such as zstd (ROOT) or gzip (HDF5).")
@click.option("--container", help="ttree or rntuple, for ROOT.")
@click.option("--precision", default="full", show_default=True, help="full, or nano (11 mantissa bits).")
@click.option("--pile-up", default=0.0, show_default=True, help="Mean number of extra collisions.")
@click.option("--energy", default=13600.0, show_default=True, help="Centre-of-mass energy in GeV.")
@click.option("--constituents/--no-constituents", default=True, help="Write PFCand_* (12 kB per event).")
@click.option("--truth/--no-truth", default=True, help="Write GenPart_*, GenJet_* and GenMET_*.")
@click.option("--cached", is_flag=True, help="Keep the file in the cache folder and print its path.")
@click.option("--overwrite", is_flag=True, help="Replace the output if it exists.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@click.option("--list", "list_only", is_flag=True, help="List the processes and exit.")
def command(
    process: str | None,
    events: int,
    seed: int,
    jobs: int,
    output: Path | None,
    layout: str | None,
    format_id: str | None,
    compression: str | None,
    container: str | None,
    precision: str,
    pile_up: float,
    energy: float,
    constituents: bool,
    truth: bool,
    cached: bool,
    overwrite: bool,
    quiet: bool,
    list_only: bool,
) -> None:
    """Simulate LHC events of PROCESS: Pythia 8, a parametrised detector, FastJet.

    A fast simulation for tests and demonstrations, no substitute for Delphes or Geant4.
    """
    from hepack._errors import BadRequestError
    from hepack.io import WriteOptions
    from hepack.simulate import Request

    if list_only:
        _print_processes()
        return
    if process is None:
        raise BadRequestError("name a process to simulate, such as ttbar; --list shows them all")
    request = Request(
        process=process,
        events=events,
        seed=seed,
        layout=layout or _layout_of(output),
        energy=energy,
        pile_up=pile_up,
        constituents=constituents,
        truth=truth,
        precision=precision,
    )
    options = WriteOptions(compression=compression, container=container)
    if cached:
        if output is not None or format_id is not None:
            raise BadRequestError("--cached chooses the file itself; leave out --output and --format")
        _run_cached(request, jobs, options, quiet)
        return
    path = output or Path(f"{process}{_suffix_of(request)}")
    summary = _run(request, path, jobs, format_id, options, overwrite, quiet)
    click.echo(f"{summary.path}: {summary.events} events, {summary.path.stat().st_size} bytes")
    click.echo(f"content digest sha256:{summary.digest}")


def _layout_of(output: Path | None) -> str:
    return "phenoml" if output is not None and output.suffix == ".phenoml" else "nanoaod"


def _suffix_of(request: Request) -> str:
    from hepack.simulate.cache import SUFFIXES

    return SUFFIXES.get(request.layout, ".h5")


def _run_cached(request: Request, jobs: int, options: object, quiet: bool) -> None:
    from hepack.simulate.cache import cached

    entry = cached(request, lambda path: _run(request, path, jobs, None, options, False, quiet))
    if not quiet:
        state = "made" if entry.fresh else "found in the cache"
        click.echo(f"{state}, sha256:{entry.sha256}", err=True)
    click.echo(str(entry.path))


def _run(
    request: Request,
    path: Path,
    jobs: int,
    format_id: str | None,
    options: object,
    overwrite: bool,
    quiet: bool,
) -> Summary:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from hepack.io import WriteOptions
    from hepack.simulate.run import write

    assert isinstance(options, WriteOptions)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f} events/s"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=quiet or not sys.stderr.isatty()) as progress:
        task = progress.add_task(f"simulating {request.process}", total=request.events, rate=0.0)

        def tick(made: int) -> None:
            progress.advance(task, made)
            progress.update(task, rate=progress.tasks[0].speed or 0.0)

        summary = write(
            request,
            path,
            jobs=jobs,
            format_id=format_id or ("phenoml" if request.layout == "phenoml" else None),
            options=options,
            overwrite=overwrite,
            tick=tick,
        )
    if not quiet:
        click.echo(f"{summary.seconds:.1f} s, {summary.rate:.0f} events/s", err=True)
    return summary


def _print_processes() -> None:
    from rich.console import Console
    from rich.table import Table

    from hepack.simulate.process import registry

    table = Table("process", "kind", "what", "sigma (pb)")
    for process in registry().values():
        table.add_row(process.id, process.role, process.title, f"{process.cross_section:.2g}")
    Console().print(table)
