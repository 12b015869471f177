"""What ``hepack score`` prints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hepack.scoring.detector import Detector
    from hepack.scoring.files import ScoredFile, TopEvent
    from hepack.study.anomalies import ScoreStudy


def plain(
    detector: Detector, scored: Sequence[ScoredFile], listed: Sequence[TopEvent], cut: Any, study: ScoreStudy | None
) -> dict[str, Any]:  # fmt: skip
    """Plain values for JSON."""
    from dataclasses import asdict

    import numpy as np

    files = [
        {
            "file": one.path, "events": len(one),
            "median_p": {m: float(np.median(p)) for m, p in one.p_values.items() if len(p)},
            "below_1e-3": {m: int((p < 1e-3).sum()) for m, p in one.p_values.items()},
        }
        for one in scored
    ]  # fmt: skip
    reference = {
        "events": len(next(iter(detector.reference.values()))),
        "methods": list(detector.recipe.methods),
    }
    found: dict[str, Any] = {"reference": reference, "files": files, "top": [asdict(one) for one in listed]}
    if cut is not None:
        found["threshold"] = {
            "score": cut.value, "hz": cut.hz, "interval": cut.hz_interval, "passed": cut.share.passed,
            "total": cut.share.total,
        }  # fmt: skip
    if study is not None:
        found["study"] = study.page.to_dict()
    return found


def show(
    detector: Detector, scored: Sequence[ScoredFile], listed: Sequence[TopEvent], cut: Any,
    study: ScoreStudy | None, report: Path | None,
) -> None:  # fmt: skip
    """Tables for people."""
    import numpy as np
    from rich.table import Table

    from hepack.cli.screen import console

    out = console()
    if scored:
        table = Table(
            title=f"{len(next(iter(detector.reference.values()))):,} reference events calibrate the scores"
        )
        for name in ("file", "method", "events", "median p", "p < 1e-2", "p < 1e-3"):
            table.add_column(name, justify="left" if name in ("file", "method") else "right", overflow="fold")
        for one in scored:
            for method, p in one.p_values.items():
                below = [str(int((p < level).sum())) for level in (1e-2, 1e-3)]
                median = f"{float(np.median(p)):.3f}" if len(p) else ""
                table.add_row(Path(one.path).name, method, f"{len(one):,}", median, *below)
        out.print(table)
    if listed:
        _show_top(out, listed)
    if cut is not None:
        low, high = cut.hz_interval
        out.print(
            f"score >= {cut.value:.6g}: {cut.hz:.4g} Hz [{low:.4g}, {high:.4g}], {cut.share.passed} of "
            f"{cut.share.total} reference events", highlight=False,
        )  # fmt: skip
    if study is not None:
        for quality in study.qualities:
            area = quality.area
            out.print(
                f"{quality.signal}: {quality.method} AUC {area.value:.4f} ± {area.error:.4f}, SIC "
                f"{quality.improvement:.2f}", highlight=False,
            )  # fmt: skip
        out.print(f"{report} written", highlight=False)


def _show_top(out: Any, listed: Sequence[TopEvent]) -> None:
    from rich.table import Table

    table = Table(title="The least usual events")
    for name in ("", "file", "event", "score", "p", "because of"):
        table.add_column(
            name, justify="right" if name in ("", "event", "score", "p") else "left", overflow="fold"
        )
    for place, one in enumerate(listed):
        reasons = ", ".join(f"{name} {value:+.3g}" for name, value in one.reasons)
        row = (
            str(place + 1),
            Path(one.file).name,
            str(one.event),
            f"{one.score:.4g}",
            f"{one.p_value:.2g}",
            reasons,
        )
        table.add_row(*row)
    out.print(table)
