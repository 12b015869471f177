"""``hepack study``: the published autoencoder studies on the user's file or on simulated jets."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hepack.study.record import Study

FILE = click.Path(path_type=Path, dir_okay=False)
UNTOLD = frozenset({"file", "output", "plots", "models", "overwrite", "quiet"})
"""Parameters that do not change what is found, beside the file, which comes first."""


@click.command(name="study")
@click.argument("file", required=False, type=FILE)
@click.option(
    "-o",
    "--output",
    type=FILE,
    default=Path("study.html"),
    show_default=True,
    help="Report to write; figures go beside it as JSON.",
)
@click.option(
    "-v",
    "--variables",
    default="",
    help="Comma-separated variables of one collection (default: pt, eta, phi and mass).",
)
@click.option("--quick", is_flag=True, help="A look in under 3 minutes; figures are rough.")
@click.option(
    "--only",
    default="",
    help="Comma-separated sections: recipes, ablations, times, combinations, processes, objects, events, wide, "
    "strain, images.",
)
@click.option("--layers", default="", help="One more ablation: a network such as 200-100-3-100-200.")
@click.option(
    "--activation",
    default="tanh",
    show_default=True,
    help="Its activation: tanh, relu, leaky-relu, elu, gelu.",
)
@click.option("--batch-norm", is_flag=True, help="Its batch normalisation.")
@click.option("--skip", is_flag=True, help="Its linear path beside the hidden layers.")
@click.option(
    "--normalisation",
    default="custom",
    show_default=True,
    help="Its inputs: none, standard, min-max, custom, response.",
)
@click.option("--loss", default="mse", show_default=True, help="Its loss: mse, l1, response.")
@click.option("--events", type=FILE, help="PhenoML file for objects and whole events (default: simulated).")
@click.option("--series", type=FILE, multiple=True, help="File with a time series, such as strain in HDF5.")
@click.option("--images", type=FILE, multiple=True, help="File with images or grids.")
@click.option(
    "--samples",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of ready simulated files (ttbar.root ...).",
)
@click.option(
    "--plots",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write the plots as PNG into this folder.",
)
@click.option(
    "--models",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the trained networks in this folder.",
)
@click.option("--threads", default=2, show_default=True, help="Threads for training.")
@click.option(
    "--device", default="cpu", show_default=True, help="cpu, cuda, or auto: a GPU where there is one."
)
@click.option("--allow-pickle", is_flag=True, help="Read a pickle's values; nothing in it is run.")
@click.option("--overwrite", is_flag=True, help="Replace the report if it exists.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def command(
    file: Path | None,
    output: Path,
    variables: str,
    quick: bool,
    only: str,
    layers: str,
    activation: str,
    batch_norm: bool,
    skip: bool,
    normalisation: str,
    loss: str,
    events: Path | None,
    series: tuple[Path, ...],
    images: tuple[Path, ...],
    samples: Path | None,
    plots: Path | None,
    models: Path | None,
    threads: int,
    device: str,
    allow_pickle: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Study whether an autoencoder works for compression, on FILE or on simulated jets.

    Trains the published networks and better ones, changes one choice at a time, compares with other compressors at
    equal bytes and equal error, and writes one HTML report with every figure as JSON beside it.
    """
    from hepack._errors import BadRequestError
    from hepack._optional import require

    if output.exists() and not overwrite:
        raise BadRequestError(f"'{output}' exists already; choose another name or pass --overwrite")
    require("torch", extra="train", purpose="hepack study").set_num_threads(max(1, threads))
    require("matplotlib", extra="plot", purpose="the plots of a study")
    from hepack.models.architecture import parse_layers
    from hepack.study.page import write
    from hepack.study.run import SECTIONS, Request, study

    names = _words(variables)
    own = None
    if layers:
        options = {"activation": activation, "batch_norm": batch_norm, "skip": skip}
        own = (parse_layers(layers, len(names) or 4, **options), normalisation, loss)
    request = Request(
        file=file, variables=names, allow_pickle=allow_pickle, samples=samples, events=events, series=series,
        images=images, sections=_words(only) or SECTIONS, quick=quick, models=models, own=own, device=device,
    )  # fmt: skip
    if models is not None:
        models.mkdir(parents=True, exist_ok=True)
    result = study(request, command=_command_line(), say=(lambda _: None) if quiet else _say)
    write(result, output, plots=plots)
    _show(result, output)


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _say(text: str) -> None:
    click.echo(text, err=True)


def _command_line() -> str:
    """What was asked, with base names only; without the places to write to."""
    context = click.get_current_context()
    file = context.params["file"]
    words = ["hepack", "study", *([file.name] if file else [])]
    for option in context.command.params:
        value = context.params[option.name or ""]
        if option.name in UNTOLD or value == option.get_default(context) or not value:
            continue
        for one in value if isinstance(value, tuple) else (value,):
            words.append(option.opts[-1])
            words += [] if one is True else [one.name if isinstance(one, Path) else str(one)]
    return shlex.join(words)


def _show(result: Study, output: Path) -> None:
    for section in result.sections:
        click.echo(f"{section.title}: {section.seconds:.0f} s")
        if section.name == "recipes":
            for line in section.text[2:4]:
                click.echo(f"  {line}")
    for name, reason in result.skipped.items():
        click.echo(f"left out: {name} ({reason})")
    click.echo(f"{output} and {output.with_suffix('.json').name} written")
