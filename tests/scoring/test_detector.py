"""Detectors: what they find, that contributions add up, that calibration means what it says."""

from __future__ import annotations

import numpy as np
import pytest
from fit_options import OPTIONS
from scored_tables import changed, flat, ragged

from hepack._errors import BadInputError, BadRequestError
from hepack.scoring.bits import BIT_METHODS
from hepack.scoring.calibration import Calibration, Decorrelation
from hepack.scoring.columns import Choice, chosen
from hepack.scoring.detector import Detector, DetectorRecipe
from hepack.scoring.flat import Summary
from hepack.scoring.lengths import CodeLengths
from hepack.scoring.networks import NET_METHODS, NetRecipe
from hepack.scoring.quality import assess
from hepack.scoring.quantities import quantities, quantities_named

PLAIN = ("mahalanobis", "forest")


@pytest.fixture(scope="module")
def detector() -> Detector:
    pytest.importorskip("sklearn", reason="scikit-learn is not installed")
    return Detector.fit(flat(6000, 1), DetectorRecipe(methods=(*BIT_METHODS, *PLAIN), options=OPTIONS))


@pytest.fixture(scope="module")
def jets() -> Detector:
    return Detector.fit(ragged(3000, 1), DetectorRecipe(methods=BIT_METHODS, options=OPTIONS))


def test_a_broken_correlation_is_found(detector: Detector) -> None:
    scores = detector.score(flat(1000, 2, broken=True))
    for method in ("combined", "surprise", "excess", "normalised", "mahalanobis"):
        quality = assess(method, "broken", detector.reference[method], scores[method])
        assert quality.area.value > 0.75, method
    assert assess("marginal", "b", detector.reference["marginal"], scores["marginal"]).area.value < 0.6


@pytest.mark.parametrize("method", ["normalised", "surprise", "tails", "combined", "mahalanobis"])
def test_contributions_add_up_and_name_the_culprit(detector: Detector, method: str) -> None:
    table = flat(300, 3, broken=True)
    found = detector.contributions(table, method)
    assert found.values.shape == (300, len(found.names))
    np.testing.assert_allclose(found.values.sum(1), detector.score(table)[method], rtol=1e-9, atol=1e-9)
    worst = int(np.argmax(detector.score(table)[method]))
    assert found.largest(worst, 1)[0][0] in ("x", "y")


def test_an_unusual_object_is_found_among_its_fellows(jets: Detector) -> None:
    table = ragged(200, 4)
    energy = table.columns["Jet_e"].copy()
    energy[100] *= 3
    table = changed(table, Jet_e=energy)
    for method in ("surprise", "tails", "combined"):
        found = jets.contributions(table, method).objects["Jet"]
        assert found.shape == (table.length("Jet"),)
        assert np.argmax(found) == 100
    event = int(np.searchsorted(table.offsets["Jet"], 100, side="right")) - 1
    assert np.argsort(-jets.score(table)["surprise"])[0] == event


def test_scores_do_not_depend_on_other_events_and_never_fail(jets: Detector) -> None:
    table = ragged(100, 5)
    whole = jets.score(table)
    part = jets.score(table.slice(20, 30))
    pt = table.columns["Jet_pt"].copy()
    pt[:20] = (np.nan, np.inf, -np.inf, 1e38) * 5
    strange = jets.score(changed(table, Jet_pt=pt))
    for method in BIT_METHODS:
        np.testing.assert_allclose(part[method], whole[method][20:30], atol=1e-9)
        assert np.isfinite(strange[method]).all()
        assert jets.score(table.slice(0, 0))[method].shape == (0,)


def test_p_values_of_fresh_usual_events_are_uniform(detector: Detector) -> None:
    scores = detector.score(flat(4000, 9))
    for method in ("combined", "bits", "mahalanobis", "forest"):
        p = detector.calibration(method).p_values(scores[method])
        assert (p > 0).all()
        for level in (0.05, 0.5):  # 1800 calibrating events
            spread = np.sqrt(level * (1 - level) * (1 / 1800 + 1 / 4000))
            assert abs((p <= level).mean() - level) < 4 * spread, (method, level)


def test_thresholds_keep_their_rate_or_are_refused() -> None:
    calibration = Calibration.of(np.random.default_rng(0).normal(size=20_000))
    cut = calibration.threshold_for(100.0, 10_000.0)
    assert cut.share.passed == 200
    assert cut.hz == pytest.approx(100.0)
    assert cut.hz_interval[0] < 100.0 < cut.hz_interval[1]
    with pytest.raises(BadRequestError, match="needs"):
        calibration.threshold(1e-5)
    with pytest.raises(BadRequestError, match="less than the input"):
        calibration.threshold_for(2.0, 1.0)
    with pytest.raises(BadRequestError, match="20 reference events"):
        Calibration.of(np.zeros(3))


def test_decorrelated_p_values_are_flat_in_every_bin() -> None:
    rng = np.random.default_rng(1)
    mass = rng.exponential(size=20_000)
    score = 3 * mass + rng.normal(size=len(mass))
    plain, binned = Calibration.of(score[:10_000]), Decorrelation.of(score[:10_000], [mass[:10_000]])
    fresh, masses = score[10_000:], mass[10_000:]
    high = masses > np.quantile(masses, 0.9)
    assert (plain.p_values(fresh) < 0.05)[high].mean() > 0.3
    assert (binned.p_values(fresh, [masses]) < 0.05)[high].mean() == pytest.approx(0.05, abs=0.025)
    with pytest.raises(BadRequestError, match="decorrelation"):
        Decorrelation.of(score[:100], [mass[:100]])


def test_nets_score_rows() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    recipe = DetectorRecipe(methods=NET_METHODS, nets=NetRecipe(hidden=(8,), epochs=3, batch=64))
    detector = Detector.fit(flat(800, 1), recipe)
    table = flat(50, 2)
    scores = detector.score(changed(table, x=np.full(50, np.nan, np.float32)))
    assert all(np.isfinite(values).all() for values in scores.values())
    for method in NET_METHODS:
        found = detector.contributions(table, method)
        assert found.values.shape == (50, 4)
        if method in ("autoencoder", "reconstruction"):
            np.testing.assert_allclose(found.values.sum(1), detector.score(table)[method], rtol=1e-5)


def test_summaries_have_a_row_for_events_of_any_length() -> None:
    table = ragged(50, 7)
    summary = Summary.of(table, 2)
    assert summary.names == ("ht", "n Jet", "Jet_pt 1", "Jet_e 1", "Jet_pt 2", "Jet_e 2")
    rows = summary.rows(table)
    counts = table.counts("Jet")
    np.testing.assert_array_equal(rows[:, 1], counts)
    assert (rows[counts < 2, 4] == 0).all()
    offsets = table.offsets["Jet"]
    second = np.flatnonzero(counts > 1)[0]
    assert rows[second, 4] == table.columns["Jet_pt"][offsets[second] + 1]
    with pytest.raises(BadInputError, match="no variable"):
        summary.rows(table.select(["Jet_pt", "Jet_e"]))


def test_what_is_asked_is_checked() -> None:
    with pytest.raises(BadRequestError, match="no score 'best'"):
        DetectorRecipe(methods=("best",))
    with pytest.raises(BadRequestError, match="no variable matches"):
        chosen(flat(10, 1), Choice(wanted=("q*",)))
    assert chosen(flat(10, 1), Choice(left_out=("z",))).schema.variables[-1].name == "k"
    with pytest.raises(BadInputError, match="40 or more"):
        Detector.fit(flat(10, 1))
    assert set(quantities(ragged(20, 1))) >= {"n Jet", "ht"}


def test_a_given_model_scores_the_chosen_variables_only() -> None:
    lengths = CodeLengths.fit(flat(3000, 1), options=OPTIONS)
    recipe = DetectorRecipe(methods=("combined",), choice=Choice(left_out=("z", "k")))
    detector = Detector.fit(flat(3000, 2), recipe, lengths.model)
    table = flat(100, 3)
    assert set(detector.contributions(table, "combined").names) == {"x", "y"}
    far = changed(table, z=np.full(100, 1e6, np.float32))
    np.testing.assert_array_equal(detector.score(far)["combined"], detector.score(table)["combined"])


def test_a_detector_decorrelates_from_a_quantity(detector: Detector) -> None:
    binned = detector.decorrelation("combined", ["k"])
    table = flat(3000, 8)
    p = binned.p_values(detector.score(table)["combined"], quantities_named(table, ["k"]))
    for low, high in ((0, 2), (3, 4), (5, 99)):
        inside = (table.columns["k"] >= low) & (table.columns["k"] <= high)
        assert (p[inside] < 0.1).mean() == pytest.approx(0.1, abs=0.06)
    with pytest.raises(BadRequestError, match="no quantity 'q'"):
        detector.decorrelation("combined", ["q"])
