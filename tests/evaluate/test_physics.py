"""Crossings, masses, turn-ons and selections against independent counts, and statistics against known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from events import Memory, changed, flat_jets, jagged, rounded

from hepack._errors import BadRequestError
from hepack.evaluate.classifier import auc_delong
from hepack.evaluate.compare import compare_tables
from hepack.evaluate.correlation import matrix
from hepack.evaluate.expression import Selection
from hepack.evaluate.intervals import clopper_pearson, wilson
from hepack.evaluate.peaks import fit_peak, jackknife
from hepack.evaluate.results import TableComparison, VariableTest
from hepack.evaluate.settings import Settings
from hepack.evaluate.twosample import binned_chi2, compare_columns, corrected, joint_energy
from hepack.physics.candidates import four_leptons
from hepack.physics.objects import Event, Objects
from hepack.table import EventTable, offsets_from_counts

SELECTION = "count(Jet_pt > 30 and abs(Jet_eta) < 2.5) >= 2 and MET_pt > 20"
FAST = Settings(classifier=False, expressions=(SELECTION,))


@pytest.fixture(scope="module")
def tables() -> tuple[EventTable, EventTable]:
    table = jagged(6000)
    return table, rounded(table)


@pytest.fixture(scope="module")
def result(tables: tuple[EventTable, EventTable]) -> TableComparison:
    return compare_tables(Memory(tables[0]), Memory(tables[1], step=1700), FAST)


def test_jets_that_cross_25_gev_are_counted_as_a_plain_loop_counts_them(
    tables: tuple[EventTable, EventTable], result: TableComparison
) -> None:
    made = lost = 0
    for before, after in zip(
        tables[0].columns["Jet_pt"].tolist(), tables[1].columns["Jet_pt"].tolist(), strict=True
    ):
        made += before <= 25.0 < after
        lost += after <= 25.0 < before
    assert made + lost > 2
    jets = next(c for c in result.crossings if c.kind == "jets" and c.threshold == 25)
    assert (jets.made, jets.lost) == (made, lost)
    assert jets.made_fraction is not None
    assert jets.made_fraction.total == int((tables[1].columns["Jet_pt"] > 25).sum())
    tagged = tables[0].columns["Jet_btag"] > 0.5
    up = (tables[0].columns["Jet_pt"] <= 25) & (tables[1].columns["Jet_pt"] > 25) & tagged
    assert next(c for c in result.crossings if c.kind == "b jets" and c.threshold == 25).made == int(up.sum())


def test_cuts_in_mev_are_exact() -> None:
    table = flat_jets(2000, unit="MeV")
    edge = table.columns["pt"].copy()
    edge[:10] = 25000.0
    after = edge.copy()
    after[:10] = np.nextafter(np.float32(25000), np.float32(1e9))
    files = Memory(changed(table, pt=edge)), Memory(changed(table, pt=after))
    found = compare_tables(*files, Settings(classifier=False))
    jets = next(c for c in found.crossings if c.threshold == 25)
    assert (jets.made, jets.lost) == (10, 0)


def test_the_z_peak_stays_where_it_is(result: TableComparison) -> None:
    peak = next(q for q in result.quantities if q.name == "m_ee")
    assert peak.peak_before is not None
    assert peak.peak_before.position.value == pytest.approx(91.2, abs=0.3)
    assert peak.peak_before.width.value == pytest.approx(2.5, rel=0.15)
    assert peak.shift is not None
    assert abs(peak.shift.value) < 1e-3
    assert peak.shift.error < 1e-3
    assert peak.count_before == 6000


def test_a_scaled_peak_is_seen_to_move(tables: tuple[EventTable, EventTable]) -> None:
    pt = tables[0].columns["Electron_pt"] * np.float32(1.01)
    found = compare_tables(
        Memory(tables[0]), Memory(changed(tables[0], Electron_pt=pt)), Settings(classifier=False)
    )
    peak = next(q for q in found.quantities if q.name == "m_ee")
    assert peak.shift is not None
    assert peak.shift.value == pytest.approx(0.01, abs=1e-3)
    assert peak.broadening is not None
    assert peak.broadening.value == pytest.approx(0.01, abs=3 * peak.broadening.error + 2e-3)
    turn = next(t for t in found.turn_ons if t.name == "lepton")
    assert turn.shift is not None
    assert turn.shift.value == pytest.approx(0.01, abs=2e-3)


def test_no_turn_on_moves_by_more_than_a_permille(result: TableComparison) -> None:
    fitted = [turn for turn in result.turn_ons if turn.shift is not None]
    assert {"jet", "ht", "lepton", "met", "dijet"} <= {turn.name for turn in fitted}
    for turn in fitted:
        assert turn.shift is not None
        assert abs(turn.shift.value) < 1e-3 + 2 * turn.shift.error


def test_events_that_switch_are_counted(
    tables: tuple[EventTable, EventTable], result: TableComparison
) -> None:
    turn = next(t for t in result.turn_ons if t.name == "met")
    before, after = (table.columns["MET_pt"] > turn.threshold for table in tables)
    assert turn.switched_on == int((~before & after).sum())
    assert turn.switched_off == int((before & ~after).sum())


def test_a_selection_is_that_of_a_plain_loop(
    tables: tuple[EventTable, EventTable], result: TableComparison
) -> None:
    passed = []
    for table in tables:
        offsets, good = table.offsets["Jet"], []
        for event in range(len(table)):
            jets = range(offsets[event], offsets[event + 1])
            count = sum(
                table.columns["Jet_pt"][j] > 30 and abs(table.columns["Jet_eta"][j]) < 2.5 for j in jets
            )
            good.append(count >= 2 and table.columns["MET_pt"][event] > 20)
        passed.append(np.array(good))
    (item,) = result.selections
    assert (item.passed_before, item.passed_after) == (int(passed[0].sum()), int(passed[1].sum()))
    assert item.both == int((passed[0] & passed[1]).sum())
    assert item.efficiency is not None
    assert item.efficiency.total == item.passed_before


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "Jet_pt.__class__", "[x for x in Jet_pt]", "lambda: 1", "open('x')",
        "count(Jet_pt, 3)", "Jet_pt[0:2]", "'a' < 'b'", "f'{met}'", "met if 1 else 2", "met :=", "met @ met",
        "met is 1",
        "(" * 70 + "met" + ")" * 70 + " > " + "-" * 70 + "1", "x" * 3000,
    ],
)  # fmt: skip
def test_nothing_but_arithmetic_is_accepted(text: str) -> None:
    with pytest.raises(BadRequestError):
        Selection.parse(text)


def test_a_selection_with_an_unknown_name_says_so(tables: tuple[EventTable, EventTable]) -> None:
    settings = Settings(classifier=False, expressions=("Jet_pd > 3", "Jet_pt > 30", "9**9**9**9 > met"))
    found = compare_tables(Memory(tables[0]), Memory(tables[1]), settings)
    assert "the nearest names are 'Jet_p" in found.selections[0].reason
    assert "use count(...)" in found.selections[1].reason
    assert found.selections[2].reason == ""


def test_identical_files_differ_in_nothing(tables: tuple[EventTable, EventTable]) -> None:
    found = compare_tables(Memory(tables[0]), Memory(tables[0], step=313), replace(FAST, classifier=False))
    assert found.findings == ()
    assert all(item.changed == 0 for item in found.variables)
    assert all(c.made == 0 and c.lost == 0 for c in found.crossings)


@pytest.mark.parametrize("events", [0, 1, 2, 30])
def test_small_files_do_no_harm(events: int) -> None:
    table = jagged(events) if events else jagged(5).slice(0, 0)
    found = compare_tables(Memory(table), Memory(rounded(table)), FAST)
    assert found.original.events == events


def test_two_samples_are_compared_by_their_spectra() -> None:
    found = compare_tables(Memory(jagged(2000, 1)), Memory(jagged(1500, 8)), Settings(classifier=False))
    assert not found.paired
    assert found.tests is not None
    assert not found.tests.disjoint
    assert min(test.p_holm for test in found.tests.variables) > 1e-3
    assert all(c.made is None for c in found.crossings)


def test_intervals_agree_with_published_values() -> None:
    # R: binom.test(7, 20)$conf.int; prop.test(7, 20, correct = FALSE)$conf.int
    assert clopper_pearson(7, 20, 0.95) == pytest.approx((0.1539092, 0.5921885), abs=1e-6)
    assert wilson(7, 20, 0.95) == pytest.approx((0.1811918, 0.5671457), abs=1e-6)
    assert clopper_pearson(0, 10, 0.95)[0] == 0.0
    assert clopper_pearson(10, 10, 0.95)[1] == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


def test_p_values_of_equal_distributions_are_uniform_enough() -> None:
    rng = np.random.default_rng(5)
    tests = [compare_columns("", str(i), rng.normal(size=400), rng.normal(size=500), rng) for i in range(40)]
    good = [test for test in tests if test is not None]
    for name in ("ks_p", "chi2_p", "wasserstein_p", "energy_p"):
        values = np.array([getattr(test, name) for test in good])
        assert 0.25 < values.mean() < 0.75, name
    assert min(test.p_holm for test in corrected(good)) > 0.01


def test_holm_and_benjamini_hochberg_on_known_numbers() -> None:
    raw = [0.01, 0.04, 0.03, 0.005]
    tests = [
        VariableTest(
            axis="", variable=str(i), count=(9, 9), ks=0, ks_p=p / 4, chi2=0, chi2_degrees=1, chi2_p=1, wasserstein=0,
            wasserstein_p=1, energy=0, energy_p=1,
        )
        for i, p in enumerate(raw)
    ]  # fmt: skip
    found = corrected(tests)
    assert [test.p_holm for test in found] == pytest.approx(
        [0.03, 0.06, 0.06, 0.02]
    )  # R: p.adjust(x, "holm")
    assert [test.q for test in found] == pytest.approx([0.02, 0.04, 0.04, 0.02])  # R: p.adjust(x, "BH")


def test_chi2_of_equal_samples_is_near_its_degrees() -> None:
    rng = np.random.default_rng(6)
    values = [binned_chi2(rng.normal(size=3000), rng.normal(size=2000)) for _ in range(30)]
    assert np.mean([chi2 / degrees for chi2, degrees in values]) == pytest.approx(1.0, abs=0.12)


def test_auc_and_its_error() -> None:
    rng = np.random.default_rng(7)
    trials = [auc_delong(rng.normal(size=300), rng.normal(0.5, 1, size=400)) for _ in range(60)]
    values, errors = np.array(trials).T
    assert values.mean() == pytest.approx(0.6382, abs=0.01)  # Phi(0.5 / sqrt(2))
    assert errors.mean() == pytest.approx(values.std(ddof=1), rel=0.3)


def test_the_jackknife_error_of_a_mean_is_its_standard_error() -> None:
    values = np.random.default_rng(8).normal(3, 1, 10)
    found = jackknife(
        10, lambda left_out: float(np.delete(values, [] if left_out is None else left_out).mean()), 10
    )
    assert found is not None
    assert found.value == pytest.approx(values.mean())
    assert found.error == pytest.approx(values.std(ddof=1) / np.sqrt(10))


def test_correlations_are_those_of_numpy() -> None:
    rng = np.random.default_rng(9)
    rows = rng.normal(size=(500, 3)) @ rng.normal(size=(3, 3))
    assert matrix(rows) == pytest.approx(np.corrcoef(rows, rowvar=False))
    rows[:, 1] = 2.0
    assert np.isnan(matrix(rows)[1]).all()


def test_the_joint_energy_distance_sees_what_no_single_variable_shows() -> None:
    rng = np.random.default_rng(10)
    one = rng.normal(size=(800, 2))
    two = rng.normal(size=(800, 1)) * np.array([[1.0, 0.6]]) + rng.normal(size=(800, 2)) * np.array(
        [[0.0, 0.8]]
    )
    same, other = joint_energy(one, rng.normal(size=(800, 2)), rng), joint_energy(one, two, rng)
    assert same is not None
    assert other is not None
    assert same[1] > 0.05
    assert other[1] == pytest.approx(1 / 200)


def test_four_leptons_are_two_pairs_of_opposite_charge_and_same_flavour() -> None:
    def lepton(kind: str, charges: list[list[int]]) -> Objects:
        offsets = offsets_from_counts(np.array([len(row) for row in charges]))
        n = int(offsets[-1])
        angle = np.concatenate([np.arange(len(row)) + (kind == "muon") / 2 for row in charges])
        return Objects(
            kind=kind, offsets=offsets, pt=np.full(n, 30.0), eta=np.zeros(n), phi=np.pi * angle, mass=np.zeros(n),
            charge=np.array([c for row in charges for c in row], float), btag=np.full(n, np.nan), rows=np.arange(n),
        )  # fmt: skip

    objects = {
        "electron": lepton("electron", [[1, -1], [1, 1], [1, -1, 1], [1, -1]]),
        "muon": lepton("muon", [[1, -1], [-1, -1], [-1], [1]]),
    }
    assert four_leptons(Event(n_events=4, objects=objects), 5.0) == pytest.approx(
        [120.0, np.nan, np.nan, np.nan], nan_ok=True
    )


def test_a_peak_is_not_invented() -> None:
    edges = np.linspace(70, 110, 81)
    assert isinstance(fit_peak(edges, np.full(80, 1.0)), str)
    flat = fit_peak(edges, np.random.default_rng(1).poisson(50, 80).astype(float))
    assert isinstance(flat, str) or flat.width.error > 0.2 * flat.width.value
