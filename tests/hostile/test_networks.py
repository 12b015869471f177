"""Networks that are sound by every checksum and lie in their content; hidden columns that contradict the plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forge import forge

from hepack._errors import HepackError
from hepack.archive.packed import PackedFile
from hepack.archive.verify import verify

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "v3"


def read(path: Path) -> None:
    with PackedFile(path) as packed:
        for table in packed.tables:
            table.read()


def network(**changes: Any) -> Callable[[Any], None]:
    """Change entries of the network's description."""

    def edit(header: Any) -> None:
        if "n" in header:
            header["n"] |= changes

    return edit


def net(**changes: Any) -> Callable[[Any], None]:
    """Change entries of the net inside."""

    def edit(header: Any) -> None:
        if "n" in header:
            header["n"]["net"] |= changes

    return edit


def row(place: int, value: Any) -> Callable[[Any], None]:
    def edit(header: Any) -> None:
        if "n" in header:
            for each in header["m"]:
                each[place] = value

    return edit


def wrong_targets(header: Any) -> None:
    """Each column says that it is the output of another."""
    if "n" in header:
        for each in header["m"]:
            each[5][1][1] = [(each[5][1][1][0] + 1) % len(header["n"]["columns"])]


def without_items(header: Any) -> None:
    if "n" in header:
        header["m"] = []


EDITS: dict[str, Callable[[Any], Any]] = {
    "no object": lambda h: {**h, "n": 3} if "n" in h else None,
    "nothing": lambda h: {**h, "n": {}} if "n" in h else None,
    "no latent": network(latent=[]),
    "latent that is no column": network(latent=["nope", "neither"]),
    "latent that is no hidden column": network(latent=["Jet_a", "Jet_b"]),
    "latent on another axis": network(latent=["MET", "MET"]),
    "latent twice": network(latent=["latent of Jet 0", "latent of Jet 0"]),
    "one latent": network(latent=["latent of Jet 0"]),
    "columns that are integers": network(columns=["Jet_n"] * 6),
    "columns of another number": network(columns=["Jet_a"]),
    "columns of lists": network(columns=[[], []]),
    "too large": net(layers=[[8192, 8192, 0, 0]] * 3),
    "layers of nothing": net(layers=[]),
    "layers of words": net(layers=[["a", 1, 1, 1]]),
    "negative layers": net(layers=[[-5, -5, 0, 0]] * 2),
    "too many layers": net(layers=[[2, 2, 0, 1]] * 500),
    "activation": net(activation="sine"),
    "folds": net(folds=99),
    "bits": net(latent_bits=[10**6, 3]),
    "bits of nothing": net(latent_bits=[]),
    "scales": network(scales=[[0, 0, 0, 0]] * 6),
    "huge scales": network(scales=[[0, 1e308, 0, 64]] * 6),
    "scales of words": network(scales=[["a", "b", "c", "d"]] * 6),
    "lengths": network(lengths=[2**40]),
    "negative lengths": network(lengths=[-1, 5]),
    "lengths of words": network(lengths=["a"]),
    "no items": without_items,
    "items of another output": wrong_targets,
    "items of no output": row(5, ["Jet_a", ["net", [77]]]),
    "items with a relation": row(5, ["Jet_a", ["linear", [1, 0], "Jet_b"]]),
    "items without a prediction": row(5, 0),
    "items with a conditional": row(7, "t"),
    "map": row(2, ["bare", "low", 3]),
    "map of numbers": row(2, ["bare", 2]),
    "role": row(0, "counts"),
}


@pytest.mark.parametrize("kind", ["unbounded", "bounded"])
@pytest.mark.parametrize("name", EDITS)
def test_a_lying_network_is_an_error_or_harmless(name: str, kind: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.hpk"
    bad.write_bytes(forge(GOLDEN / f"{kind}.hpk", model=EDITS[name]))
    try:
        read(bad)
    except HepackError:
        assert not verify(bad).sound
    else:
        assert verify(bad).sound  # what was changed is not used, or says the same


@pytest.mark.parametrize(
    "hidden",
    [[["Jet", "Jet_a"]], [["Nope", "latent of Jet 0"]], [["Jet"]], [[1, 2]], 7, [], [["Jet", "x"]] * 2,
     [["", "latent of Jet 0"], ["", "latent of Jet 1"]]],
)  # fmt: skip
def test_hidden_columns_that_lie(hidden: Any, tmp_path: Path) -> None:
    def edit(plan: Any) -> None:
        plan["tables"][0]["hidden"] = hidden

    bad = tmp_path / "bad.hpk"
    bad.write_bytes(forge(GOLDEN / "unbounded.hpk", plan=edit))
    with pytest.raises(HepackError):
        read(bad)


def test_a_bound_of_an_unknown_mode(tmp_path: Path) -> None:
    for value in (["unbounded", 3.0], ["unlimited", 0.0]):

        def edit(plan: Any, value: Any = value) -> None:
            for variable in plan["tables"][0]["variables"]:
                if len(variable) == 3 and "tolerance" in variable[2]:
                    variable[2]["tolerance"] = value

        bad = tmp_path / "bad.hpk"
        bad.write_bytes(forge(GOLDEN / "unbounded.hpk", plan=edit))
        with pytest.raises(HepackError):
            read(bad)
