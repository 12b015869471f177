"""What commands show while they learn, and where they store it."""

from __future__ import annotations

import io
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from hepack.cli import screen
from hepack.cli.main import cli


def test_a_bar_has_its_first_name_until_something_is_done() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100)
    with (
        mock.patch.object(screen, "Console", return_value=console),
        screen.progress_bar("packing", first="learning") as report,
    ):
        report(0, 10)
        assert "packing" not in out.getvalue()
        report(5, 10)
    text = out.getvalue()
    assert 0 <= text.index("learning") < text.index("packing")


def test_a_checkpoint_is_for_nets(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros(10, [("x", "f4")]))
    run = CliRunner().invoke(
        cli, ["fit", str(tmp_path / "a.npy"), "-o", str(tmp_path / "a.hpm"), "--checkpoint", str(tmp_path)]
    )
    assert run.exit_code != 0
    assert "--best" in f"{run.output}{run.exception}"


def test_each_table_of_a_fit_has_a_folder_for_its_state(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    table = np.empty(1000, [("x", "i4"), ("y", "i4")])
    table["x"] = rng.poisson(20, 1000)
    table["y"] = table["x"] + rng.poisson(2, 1000)
    np.save(tmp_path / "a.npy", table)
    target, folder = str(tmp_path / "a.hpm"), tmp_path / "state"
    # that training goes on from such a folder is tested where training is
    with mock.patch(
        "hepack.training.fit_mlps", side_effect=lambda problems, **_: [None] * len(problems)
    ) as nets:
        words = ["fit", str(tmp_path / "a.npy"), "-o", target, "--best", "--checkpoint", str(folder)]
        run = CliRunner().invoke(cli, words)
    assert run.exit_code == 0, run.output
    assert nets.call_args.kwargs["checkpoint"] == folder / "table-0"
