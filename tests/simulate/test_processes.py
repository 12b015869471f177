"""The registry of processes and requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from hepack._errors import BadRequestError
from hepack.simulate import Request, get_process, process_ids
from hepack.simulate.process import registry

UNDOCUMENTED = {"--quiet", "--overwrite"}
WANTED = {
    "qcd", "qcd_high", "qcd_flat", "ttbar", "single_top", "wjets", "zjets", "gamma_jets", "dibosons",
    "higgs_4l", "gluino_pairs", "stop_pairs", "zprime_tt", "zprime_qq", "wprime_xy", "leptoquark", "a_4l",
    "h0_tautau", "hplus_taunu", "hidden_valley",
}  # fmt: skip


def test_registry_is_complete_and_consistent() -> None:
    assert set(process_ids()) >= WANTED
    for name, process in registry().items():
        assert name == process.id
        assert process.cross_section > 0
        assert all("=" in setting for setting in process.settings)


@pytest.mark.parametrize(("name", "near"), [("tbar", "ttbar"), ("Zmumu", "zmumu"), ("higgs", "higgs_4l")])
def test_unknown_process_names_the_nearest(name: str, near: str) -> None:
    with pytest.raises(BadRequestError, match=f"'{name}'.*{near}"):
        get_process(name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"layout": "nanoad"}, "nanoaod"),
        ({"precision": "half"}, "full or nano"),
        ({"events": 0}, "1 or more"),
        ({"seed": -1}, "seed"),
        ({"energy": 10.0}, "1000"),
        ({"pile_up": -1.0}, "pile-up"),
        ({"chunk": 0}, "chunk"),
    ],
)
def test_bad_requests_are_refused(change: dict[str, object], says: str) -> None:
    with pytest.raises(BadRequestError, match=says):
        Request(**{"process": "ttbar", "events": 10, **change})


def test_chunks_cover_the_events() -> None:
    assert list(Request(process="ttbar", events=25, chunk=10).chunks()) == [(0, 10), (1, 10), (2, 5)]


def test_key_tells_requests_apart() -> None:
    keys = {Request(process="ttbar", events=10, seed=seed).key for seed in range(5)}
    assert len(keys) == 5


def test_documentation_lists_every_process_and_option() -> None:
    from hepack.cli.simulate import command

    text = (Path(__file__).resolve().parents[2] / "docs" / "simulate.md").read_text()
    for process in registry().values():
        assert f"| `{process.id}` | {process.title} | {process.cross_section:.2g} |" in text
    for parameter in command.params:
        option = max((*parameter.opts, *parameter.secondary_opts), key=len)
        assert parameter.param_type_name == "argument" or option in text or option in UNDOCUMENTED
