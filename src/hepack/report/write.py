"""Write a report: page, PDF, JSON, and each figure as PNG and PDF; every figure is drawn once."""

from __future__ import annotations

import contextlib
import textwrap
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hepack._atomic import replacing
from hepack._errors import BadRequestError
from hepack._optional import require
from hepack.evaluate.results import Comparison
from hepack.report.album import Plate, plates
from hepack.report.page import Shown, render
from hepack.report.plain import to_text
from hepack.report.policy import Policy
from hepack.report.style import as_svg, new_figure, plain_text, styled
from hepack.report.verdict import Verdict

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LINES = 46
WIDTH = 104


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """Where to write what; None: not."""

    page: Path | None = None
    pdf: Path | None = None
    json: Path | None = None
    plots: Path | None = None
    label: str = ""
    overwrite: bool = False

    def check(self) -> None:
        """Complain before the work.

        Raises:
            BadRequestError: a file exists, or a folder does not.
        """
        for path in (self.page, self.pdf, self.json):
            if path is None:
                continue
            if path.exists() and not self.overwrite:
                raise BadRequestError(f"'{path}' exists already; choose another name or pass --overwrite")
            if not path.parent.is_dir():
                raise BadRequestError(f"the folder '{path.parent}' does not exist; create it first")
        if self.plots is not None and self.plots.exists() and not self.plots.is_dir():
            raise BadRequestError(f"'{self.plots}' is no folder; name one for the plots")


def write(
    comparison: Comparison, verdict: Verdict, policy: Policy, outputs: Outputs,
    progress: Callable[[str, int, int], None] | None = None,
) -> None:  # fmt: skip
    """Write everything that ``outputs`` names."""
    if outputs.json is not None:
        _write_text(outputs.json, to_text(comparison, verdict), outputs.overwrite)
    if outputs.page is None and outputs.pdf is None and outputs.plots is None:
        return
    shown: list[Shown] = []
    styles: dict[str, str] = {}
    chosen = list(plates(comparison, figures=policy.figures, label=outputs.label))
    with styled(), warnings.catch_warnings(), _pdf(outputs, comparison, verdict) as pages:
        warnings.simplefilter("ignore")
        for number, plate in enumerate(chosen):
            figure = plate.draw()
            if figure is not None:
                _save(figure, plate, outputs, pages, shown, styles)
            if progress is not None:
                progress("drawing", number + 1, len(chosen))
    if outputs.page is not None:
        page = render(comparison, verdict, shown, styles, label=outputs.label)
        _write_text(outputs.page, page, outputs.overwrite)


def _save(
    figure: Figure, plate: Plate, outputs: Outputs, pages: Any, shown: list[Shown],
    styles: dict[str, str],
) -> None:  # fmt: skip
    if outputs.page is not None:
        shown.append(Shown(plate.name, plate.section, plate.caption, as_svg(figure, plate.name, styles)))
    if outputs.plots is not None:
        outputs.plots.mkdir(parents=True, exist_ok=True)
        figure.savefig(outputs.plots / f"{plate.name}.png", dpi=130)
        figure.savefig(outputs.plots / f"{plate.name}.pdf")
    if pages is not None:
        pages.savefig(figure)


def _write_text(path: Path, text: str, overwrite: bool) -> None:
    with replacing(path, overwrite=overwrite, durable=False) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _pdf(outputs: Outputs, comparison: Comparison, verdict: Verdict) -> Iterator[Any]:
    if outputs.pdf is None:
        yield None
        return
    backend = require("matplotlib.backends.backend_pdf", extra="report", purpose="writing a PDF")
    with (
        replacing(outputs.pdf, overwrite=outputs.overwrite, durable=False) as temporary,
        backend.PdfPages(temporary) as pages,
    ):
        for figure in text_pages(comparison, verdict, outputs.label):
            pages.savefig(figure)
        yield pages


def text_pages(comparison: Comparison, verdict: Verdict, label: str) -> Iterator[Figure]:
    """The verdict and the sentences as pages of text."""
    lines: list[tuple[str, str]] = []
    for check in verdict.checks:
        text = f"{check.status.upper():<11} {check.title}: {check.figure or 'not tested'}"
        text += f"  (limit: {check.limit})" if check.limit else ""
        colour = {"fail": "#c1121f", "pass": "#1a7f37", "unclear": "#9a6700"}.get(check.status, "#59636e")
        lines += [(line, colour) for line in textwrap.wrap(text, WIDTH, subsequent_indent=" " * 12)]
    lines.append(("", ""))
    for sentence in verdict.sentences:
        wrapped = textwrap.wrap(sentence, WIDTH, initial_indent="· ", subsequent_indent="  ")
        lines += [(line, "#1f2328") for line in wrapped]
    names = [
        f"{t.original.file}  against  {t.other.file} ({t.original.table}): {t.pairing}"
        for t in comparison.tables
    ]
    title = f"{label + ': ' if label else ''}{'PASS' if verdict.passed else 'FAIL'}"
    for start in range(0, len(lines), LINES):
        figure = new_figure(8.27, 11.69)
        colour = "#1a7f37" if verdict.passed else "#c1121f"
        figure.text(0.07, 0.955, plain_text(title), fontsize=18, fontweight="bold", color=colour)
        head = "\n".join([*textwrap.wrap(verdict.headline, WIDTH), *names][:5])
        figure.text(0.07, 0.945, plain_text(head), fontsize=8.5, va="top", linespacing=1.5)
        for place, (line, colour) in enumerate(lines[start : start + LINES]):
            figure.text(
                0.07,
                0.865 - place * 0.0182,
                plain_text(line),
                fontsize=7.8,
                color=colour or "#1f2328",
                family="DejaVu Sans Mono",
            )
        yield figure
