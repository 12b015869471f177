"""``hepack score``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hepack.cli.options import command_line, json_option, overwrite_option, read_options, reading_from

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hepack.scoring.detector import Detector
    from hepack.scoring.files import ScoredFile, TopEvent
    from hepack.study.anomalies import ScoreStudy

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("score")
@click.argument("files", nargs=-1)
@click.option(
    "--reference", "-r", multiple=True, metavar="FILE", help="Usual events, to fit and calibrate; repeatable."
)
@click.option(
    "--model", metavar="M.hpm", help="A model of 'hepack fit', with --reference; or one of --save, alone."
)
@click.option(
    "--method",
    "-m",
    multiple=True,
    metavar="NAME",
    help="A score; repeatable; 'all' for every one (combined).",
)
@click.option("--variables", "-v", multiple=True, metavar="PATTERN", help="Only these variables; repeatable.")
@click.option("--leave-out", multiple=True, metavar="PATTERN", help="Not these variables; repeatable.")
@click.option("--leading", type=click.IntRange(1, 64), default=4, show_default=True,
              help="Objects of each collection that methods of rows look at.")  # fmt: skip
@click.option(
    "--output", "-o", metavar="PATH", help="Write scores and p-values (.root, .parquet, .h5, .csv)."
)
@click.option(
    "--contributions", is_flag=True, help="Write what each variable adds to the score of an event, too."
)
@click.option("--objects", is_flag=True, help="Write the scores of single objects, too.")
@click.option("--decorrelate", multiple=True, metavar="NAME",
              help="P-values among events alike in this quantity (ht, 'n Jet', a variable); repeatable.")  # fmt: skip
@click.option("--rate", type=float, metavar="HZ", help="Name the threshold for this rate of background.")
@click.option("--input-rate", type=float, metavar="HZ", help="Events each second before the cut.")
@click.option(
    "--top", type=click.IntRange(0, 1000), default=0, metavar="N", help="List the N least usual events."
)
@click.option("--displays", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Draw the listed events in eta and phi, as PNG.")  # fmt: skip
@click.option(
    "--signal", multiple=True, metavar="[NAME=]FILE", help="A signal to be found, for --report; repeatable."
)
@click.option("--report", type=FILE, metavar="PAGE.html", help="How well each score finds the signals.")
@click.option("--one-way", is_flag=True, help="Leave out the other direction in the report.")
@click.option(
    "--save",
    metavar="M.hpm",
    help="Keep the fitted detector for later use as --model; with --decorrelate, able to do that.",
)
@click.option(
    "--most", type=click.IntRange(100), default=1 << 20, show_default=True, help="Reference events to read."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of forests and nets.")
@click.option("--threads", type=click.IntRange(1, 256), help="Threads (all cores).")
@read_options
@overwrite_option
@json_option
def command(
    files: tuple[str, ...], reference: tuple[str, ...], model: str | None, method: tuple[str, ...],
    output: str | None, contributions: bool, objects: bool, decorrelate: tuple[str, ...], rate: float | None,
    input_rate: float | None, top: int, displays: Path | None, signal: tuple[str, ...], report: Path | None,
    one_way: bool, save: str | None, format_id: str | None, table: tuple[str, ...], allow_pickle: bool,
    overwrite: bool, as_json: bool, **fit: Any,
) -> int:  # fmt: skip
    """Score the events of FILES: how unlike the reference they are.

    Scores by code length (combined, surprise, rarity, tails, normalised, marginal, bits, excess), by autoencoders
    (autoencoder, reconstruction, latent, kl) and two baselines (mahalanobis, forest). Larger is less usual. Seven of
    ten reference events fit a method, the others calibrate its p-values and rates. Autoencoders need 'hepack[train]' to
    be fitted, the forest 'hepack[report]'; with --model they need neither.
    """
    from hepack.cli.score_results import plain, show
    from hepack.cli.screen import print_json
    from hepack.io.paths import expand
    from hepack.scoring.output import write_scores
    from hepack.scoring.stored import save_detector

    _check(files, report, signal, rate, input_rate, output, save, overwrite)
    read = reading_from((), allow_pickle)
    name = table[0] if table else None
    reading: dict[str, Any] = {"table": name, "read": read, "format_id": format_id}
    detector = _detector(reference, model, method, fit, reading)
    if save:
        save_detector(detector, save, quantities=decorrelate, overwrite=overwrite)
    first = detector.recipe.methods[0]
    asked = {
        "method": first,
        "top": top,
        "decorrelated": decorrelate,
        "variables": contributions,
        "objects": objects,
    }
    scored = [_score(detector, path, {**asked, **reading}) for path in (expand(files) if files else [])]
    if output:
        write_scores(scored, output, overwrite=overwrite)
    listed = sorted((one for each in scored for one in each.top), key=lambda one: -one.score)[:top]
    if displays is not None:
        _draw(listed, displays, reading)
    study = _study(detector, signal, report, reading, both=not one_way) if report else None
    cut = detector.calibration(first).threshold_for(rate, input_rate) if rate and input_rate else None
    if as_json:
        print_json(plain(detector, scored, listed, cut, study))
    else:
        show(detector, scored, listed, cut, study, report)
    return 0


def _score(detector: Detector, path: str, asked: dict[str, Any]) -> ScoredFile:
    from hepack.cli.screen import progress_bar
    from hepack.scoring.files import score_file

    with progress_bar(f"scoring {Path(path).name}") as tell:
        return score_file(detector, path, progress=tell, **asked)


def _check(
    files: tuple[str, ...], report: Path | None, signal: tuple[str, ...], rate: float | None,
    input_rate: float | None, output: str | None, save: str | None, overwrite: bool,
) -> None:  # fmt: skip
    if not files and (output or not (report or save)):
        raise click.UsageError("name files to score, or --report with --signal, or --save")
    if bool(report) != bool(signal):
        raise click.UsageError("--report and --signal belong together")
    if (rate is None) != (input_rate is None):
        raise click.UsageError("--rate and --input-rate belong together")
    for path in (output, report, save):
        if path is not None and Path(path).exists() and not overwrite:
            raise click.UsageError(f"'{path}' exists already; choose another name or pass --overwrite")


def _detector(
    reference: tuple[str, ...], model: str | None, method: tuple[str, ...], fit: dict[str, Any], reading: dict[str, Any]
) -> Detector:  # fmt: skip
    from hepack.archive.models import ModelFile
    from hepack.cli.screen import waiting
    from hepack.io.paths import expand
    from hepack.scoring.columns import Choice
    from hepack.scoring.detector import DEFAULT, METHODS, Detector, DetectorRecipe
    from hepack.scoring.events import read_events
    from hepack.scoring.stored import load_detector

    if not reference:
        if model is None:
            raise click.UsageError(
                "say what is usual: --reference FILE, or --model M.hpm of an earlier --save"
            )
        loaded = load_detector(model)
        return loaded.limited(method) if method else loaded
    methods = METHODS if "all" in method else method or DEFAULT
    recipe = DetectorRecipe(
        methods=methods, choice=Choice(wanted=fit["variables"], left_out=fit["leave_out"]),
        leading=fit["leading"], seed=fit["seed"], threads=fit["threads"],
    )  # fmt: skip
    events = read_events(expand(reference), most=fit["most"], **reading)
    found = None
    if model is not None:
        with ModelFile(model) as file:
            found = file.find(events.schema.name)
        if found is None:
            raise click.UsageError(f"'{model}' has no model of the table '{events.schema.name}'")
    with waiting("fitting"):
        return Detector.fit(events, recipe, found[1] if found else None)


def _study(
    detector: Detector, signal: tuple[str, ...], report: Path, reading: dict[str, Any], *, both: bool
) -> ScoreStudy:
    from hepack.cli.screen import waiting
    from hepack.scoring.events import read_events
    from hepack.study.anomalies import study_scores
    from hepack.study.page import write

    signals = {}
    for text in signal:
        label, equals, path = text.partition("=")
        name, place = (label, path) if equals else (Path(text).stem, text)
        signals[name] = read_events([place], **reading)
    with waiting("comparing"):
        study = study_scores(detector, signals, command=command_line(), both_directions=both)
    write(study.page, report)
    return study


def _draw(listed: Sequence[TopEvent], folder: Path, reading: dict[str, Any]) -> None:
    import numpy as np

    from hepack.report.event_display import draw_event, event_png
    from hepack.scoring.events import event_at
    from hepack.scoring.quantities import event_of

    folder.mkdir(parents=True, exist_ok=True)
    for place, one in enumerate(listed):
        found = event_of(event_at(one.file, one.event, **reading))
        if found is None:
            click.echo("no event display: the names of the variables tell of no jets or leptons", err=True)
            return
        event = found[0]
        met = None
        if event.met is not None and event.met_phi is not None:
            met = (float(event.met[0]), float(event.met_phi[0]))
        objects = {kind: (each.pt, each.eta, each.phi) for kind, each in event.objects.items() if len(each)}
        title = f"{Path(one.file).name}, event {one.event}: score {one.score:.4g}, p {one.p_value:.2g}"
        assert all(np.ndim(pt) == 1 for pt, _, _ in objects.values())
        (folder / f"{place + 1:03d}.png").write_bytes(event_png(draw_event(objects, met, title=title)))
