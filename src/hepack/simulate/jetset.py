"""`JetSet`: corrected jets of one radius with their shapes and truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hepack.simulate.calibration import correction
from hepack.simulate.density import Density
from hepack.simulate.detector import Detector
from hepack.simulate.flow import Candidates
from hepack.simulate.jets import Jets, areas, cluster
from hepack.simulate.kinematics import Momenta
from hepack.simulate.ragged import Floats, Ints, keep, nearest, order_by, owners, segment_sum
from hepack.simulate.record import Record
from hepack.simulate.substructure import Shapes, shapes, soft_drop_mass, subjettiness
from hepack.simulate.truth import hadron_flavour, parton_flavour

RADIUS = 0.4
FAT_RADIUS = 1.0
MATCH_CONE = 0.3
TYPE_ONE_MIN_PT = 15.0
DENSITY_EDGE = 2.5
"""Jets beyond this ``|eta|`` have the forward density taken off."""
RAW_MARGIN = 0.6
"""Jets are found down to this part of the pt cut, which holds after the correction."""


@dataclass(frozen=True)
class CorrectedJets:
    """Jets with the factors on their momenta: ``factor`` in all, ``response`` for the response alone."""

    jets: Jets
    factor: Floats
    response: Floats
    area: Floats

    @property
    def gain(self) -> Floats:
        """The part of the corrected pt that the response correction added."""
        return np.asarray(1.0 - 1.0 / self.response)


@dataclass(frozen=True)
class JetSet:
    """Jets of one radius with all that is known of them.

    ``raw`` is 1 - (raw pt / corrected pt), ``gain`` the same for the response correction alone.
    """

    jets: Jets
    raw: Floats
    gain: Floats
    area: Floats
    tau: tuple[Floats, Floats, Floats]
    shapes: Shapes
    soft_drop: Floats
    flavour: Ints
    parton: Ints
    gen: Ints


@dataclass(frozen=True)
class JetInput:
    """What jets are made of and compared with; ``offset`` is the pile-up density to take off."""

    candidates: Candidates
    record: Record
    gen_jets: Jets
    offset: Density
    detector: Detector


def corrected_jets(
    candidates: Candidates, offset: Density, detector: Detector, *, radius: float, min_pt: float
) -> CorrectedJets:
    """Anti-kt jets above ``min_pt`` GeV after correction, by falling pt; ``offset`` is taken off."""
    found = cluster(
        candidates.momenta,
        candidates.offsets,
        radius=radius,
        min_pt=RAW_MARGIN * min_pt,
        eta_max=detector.jet_eta_max,
    )
    area = areas(found, radius=radius)
    without, response = _correct(found, area, offset)
    factor = without * response
    scaled = Momenta(*(getattr(found.momenta, c) * factor for c in ("px", "py", "pz", "e")))
    order = order_by(scaled.pt, found.offsets)
    order = order[scaled.pt[order] > min_pt]
    jets = found.take(order, keep(scaled.pt > min_pt, found.offsets), scaled[order])
    return CorrectedJets(jets, factor[order], response[order], area[order])


def jet_set(source: JetInput, *, radius: float, min_pt: float) -> JetSet:
    """Anti-kt jets above ``min_pt`` GeV after correction, by falling pt, with all that is known of them."""
    momenta = source.candidates.momenta
    found = corrected_jets(source.candidates, source.offset, source.detector, radius=radius, min_pt=min_pt)
    jets = found.jets
    fat = radius == FAT_RADIUS
    groomed = soft_drop_mass(jets, momenta, radius=radius) if fat else np.zeros(len(jets))
    return JetSet(
        jets,
        1.0 - 1.0 / found.factor,
        found.gain,
        found.area,
        subjettiness(jets, momenta, radius=radius),
        shapes(jets, source.candidates),
        groomed * found.factor,
        hadron_flavour(jets, source.record),
        parton_flavour(jets, source.record),
        _match(jets, source.gen_jets),
    )


def _correct(found: Jets, area: Floats, offset: Density) -> tuple[Floats, Floats]:
    """Factors on each momentum: for the pile-up offset (arXiv:0707.1378), and for the response."""
    event = owners(found.offsets)
    forward = np.abs(found.momenta.eta) > DENSITY_EDGE
    here = np.where(forward, offset.forward[event], offset.central[event])
    without = np.maximum(1.0 - here * area / found.momenta.pt, 0.01)
    return without, correction(found.momenta.pt * without, found.momenta.eta)


def _match(jets: Jets, truth: Jets) -> Ints:
    """The place in its event of the nearest particle-level jet, -1 without one in the cone."""
    match = nearest(
        (jets.momenta.eta, jets.momenta.phi, jets.offsets),
        (truth.momenta.eta, truth.momenta.phi, truth.offsets),
        radius=MATCH_CONE,
    ).index
    return np.where(match >= 0, match - truth.offsets[:-1][owners(jets.offsets)], -1)


def missing(candidates: Candidates, jets: Jets, gain: Floats) -> tuple[Floats, Floats]:
    """Missing transverse momentum: minus the sum of candidates, jet corrections passed on (type 1)."""
    scale = gain * (jets.momenta.pt > TYPE_ONE_MIN_PT)
    momenta = candidates.momenta
    return (
        -segment_sum(momenta.px, candidates.offsets) - segment_sum(jets.momenta.px * scale, jets.offsets),
        -segment_sum(momenta.py, candidates.offsets) - segment_sum(jets.momenta.py * scale, jets.offsets),
    )
