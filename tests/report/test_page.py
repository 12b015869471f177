"""The page: one file, nothing fetched, opened in a browser where there is one; PDF, plots, JSON."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hepack._errors import BadRequestError
from hepack.evaluate.results import Comparison
from hepack.report.plain import to_json, to_text
from hepack.report.policy import Policy, load_policy
from hepack.report.verdict import Verdict, judge
from hepack.report.write import Outputs, write

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
VOID = {"meta", "br", "path", "use", "rect", "image", "link"}


@pytest.fixture(scope="module")
def folder(sound: Comparison, broken: Comparison, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report")
    policy = replace(load_policy(), figures=4)
    files = {end: path / f"broken.{end}" for end in ("html", "pdf", "json")}
    outputs = Outputs(page=files["html"], pdf=files["pdf"], json=files["json"], plots=path / "plots")
    write(broken, judge(broken, policy), policy, outputs)
    outputs = Outputs(page=path / "sound.html", json=path / "sound.json")
    write(sound, judge(sound, policy), policy, outputs)
    return path


class Balance(HTMLParser):
    """Tags that are closed in order, and ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for key, value in attrs if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value or "" for key, value in attrs if key == "id"]

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


@pytest.mark.parametrize("name", ["sound", "broken"])
def test_the_page_is_small_complete_and_fetches_nothing(folder: Path, name: str) -> None:
    text = (folder / f"{name}.html").read_text(encoding="utf-8")
    assert len(text.encode()) < 5_000_000
    assert not re.search(r'(?:src|href)="(?!#|data:)', text)
    assert "@import" not in text
    assert "url(http" not in text
    parser = Balance()
    parser.feed(text)
    assert parser.wrong == []
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids))


def test_what_a_file_is_called_is_no_markup(folder: Path) -> None:
    text = (folder / "broken.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_the_verdict_is_said_in_words(folder: Path) -> None:
    text = (folder / "broken.html").read_text(encoding="utf-8")
    assert ">FAIL<" in text
    assert "pt is too high by 2 % on average everywhere" in text
    assert "wrapped by a whole turn" in text
    assert "width is 0 throughout the other file" in text
    assert ">PASS<" in (folder / "sound.html").read_text(encoding="utf-8")


def test_each_plot_is_there_as_png_and_pdf(folder: Path) -> None:
    names = {path.stem for path in (folder / "plots").glob("*.png")}
    assert {"variable-pt", "crossings", "turn-on-jet", "correlation-events"} <= names
    assert names == {path.stem for path in (folder / "plots").glob("*.pdf")}
    assert (folder / "broken.pdf").read_bytes().startswith(b"%PDF")


def test_a_sound_file_has_all_its_figures(folder: Path) -> None:
    text = (folder / "sound.html").read_text(encoding="utf-8")
    for name in ("event-m_ee", "turn-on-ht", "crossings", "variable-Jet_pt", "classifier-Jet", "stack-kind"):
        assert f'<figure id="{name}">' in text


def test_the_json_keeps_its_shape(folder: Path, sound: Comparison) -> None:
    value = json.loads((folder / "sound.json").read_text(encoding="utf-8"))
    assert value["schema"] == "hepack.report/1"
    assert set(value) == {"schema", "hepack", "passed", "headline", "verdict", "comparison"}
    assert set(value["verdict"]["checks"][0]) == {"code", "title", "status", "figure", "limit", "sentence"}
    table = value["comparison"]["tables"][0]
    assert {"variables", "crossings", "turn_ons", "quantities", "tests", "findings", "selections"} <= set(
        table
    )
    assert {"made", "lost", "made_fraction", "above_before"} <= set(table["crossings"][0])
    assert "NaN" not in to_text(sound, judge(sound, load_policy()))


def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium is installed, so the page cannot be opened")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sound", "broken"])
def test_the_page_opens_in_a_browser_and_its_script_runs(folder: Path, name: str, tmp_path: Path) -> None:
    command = [
        browser(), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}",
        "--virtual-time-budget=4000",
        "--enable-logging=stderr", "--dump-dom", f"{(folder / f'{name}.html').as_uri()}#dark",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert 'data-ready="yes"' in done.stdout
    assert 'data-theme="dark"' in done.stdout
    assert "Uncaught" not in done.stderr
    assert done.stdout.count("<svg") > 4


def verdict(comparison: Comparison, **limits: float) -> Verdict:
    policy: Policy = load_policy()
    return judge(comparison, replace(policy, limits=replace(policy.limits, **limits)))


def test_limits_decide(sound: Comparison) -> None:
    assert verdict(sound).passed
    strict = verdict(sound, resolution=1e-4)
    assert not strict.passed
    assert strict.checks[0].code == "resolution"
    assert strict.checks[0].status == "fail"


def test_a_check_that_cannot_be_made_does_not_fail(broken: Comparison) -> None:
    states = {check.code: check.status for check in verdict(broken).checks}
    assert states["mass"] == "not tested"
    assert states["bound"] == "not tested"
    assert states["faults"] == states["bias"] == "fail"


def test_a_policy_changes_only_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "strict.toml"
    path.write_text(
        '[limits]\nauc = 0.505\n[compare]\ncuts = [20]\nselections = ["met > 10"]\n[objects.jet]\npt = "q"\n'
    )
    policy = load_policy(path)
    assert policy.limits.auc == 0.505
    assert policy.limits.mass_shift == load_policy().limits.mass_shift
    assert policy.settings.cuts == (20.0,)
    assert policy.settings.objects == {"jet": {"pt": "q"}}


@pytest.mark.parametrize(
    "text",
    [
        "[limit]\nauc = 1", "[limits]\nauk = 1", "[limits]\nauc = 'x'", "[limits]\nauc = true", "[compare]\ncuts = 3",
        "[compare]\nmode = 'both'", "[triggers]\nfoo = 3", "[objects]\njet = 3", "limits = 3", "[limits\n",
        "[compare]\nunit = 'ergs'",
    ],
)  # fmt: skip
def test_a_wrong_policy_is_refused_in_a_sentence(text: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(text)
    with pytest.raises(BadRequestError):
        load_policy(path)


def test_json_of_a_comparison_without_tables() -> None:
    empty = Comparison(tables=())
    assert to_json(empty, judge(empty, load_policy()))["passed"] is False
