"""hepack trigger: simulate streams, train a tiny net, export it to hardware, study what it finds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hepack.cli.options import json_option, overwrite_option

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hepack.triggering.study import StudyResult

NAMED = "NAME=FILE"


@click.group(name="trigger")
def command() -> None:
    """Anomaly triggers: tiny integer nets for hardware."""


@command.command()
@click.argument("stream")
@click.option("-n", "--events", default=1000, show_default=True, help="Number of events.")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="HDF5 file to write.")
@click.option("--seed", default=1, show_default=True, help="Same seed and options, same events.")
@click.option(
    "--pile-up",
    default="0",
    show_default=True,
    help="Mean number of extra collisions, or a range such as 0-40: one mean for each event.",
)
@click.option("--filter/--no-filter", "filtered", default=None, help="Ask for a lepton above 23 GeV "
              "(default: of the background only).")  # fmt: skip
@overwrite_option
def simulate(
    stream: str, events: int, output: Path, seed: int, pile_up: str, filtered: bool | None, overwrite: bool
) -> None:
    """Make a STREAM: background (the mix), w, qcd, z, ttbar, a_4l, leptoquark, h0_tautau, hplus_taunu."""
    from hepack.simulate.pileup import PileUp
    from hepack.triggering.files import write_stream

    wanted = PileUp.parse(pile_up)

    def tick(name: str, done: int) -> None:
        if sys.stderr.isatty():
            click.echo(f"\r{name}: {done}   ", nl=False, err=True)

    write_stream(
        stream, events, output, seed=seed, pile_up=wanted, filtered=filtered, overwrite=overwrite, tick=tick
    )
    click.echo(f"{output}: {events} events of {stream}")


@command.command()
@click.argument("background", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Model file (JSON).")
@click.option("--shape", default="axol1tl", show_default=True,
              help="ae (32-16-3), vae (28-15-8), axol1tl (29-10-9-6-4), or widths such as 24-8-4.")  # fmt: skip
@click.option("--inputs", default=57, show_default=True, help="57, or 42 (five jets in place of ten).")
@click.option("--score", type=click.Choice(["mu2", "distance"]), default="mu2", show_default=True,
              help="Sum of mu^2 by the encoder alone, or the distance of input and output.")  # fmt: skip
@click.option("--weight-bits", default=6, show_default=True, help="Bits of a weight, sign included.")
@click.option("--output-bits", default=8, show_default=True, help="Bits of a layer's outputs.")
@click.option("--sparsity", default=0.3, show_default=True, help="Share of weights that is pruned away.")
@click.option("--epochs", default=80, show_default=True, help="In floats; half as many more in fixed point.")
@click.option("--seed", default=1, show_default=True, help="Same seed and options, same net.")
@click.option("--search", "find_widths", is_flag=True, help="Search the widths of each layer.")
@click.option(
    "--signal", multiple=True, metavar=NAMED, help="Measure on it (and steer --search); never trains."
)
@click.option("--rate", default=1e-3, show_default=True, help="Share of background that may pass.")
@click.option("--input-rate", type=float, help="Hz of the stream, for the prescale.")
@click.option("--output-rate", type=float, help="Hz that may be kept.")
@overwrite_option
@json_option
def train(background: Path, output: Path, signal: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Train a net on BACKGROUND (an HDF5 stream) and write it as integers, with threshold and prescale."""
    from hepack._optional import require
    from hepack.cli.screen import print_json

    require("torch", extra="train", purpose="training a trigger net")
    from hepack.models.trigger_net import Bits
    from hepack.training.trigger_fit import FitRecipe
    from hepack.triggering.build import RateRequest, build_trigger
    from hepack.triggering.inputs import read_stream
    from hepack.triggering.model import save

    recipe = FitRecipe(
        shape=options["shape"],
        variational=options["score"] == "mu2",
        bits=Bits(options["weight_bits"], options["output_bits"]),
        sparsity=options["sparsity"],
        epochs=options["epochs"],
        quantised_epochs=max(1, options["epochs"] // 2),
        seed=options["seed"],
    )
    wanted = RateRequest(
        rate=options["rate"], input_hz=options["input_rate"], output_hz=options["output_rate"]
    )
    built = build_trigger(
        read_stream(str(background)), recipe, wanted, inputs=options["inputs"], signals=_streams(signal),
        find_widths=options["find_widths"], report=_progress,
    )  # fmt: skip
    save(built.trigger, output, overwrite=options["overwrite"])
    if as_json:
        print_json(built.trigger.about | {"file": str(output)})
        return
    net = built.trigger.net
    click.echo(f"{output}: {net.parameters} parameters, threshold {net.threshold}, prescale {net.prescale}")
    for name, found in built.trigger.about["signals"].items():
        click.echo(
            f"  {name}: AUC {found['auc']:.4f} +- {found['error']:.4f} (floats {found['auc_float']:.4f})"
        )


@command.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("stream", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--name", default="hepack_trigger", show_default=True, help="Name of the module.")
@click.option("--events", default=10000, show_default=True, help="Events of STREAM for the proof.")
@click.option("--levels", default=3, show_default=True, help="Levels of logic between registers.")
@click.option("--simulate/--no-simulate", default=True, help="Compile and run the C++ and the Verilog.")
@json_option
def export(
    model: Path,
    stream: Path,
    output: Path,
    name: str,
    events: int,
    levels: int,
    simulate: bool,
    as_json: bool,
) -> None:
    """Write MODEL as Verilog and HLS C++ with test benches, and prove on STREAM that all forms agree."""
    from dataclasses import asdict

    from hepack.cli.screen import print_json
    from hepack.firmware.export import export as run_export
    from hepack.triggering.inputs import digitise, read_stream
    from hepack.triggering.model import load

    trigger = load(model)
    counts = digitise(read_stream(str(stream))[:events], trigger.net.inputs, trigger.units)
    done = run_export(
        trigger.net, trigger.points, counts, output, name=name, levels=levels, simulate=simulate,
        report=lambda text: None if as_json else click.echo(text, err=True),
    )  # fmt: skip
    if as_json:
        print_json({"cost": asdict(done.cost), "proof": asdict(done.proof), "folder": str(output)})
        return
    cost, proof = done.cost, done.proof
    click.echo(f"{output}: {cost.lut} LUT, {cost.ff} FF, {cost.dsp} DSP, {cost.latency} cycles "
               f"({cost.nanoseconds:.0f} ns at {cost.clock_mhz:g} MHz), estimated")  # fmt: skip
    same = [
        "float emulation",
        "integer program",
        *(["C++"] if proof.hls else []),
        *(["Verilog"] if proof.rtl else []),
    ]
    click.echo(f"equal bit for bit on {proof.events} events: {', '.join(same)}")
    for what, why in proof.skipped.items():
        click.echo(f"not compared: {what} ({why})")


@command.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("background", type=click.Path(path_type=Path))
@click.option("--signal", multiple=True, metavar=NAMED, help="A signal stream; repeatable.")
@click.option(
    "--pile-up", "pile_up", multiple=True, metavar=NAMED, help="Background of another pile-up; repeatable."
)
@click.option("--rate", default=1e-5, show_default=True, help="Share of background each trigger may accept.")
@click.option("--precision", default=0.3, show_default=True, help="Relative uncertainty of a quoted rate.")
@click.option("--plot", type=click.Path(path_type=Path), help="Draw the efficiencies (PNG or PDF).")
@json_option
def study(
    model: Path, background: Path, signal: tuple[str, ...], pile_up: tuple[str, ...], rate: float,
    precision: float, plot: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Compare MODEL with cuts on leptons, HT and missing momentum at the same rate on BACKGROUND.

    Where BACKGROUND was made with a range of pile-up, the rate is shown in slices of it.
    """
    from hepack.cli.screen import print_json
    from hepack.triggering.inputs import read_mean_pile_up, read_stream
    from hepack.triggering.model import load
    from hepack.triggering.study import study as run_study

    result = run_study(
        load(model), read_stream(str(background)), _streams(signal), rate=rate, pile_up=_streams(pile_up),
        mean_pile_up=read_mean_pile_up(str(background)), precision=precision,
    )  # fmt: skip
    if plot is not None:
        from hepack.triggering.picture import draw

        draw(result, plot)
    if as_json:
        print_json(result.as_json())
        return
    _show(result)


def _show(result: StudyResult) -> None:
    from rich.table import Table

    from hepack.cli.screen import console

    out = console()
    out.print(f"rate {result.rate:g} on {result.events} events, thresholds from {result.calibration} others "
              f"({result.needed} needed in all)")  # fmt: skip
    table = Table("trigger", "rate", *result.signals, title="Rate and efficiencies")
    for name in ("anomaly", *result.thresholds, "any_cut", "union", "widened"):
        shares = [signal.share(name) for signal in result.signals.values()]
        table.add_row(name, _text(result.rates[name]), *(_text(s) for s in shares))
    table.add_row("AUC", "", *(f"{s.auc.value:.4f} +- {s.auc.error:.4f}" for s in result.signals.values()))
    out.print(table)
    names = ("anomaly", *result.thresholds, "union")
    changes = {"background": result.stability} | {s: x.stability for s, x in result.signals.items()}
    table = Table("stream", "change", *names, title="Rates and efficiencies at the same thresholds")
    for stream, found in changes.items():
        for row, (change, rates) in enumerate(found.items()):
            table.add_row("" if row else stream, change, *(_text(rates[n]) for n in names))
        table.add_section()
    out.print(table)
    if result.by_pile_up:
        table = Table(
            "mean pile-up", "threshold", "rate", title="Anomaly trigger with a threshold for each pile-up"
        )
        for name, found_there in result.by_pile_up.items():
            table.add_row(name, str(found_there.threshold), _text(found_there.rate))
        out.print(table)


def _text(share: Any) -> str:
    low, high = share.interval
    return f"{share.value:.3g} ({low:.2g} to {high:.2g})"


def _streams(words: tuple[str, ...]) -> dict[str, NDArray[np.float32]]:
    from hepack._errors import BadRequestError
    from hepack.triggering.inputs import read_stream

    found = {}
    for word in words:
        name, equals, path = word.partition("=")
        if not equals or not name or not path:
            raise BadRequestError(f"'{word}' is not {NAMED}")
        found[name] = read_stream(path)
    return found


def _progress(phase: str, epoch: int, loss: float) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{phase}: epoch {epoch + 1}, loss {loss:.4f}   ", nl=False, err=True)
