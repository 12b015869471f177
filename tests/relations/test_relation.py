"""Every kind of relation against an independent formula, and hostile descriptions."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_tables import table

from hepack._errors import CorruptFileError
from hepack.relations import NOTHING, Expression, Relation, TableView
from hepack.relations.kinds import KINDS
from hepack.table import EventTable

RNG = np.random.default_rng(11)
N = 300
COUNTS = RNG.integers(0, 5, N)
OTHER = RNG.integers(0, 4, N)
J, K = int(COUNTS.sum()), int(OTHER.sum())


def _index() -> Any:
    room = np.repeat(COUNTS, OTHER)
    return np.where(room > 0, RNG.integers(-1, 5, K) % np.maximum(room, 1), -1).astype(np.int32)


def data() -> EventTable:
    pt, eta = RNG.exponential(30, N) + 1, RNG.normal(0, 1.5, N)
    phi, m = RNG.uniform(-np.pi, np.pi, N), RNG.exponential(1, N)
    p = pt * np.cosh(eta)
    events = {
        "pt": pt, "eta": eta, "phi": phi, "m": m, "px": pt * np.cos(phi), "py": pt * np.sin(phi),
        "pz": pt * np.sinh(eta), "p": p, "E": np.hypot(p, m), "theta": 2 * np.arctan(np.exp(-eta)),
        "mt": np.hypot(pt, m), "met": RNG.exponential(20, N), "metphi": RNG.uniform(-np.pi, np.pi, N),
        "i": RNG.integers(-5, 5, N), "k": RNG.integers(0, 5, N).astype(np.uint8), "big": RNG.integers(0, 2**63, N),
        "flag": RNG.random(N) < 0.5, "out": np.zeros(N), "iout": np.zeros(N, np.int64),
    }  # fmt: skip
    jets = {"jet_pt": RNG.exponential(30, J), "jet_id": RNG.integers(0, 3, J), "jet_out": np.zeros(J)}
    others = {"mu_jet": _index(), "mu_out": np.zeros(K), "mu_iout": np.zeros(K, np.int32)}
    return table(events, {"jet": (COUNTS, jets), "mu": (OTHER, others)})


TABLE = data()
C = TABLE.columns
RUNS = np.split(C["jet_pt"], TABLE.offsets["jet"][1:-1])
IDS = np.split(C["jet_id"], TABLE.offsets["jet"][1:-1])


def predict(target: str, formula: Expression) -> Any:
    relation = Relation(target, formula)
    again = Relation.from_json(json.loads(json.dumps(relation.to_json())), TABLE.schema)
    assert again == relation
    return relation.predict(TableView(TABLE))


def vector(wanted: str, *roles: str, sign: int = 1, fixed: str = "", value: float = 0.0) -> Expression:
    return Expression("vector", roles, (wanted, (sign, roles, fixed, value)))


def test_linear_of_integers_is_exact() -> None:
    found = predict("iout", Expression("linear", ("i", "big"), (3, -1, 2)))
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, 3 * C["i"] - C["big"] + 2)
    floats = predict("out", Expression("linear", ("pt", "i"), (0.5, 2, 1.25)))
    np.testing.assert_array_equal(floats, (C["pt"] * 0.5 + C["i"] * 2.0) + 1.25)
    flags = predict("flag", Expression("linear", ("flag",), (1, 0)).__class__("linear", ("k",), (-1, 1)))
    np.testing.assert_array_equal(flags, 1 - C["k"].astype(np.int64))


def test_products_and_quotients() -> None:
    found = predict("out", Expression("product", ("pt", "m", "p"), (2.5, 2, 1, -1)))
    np.testing.assert_allclose(found, 2.5 * C["pt"] ** 2 * C["m"] / C["p"], rtol=1e-14)
    found = predict("out", Expression("product", ("pt",), (1, -1)))
    np.testing.assert_array_equal(found, 1 / C["pt"])
    found = predict("out", Expression("quotient", ("pt",), (1, 1000)))
    np.testing.assert_array_equal(found, C["pt"] / 1000)


@pytest.mark.parametrize(
    ("target", "roles"),
    [
        ("pt", ("px", "py")), ("pt", ("p", "eta")), ("pt", ("p", "theta")), ("pt", ("mt", "m")), ("pt", ("p", "pz")),
        ("phi", ("px", "py")), ("px", ("pt", "phi")), ("py", ("p", "theta", "phi")), ("pz", ("pt", "eta")),
        ("pz", ("p", "theta")), ("pz", ("pt", "theta")), ("p", ("px", "py", "pz")), ("p", ("pt", "pz")),
        ("p", ("E", "m")), ("p", ("pt", "theta")), ("eta", ("px", "py", "pz")), ("eta", ("theta",)),
        ("theta", ("pt", "pz")), ("theta", ("eta",)), ("m", ("E", "p")), ("m", ("mt", "pt")),
        ("E", ("pt", "eta", "m")), ("E", ("px", "py", "pz", "m")), ("mt", ("pt", "m")), ("mt", ("E", "pz")),
    ],
)  # fmt: skip
def test_one_particle(target: str, roles: tuple[str, ...]) -> None:
    found = predict("out", vector(target, *roles))
    np.testing.assert_allclose(found, C[target], rtol=1e-7, atol=1e-9)


def test_rapidity_and_fixed_mass() -> None:
    y = predict("out", vector("y", "pt", "eta", "m"))
    np.testing.assert_allclose(y, np.arctanh(C["pz"] / C["E"]), rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(
        predict("out", vector("E", "px", "py", "pz", fixed="m", value=0.105)), np.hypot(C["p"], 0.105)
    )
    np.testing.assert_allclose(predict("out", vector("et", "E", "eta")), C["E"] / np.cosh(C["eta"]))


def test_pair_mass_and_recoil() -> None:
    roles = ("pt", "eta", "phi", "m")
    other = ("met", "eta", "metphi")
    pair = Expression(
        "vector", (*roles, *other), ("m", (1, roles, "", 0), (1, ("pt", "eta", "phi"), "m", 0.0))
    )
    met = {"px": C["met"] * np.cos(C["metphi"]), "py": C["met"] * np.sin(C["metphi"])}
    pz = C["met"] * np.sinh(C["eta"])
    total = [C["px"] + met["px"], C["py"] + met["py"], C["pz"] + pz]
    energy = C["E"] + C["met"] * np.cosh(C["eta"])
    square = energy**2 - sum(part**2 for part in total)
    np.testing.assert_allclose(predict("out", pair), np.sqrt(square), rtol=1e-8)
    recoil = predict("out", vector("phi", "px", "py", sign=-1))
    np.testing.assert_allclose(recoil, np.arctan2(-C["py"], -C["px"]))


def test_calls() -> None:
    delta = predict("out", Expression("call", ("phi", "metphi"), ("dphi",)))
    expected = np.arctan2(np.sin(C["phi"] - C["metphi"]), np.cos(C["phi"] - C["metphi"]))
    np.testing.assert_allclose(delta, expected, atol=1e-14)
    radius = predict("out", Expression("call", ("eta", "phi", "pz", "metphi"), ("dr",)))
    np.testing.assert_allclose(radius, np.hypot(C["eta"] - C["pz"], expected), rtol=1e-13)
    mass = predict("out", Expression("call", ("pt", "phi", "met", "metphi"), ("mt",)))
    np.testing.assert_allclose(mass, np.sqrt(2 * C["pt"] * C["met"] * (1 - np.cos(expected))), rtol=1e-7)


def test_lengths_ranks_and_reductions() -> None:
    np.testing.assert_array_equal(predict("iout", Expression("length", (), ("jet",))), COUNTS)
    rank = predict("jet_out", Expression("rank", (), ("jet", 1)))
    np.testing.assert_array_equal(rank, np.concatenate([np.arange(n) + 1 for n in COUNTS]))
    total = predict("out", Expression("reduce", ("jet_pt",), ("sum",)))
    for run, value in zip(RUNS, total, strict=True):
        summed = 0.0
        for part in run:
            summed += part
        assert value == summed
    highest = predict("out", Expression("reduce", ("jet_pt",), ("max",)))
    second = predict("out", Expression("reduce", ("jet_pt",), ("nth", 1)))
    lowest = predict("iout", Expression("reduce", ("jet_id",), ("min",)))
    for run, ids, high, next_, low in zip(RUNS, IDS, highest, second, lowest, strict=True):
        assert (high == run.max()) if len(run) else np.isnan(high)
        assert (next_ == run[1]) if len(run) > 1 else np.isnan(next_)
        assert low == (ids.min() if len(ids) else NOTHING)
    count = predict("iout", Expression("reduce", ("jet_id",), ("count",)))
    np.testing.assert_array_equal(count, [np.count_nonzero(ids) for ids in IDS])
    chosen = predict("out", Expression("reduce", ("jet_pt", "jet_id"), ("sum",)))
    np.testing.assert_allclose(chosen, [run[ids != 0].sum() for run, ids in zip(RUNS, IDS, strict=True)])
    first = predict("out", Expression("reduce", ("jet_pt", "jet_id"), ("nth", 0)))
    for run, ids, value in zip(RUNS, IDS, first, strict=True):
        kept = run[ids != 0]
        assert (value == kept[0]) if len(kept) else np.isnan(value)


def test_copies_through_an_index() -> None:
    found = predict("mu_out", Expression("gather", ("jet_pt", "mu_jet")))
    whole = predict("mu_iout", Expression("gather", ("jet_id", "mu_jet")))
    owner = np.repeat(np.arange(N), OTHER)
    for value, number, index, event in zip(found, whole, C["mu_jet"], owner, strict=True):
        valid = 0 <= index < COUNTS[event]
        assert (value == RUNS[event][index]) if valid else np.isnan(value)
        assert number == (IDS[event][index] if valid else NOTHING)


def test_event_columns_reach_objects() -> None:
    found = predict("jet_out", Expression("linear", ("jet_pt", "met"), (1, -1, 0)))
    np.testing.assert_array_equal(found, C["jet_pt"] - np.repeat(C["met"], COUNTS))


def test_tables_and_guards() -> None:
    keys, flags = (1, 0, 4, 1), (0, 1, 1, 1)
    formula = Expression("table", ("k", "flag"), (keys, flags, (0.5, 1.5, 2.5, 3.5)))
    known = dict(zip(zip(keys, flags, strict=True), (0.5, 1.5, 2.5, 3.5), strict=True))
    expected = [known.get((k, f), math.nan) for k, f in zip(C["k"].tolist(), C["flag"].tolist(), strict=True)]
    np.testing.assert_array_equal(predict("out", formula), expected)
    whole = predict("iout", Expression("table", ("k",), ((3, 2), (7, -7))))
    np.testing.assert_array_equal(whole, [{3: 7, 2: -7}.get(k, NOTHING) for k in C["k"].tolist()])
    guard = predict("out", Expression("guard", (Expression("call", ("pt",), ("log",)), "k"), (2, -999.0)))
    np.testing.assert_allclose(guard, np.where(C["k"] == 2, -999, np.log(C["pt"])))


def test_rounding_to_an_integer_target() -> None:
    found = predict("iout", Expression("product", ("pt", "out"), (1, 1, -1)))
    assert (found == NOTHING).all()
    np.testing.assert_array_equal(predict("iout", Expression("linear", ("pt",), (1.0, 0))), np.rint(C["pt"]))


HOSTILE: list[Any] = [
    None, 7, "pt", [], ["pt"], ["out", "pt"], ["nobody", ["linear", [1, 0], "pt"]], ["out", ["nothing", [], "pt"]],
    ["out", ["linear", [1], "pt"]], ["out", ["linear", [1, 0], "nobody"]], ["out", ["linear", [True, 0], "pt"]],
    ["out", ["linear", [float("nan"), 0], "pt"]], ["out", ["linear", [2**70, 0], "pt"]], ["out", ["linear", [0]]],
    ["out", ["product", [1, 0], "pt"]], ["out", ["product", [1, 10**9], "pt"]], ["out", ["product", [1, 1.0], "pt"]],
    ["out", ["quotient", [1, 0], "pt"]], ["out", ["call", ["eval"], "pt"]], ["out", ["call", ["atan2"], "pt"]],
    ["out", ["call", [["atan2"]], "pt"]], ["out", ["vector", ["m"], "pt"]], ["out", ["linear", [1, 0], "out"]],
    ["out", ["vector", ["m", [1, ["pt"], "", 0]], "pt"]],
    ["out", ["vector", ["pt", [1, ["px", "px"], "", 0]], "px", "px"]],
    ["out", ["vector", ["pt", [2, ["px", "py"], "", 0]], "px", "py"]], ["out", ["vector", ["pt", 3], "px"]],
    ["out", ["vector", [["pt"], [1, [["px"], "py"], "", 0]], "px", "py"]], ["out", ["length", ["nobody"]]],
    ["out", ["length", ["jet"], "pt"]], ["out", ["rank", ["jet", 0]]], ["jet_out", ["rank", ["jet", 2**40]]],
    ["out", ["reduce", ["sum"], "pt"]], ["out", ["reduce", ["nth", -1], "jet_pt"]],
    ["out", ["reduce", ["mean"], "jet_pt"]],
    ["out", ["reduce", ["sum"], "jet_pt", "mu_jet"]], ["out", ["linear", [1, 0], "jet_pt"]],
    ["mu_out", ["linear", [1, 1, 0], "jet_pt", "mu_jet"]], ["out", ["gather", [], "pt", "i"]],
    ["out", ["gather", [], "jet_pt"]], ["out", ["table", [[1], [1]]]], ["out", ["table", [[1, 2], [1]], "k"]],
    ["out", ["table", [[1], ["x"]], "k"]], ["out", ["table", [[], []], "k"]], ["out", ["table", [[1], [1, 2.5]], "k"]],
    ["out", ["table", [[1], [float("inf")]], "k"]], ["out", ["table", [1, 2], "k"]], ["out", ["guard", [1, 2], "pt"]],
    ["out", ["table", [list(range(5000)), list(range(5000))], "k"]], ["out", ["linear", [[[[[[1]]]]], 0], "pt"]],
    ["out", ["linear", [1] * 60 + [0], *["pt"] * 60]], ["out", {"linear": 1}], ["out", ["linear", {"a": 1}, "pt"]],
    ["out", ["linear", [1, 0], ["linear", [1, 0], 5]]], [["out"], ["linear", [1, 0], "pt"]],
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_hostile(value: Any) -> None:
    with pytest.raises(CorruptFileError):
        Relation.from_json(value, TABLE.schema)


def test_deep_and_wide_trees_are_refused() -> None:
    deep: Any = "pt"
    for _ in range(40):
        deep = ["linear", [1, 0], deep]
    wide: Any = ["linear", [1, 1, 0], "pt", "pt"]
    for _ in range(7):
        wide = ["linear", [1, 1, 0], wide, wide]
    for formula in (deep, wide):
        with pytest.raises(CorruptFileError, match="too large"):
            Relation.from_json(["out", formula], TABLE.schema)


def test_no_events() -> None:
    empty = EventTable.empty(TABLE.schema)
    for formula in [
        Expression("reduce", ("jet_pt",), ("max",)),
        Expression("reduce", ("jet_pt",), ("sum",)),
        Expression("linear", ("pt",), (1, 0)),
        Expression("table", ("k",), ((1,), (1,))),
        vector("pt", "px", "py"),
    ]:
        assert Relation("out", formula).predict(TableView(empty)).shape == (0,)
    found = Relation("mu_out", Expression("gather", ("jet_pt", "mu_jet"))).predict(TableView(empty))
    assert found.shape == (0,)


@settings(max_examples=300)
@given(
    st.recursive(
        st.sampled_from(["pt", "i", "jet_pt", "mu_jet", "nobody"]) | st.integers() | st.floats() | st.none(),
        lambda inner: st.tuples(
            st.sampled_from([*KINDS, "zz"]),
            st.lists(inner | st.sampled_from(["sum", "nth", "dr", "jet"]), max_size=4),
        ).flatmap(lambda head: st.lists(inner, max_size=3).map(lambda tail: [*head, *tail])),
        max_leaves=12,
    )
)
def test_any_formula_is_refused_or_predicts(formula: Any) -> None:
    try:
        relation = Relation.from_json(["jet_out", formula], TABLE.schema)
    except CorruptFileError:
        return
    found = relation.predict(TableView(TABLE))
    assert found.shape == (J,)
    assert found.dtype == np.float64


def test_predictions_have_the_same_bits_everywhere() -> None:
    steps = np.arange(1, 4001, dtype=np.float64)
    eta = steps * (steps - 3000) / 2.0**21
    columns = {
        "pt": steps / 32,
        "eta": eta,
        "phi": (steps % 201) / 32 - 3.125,
        "m": (steps % 77) / 128,
        "out": steps,
    }
    small = table(columns)
    roles = ("pt", "eta", "phi", "m")
    found = [
        Relation("out", vector(wanted, *roles, sign=sign)).predict(TableView(small))
        for wanted in ("px", "py", "pz", "E", "p", "theta", "y", "mt", "et", "beta", "gamma", "m", "eta")
        for sign in (1, -1)
    ]
    digest = hashlib.blake2b(
        np.nan_to_num(np.concatenate(found), nan=7.0).tobytes(), digest_size=6
    ).hexdigest()
    assert digest == "ed224083ab79"


def test_parts_written_alike_are_one_and_others_are_not() -> None:
    whole, real = (Expression("linear", ("i",), (one, 0)) for one in (1, 1.0))
    assert whole == real  # 1 == 1.0, but int64 is not float64
    both = Expression("call", (Expression("call", (whole, real), ("max",)), whole), ("min",))
    read = Relation.from_json(json.loads(json.dumps(Relation("out", both).to_json())), TABLE.schema).formula
    (first, second), again = read.inputs[0].inputs, read.inputs[1]  # type: ignore[union-attr]
    assert first is again
    assert [type(part.settings[0]) for part in (first, second)] == [int, float]  # type: ignore[union-attr]
