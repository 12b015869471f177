"""One event in eta and phi: jets, leptons, photons and the direction of the missing momentum."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hepack.report.style import AFTER, BEFORE, THIRD, new_figure, plain_text, styled

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Directions = tuple[Floats, Floats, Floats]
"""pt in GeV, eta and phi of some objects."""

RADII = {"jet": 0.4, "fatjet": 0.8}
MARKS = {
    "electron": ("o", "#5fa55a"), "muon": ("s", AFTER), "tau": ("^", THIRD), "photon": ("*", "#c98a00"),
    "lepton": ("D", "#5fa55a"), "object": ("o", BEFORE),
}  # fmt: skip
MOST_LABELS = 12
FORWARD = 5.2


def draw_event(
    objects: Mapping[str, Directions], met: tuple[float, float] | None, *, title: str = ""
) -> Figure:
    """Jets as circles of their radius, filled more where pt is larger; others as marks; MET as a dashed line.

    ``met`` is its size in GeV and its phi. Objects without a finite direction are left out.
    """
    with styled():
        figure = new_figure(7.2, 5.0)
        axes: Any = figure.subplots()
        axes.set_xlim(-FORWARD, FORWARD)
        axes.set_ylim(-np.pi, np.pi)
        axes.set_yticks([-np.pi, -np.pi / 2, 0, np.pi / 2, np.pi], ["−π", "−π/2", "0", "π/2", "π"])
        axes.set_aspect("equal")
        axes.set_xlabel("η")
        axes.set_ylabel("φ [rad]")
        axes.set_title(plain_text(title), loc="left", fontsize=9)
        hardest = max((float(pt.max(initial=0.0)) for pt, _, _ in objects.values()), default=0.0)
        for kind, directions in objects.items():
            _draw_kind(axes, kind, directions, max(hardest, 1e-9))
        if met is not None and all(map(np.isfinite, met)):
            axes.axhline(_turned(met[1]), color=AFTER, linestyle="--", label=f"MET {met[0]:.0f} GeV")
        if axes.get_legend_handles_labels()[0]:
            axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
        figure.tight_layout()
    return figure


def event_png(figure: Figure) -> bytes:
    """The figure as PNG, the same bytes for the same event."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def _draw_kind(axes: Any, kind: str, directions: Directions, hardest: float) -> None:
    pt, eta, phi = directions
    known = np.isfinite(pt) & np.isfinite(eta) & np.isfinite(phi)
    pt, eta, phi = pt[known], np.clip(eta[known], -FORWARD, FORWARD), _turned(phi[known])
    if not len(pt):
        return
    if kind in RADII:
        _draw_jets(axes, kind, pt, eta, phi, hardest)
    else:
        mark, colour = MARKS.get(kind, MARKS["object"])
        size = 25 + 150 * np.clip(pt / hardest, 0, 1)
        axes.scatter(eta, phi, s=size, marker=mark, color=colour, label=f"{kind} ({len(pt)})", zorder=3)
    for number in np.argsort(-pt)[: 0 if kind == "fatjet" else MOST_LABELS].tolist():
        axes.annotate(f"{pt[number]:.0f}", (eta[number], phi[number]), fontsize=7, ha="center", va="center")


def _draw_jets(axes: Any, kind: str, pt: Floats, eta: Floats, phi: Floats, hardest: float) -> None:
    from matplotlib.patches import Circle

    line = "-" if kind == "jet" else ":"
    for number in range(len(pt)):
        alpha = 0.08 + 0.5 * float(np.clip(pt[number] / hardest, 0, 1)) if kind == "jet" else 0.0
        for turn in (-2 * np.pi, 0.0, 2 * np.pi):  # a jet at pi is seen at -pi too
            centre = (float(eta[number]), float(phi[number]) + turn)
            face = (*_rgb(BEFORE), alpha)
            axes.add_patch(Circle(centre, RADII[kind], facecolor=face, edgecolor=BEFORE, linestyle=line))
    axes.plot(
        [], [], marker="o", linestyle="", markerfacecolor="none", color=BEFORE, label=f"{kind} ({len(pt)})"
    )


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _turned(phi: Any) -> Any:
    return (phi + np.pi) % (2 * np.pi) - np.pi
