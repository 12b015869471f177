"""The proof: Verilog and C++ give the integer program's scores, and a fault is noticed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from nets import random_inputs, random_net

from hepack._errors import BadRequestError, HepackError, LimitError
from hepack.firmware import run, tools
from hepack.firmware.export import export

POINTS = (6, 5, 4)
NET = random_net((8, 5, 3), "sum_squares")


def test_files_are_written_without_tools(tmp_path):
    done = export(NET, POINTS, random_inputs(NET, 50), tmp_path / "out", name="tiny", simulate=False)
    names = {p.name for p in (tmp_path / "out").iterdir()}
    assert names == {
        "tiny.v", "tiny_tb.v", "tiny.h", "tiny.cpp", "tiny_tb.cpp", "inputs.hex", "scores.hex", "cost.json",
    }  # fmt: skip
    assert done.proof.skipped == {"hls": "not asked for", "rtl": "not asked for"}
    assert json.loads((tmp_path / "out" / "cost.json").read_text())["cost"]["lut"] == done.cost.lut


@pytest.mark.skipif(tools.find_compiler() is None, reason="no C++ compiler")
@pytest.mark.parametrize("score", ["sum_squares", "distance"])
def test_the_cpp_is_the_integer_program(tmp_path, score):
    net = random_net((8, 5, 3, 8), score)
    inputs = random_inputs(net, 300)
    export(net, (6, 5, 4, 6), inputs, tmp_path, name="tiny", simulate=False)
    numbers = "\n".join(" ".join(map(str, row)) for row in inputs.tolist())
    assert [int(w) for w in tools.run_hls(tmp_path, "tiny", numbers).split()] == run.scores(
        net, inputs
    ).tolist()


@pytest.mark.slow
@pytest.mark.skipif(bool(tools.missing_tools()), reason=tools.missing_tools() or "tools are there")
def test_the_verilog_is_the_integer_program(tmp_path):
    inputs = random_inputs(NET, 2000)
    edge = int(np.quantile(run.scores(NET, inputs), 0.7))
    net = replace(NET, threshold=edge, prescale=3)
    done = export(net, POINTS, inputs, tmp_path, name="tiny")
    assert done.proof.rtl
    assert done.proof.hls
    assert done.proof.latency == done.cost.latency
    assert done.proof.kept == done.proof.accepted // 3 > 0


@pytest.mark.slow
@pytest.mark.skipif(bool(tools.missing_tools()), reason=tools.missing_tools() or "tools are there")
def test_a_wrong_score_in_the_verilog_is_noticed(tmp_path):
    export(NET, POINTS, random_inputs(NET, 40), tmp_path, name="tiny", simulate=False)
    lines = (tmp_path / "scores.hex").read_text().split()
    lines[7] = f"{int(lines[7], 16) ^ 1:08x}"
    (tmp_path / "scores.hex").write_text("\n".join(lines) + "\n")
    shown = tools.run_verilog(tmp_path, ["tiny.v", "tiny_tb.v"], "tiny_tb")
    assert "events 40 wrong 1 " in shown


def test_a_wrong_request_is_refused(tmp_path):
    for name in ("2 bad", "small", "\u00e4"):
        with pytest.raises(BadRequestError, match="no name"):
            export(NET, POINTS, random_inputs(NET, 5), tmp_path, name=name)
    with pytest.raises(BadRequestError, match="empty"):
        export(NET, POINTS, np.zeros((0, 8), np.int32), tmp_path)


def test_a_score_wider_than_the_port_is_refused(tmp_path):
    last = replace(NET.layers[-1], shift=0, low=-(1 << 20), high=1 << 20)
    loud = replace(last, weights=last.weights * 1000)
    wide = replace(NET, layers=(*NET.layers[:-1], loud))
    for net in (wide, replace(NET, threshold=1 << 32)):
        with pytest.raises(LimitError, match="do not fit the 32 bits"):
            export(net, POINTS, random_inputs(net, 5), tmp_path / "none", simulate=False)
    assert not (tmp_path / "none").exists()


def test_disagreement_is_an_error(tmp_path):
    net = random_net((8, 5, 3, 8), "distance")
    with pytest.raises(HepackError, match="float emulation disagrees"):
        export(net, (6, 5, 4, 5), random_inputs(net, 50), tmp_path, simulate=False)
