"""The study: rates as asked for, refusal without enough events, and the command line."""

from __future__ import annotations

import json

import numpy as np
import pytest
from streams import toy_stream

from hepack._errors import BadRequestError
from hepack.cli import main
from hepack.triggering.cuts import any_cut, cut_values, jet_ht, lepton_pt, missing_pt, widened
from hepack.triggering.files import mix_counts, stream_table
from hepack.triggering.study import pile_up_slices, scaled, study


def test_cut_quantities():
    stream = np.zeros((1, 19, 3), np.float32)
    stream[0, [0, 2, 6, 9, 10, 11], 0] = 44, 25, 31, 50, 40, 29
    assert missing_pt(stream)[0] == 44
    assert lepton_pt(stream)[0] == 31
    assert jet_ht(stream)[0] == 90


def test_widened_cuts_use_the_rate_that_they_may():
    values = cut_values(toy_stream(3000))
    passed = any_cut(values, widened(values, 120)).sum()
    assert 100 <= passed <= 120


def test_rates_hold_and_the_union_gains(built):
    signals = {"many": toy_stream(500, leptons=3, jets=3.0, seed=8)}
    shifted = {"more jets": toy_stream(2000, jets=2.0, seed=4)}
    found = study(built.trigger, toy_stream(4000, seed=5), signals, rate=0.02, pile_up=shifted)
    for name in ("anomaly", "lepton", "ht", "met"):
        low, high = found.rates[name].interval
        assert low < 0.03
        assert high > 0.005
    signal = found.signals["many"]
    assert signal.union.passed >= max(signal.any_cut.passed, signal.anomaly.passed)
    assert signal.gain == pytest.approx((signal.union.passed - signal.any_cut.passed) / 500)
    assert signal.auc.value > 0.85
    assert found.rates["union"].passed == found.rates["any_cut"].passed + found.rates["pure"].passed
    assert found.stability["scale +5%"]["met"].passed >= found.stability["nominal"]["met"].passed
    assert found.stability["pile-up more jets"]["anomaly"].value > found.rates["anomaly"].value
    plain = json.loads(json.dumps(found.as_json()))
    moved = plain["signals"]["many"]["stability"]
    assert next(iter(moved)) == "nominal"
    assert len(moved) == 7
    assert moved["nominal"]["anomaly"] == plain["signals"]["many"]["anomaly"]
    low, high = moved["scale +5%"]["lepton"]["interval"]
    assert low <= moved["scale +5%"]["lepton"]["value"] <= high
    assert moved["scale -5%"]["met"]["passed"] <= moved["nominal"]["met"]["passed"]


def test_the_rate_in_slices_of_pile_up(built):
    background = toy_stream(4000, seed=5)
    mean = np.linspace(0, 35, 4000, dtype=np.float64)[np.random.default_rng(1).permutation(4000)]
    found = study(built.trigger, background, {"x": toy_stream(50)}, rate=0.02, mean_pile_up=mean)
    piled = {name: rates for name, rates in found.stability.items() if name.startswith("pile-up")}
    assert list(piled) == [f"pile-up {n} to {n + 10}" for n in (0, 10, 20, 30)]
    for name in ("anomaly", "lepton", "union"):
        assert sum(rates[name].passed for rates in piled.values()) == found.rates[name].passed
        assert sum(rates[name].total for rates in piled.values()) == found.events
    assert list(found.by_pile_up) == ["0 to 10", "10 to 20", "20 to 30"]  # the last is too small for the rate
    for adjusted in found.by_pile_up.values():
        low, high = adjusted.rate.interval
        assert low < 0.03
        assert high > 0.005
    assert "interval" in found.as_json()["by_pile_up"]["0 to 10"]["rate"]
    with pytest.raises(BadRequestError, match="as many means"):
        pile_up_slices(background, mean[:-1])


def test_too_few_events_are_refused(built):
    with pytest.raises(BadRequestError, match="needs 1,111,100 background events, found 1,000"):
        study(built.trigger, toy_stream(2000), {"x": toy_stream(10)}, rate=1e-5)
    with pytest.raises(BadRequestError, match="at least one signal"):
        study(built.trigger, toy_stream(4000), {}, rate=0.02)


def test_scaling_moves_pt_only():
    stream = toy_stream(10)
    moved = scaled(stream, 1.05)
    assert np.allclose(moved[..., 0], 1.05 * stream[..., 0])
    assert np.array_equal(moved[..., 1:], stream[..., 1:])


def test_the_mix_adds_up():
    assert sum(mix_counts(1001).values()) == 1001
    assert mix_counts(1000) == {"w": 592, "qcd": 338, "z": 67, "ttbar": 3}
    with pytest.raises(BadRequestError, match="400 or more"):
        mix_counts(20)


def write(path, stream):
    h5py = pytest.importorskip("h5py")
    table = stream_table(stream, np.zeros(len(stream)))
    with h5py.File(path, "w") as file:
        for name, column in table.columns.items():
            file[name] = column
    return str(path)


def call(capsys, *words):
    with pytest.raises(SystemExit) as left:
        main(["trigger", *words])
    out = capsys.readouterr()
    return left.value.code, out.out, out.err


def test_the_commands(built, tmp_path, capsys):
    pytest.importorskip("torch")
    background = write(tmp_path / "b.h5", toy_stream(2600))
    signal = write(tmp_path / "s.h5", toy_stream(200, leptons=3, jets=3.0))
    model = str(tmp_path / "m.json")
    code, out, _ = call(
        capsys, "train", background, "-o", model, "--shape", "4-2", "--epochs", "2", "--rate", "0.02",
        "--signal", f"many={signal}",
    )  # fmt: skip
    assert code == 0
    assert "threshold" in out
    folder = str(tmp_path / "rtl")
    code, out, _ = call(capsys, "export", model, background, "-o", folder, "--events", "50", "--no-simulate")
    assert code == 0
    assert "bit for bit on 50 events" in out
    code, out, _ = call(
        capsys, "study", model, background, "--signal", f"many={signal}", "--rate", "0.02", "--json"
    )
    assert code == 0
    assert json.loads(out)["signals"]["many"]["anomaly"]["total"] == 200
    code, out, _ = call(capsys, "study", model, background, "--signal", f"many={signal}", "--rate", "0.02")
    assert code == 0
    assert out.count("scale +2%") == 2  # the background and the signal
    code, _, err = call(capsys, "study", model, background, "--signal", f"many={signal}")
    assert code == 2
    assert "needs 1,111,100 background events" in err
    code, _, err = call(capsys, "study", model, background, "--signal", signal)
    assert code == 2
    assert "is not NAME=FILE" in err


def test_the_picture(built, tmp_path):
    pytest.importorskip("matplotlib")
    from hepack.triggering.picture import draw, figure_of

    found = study(built.trigger, toy_stream(4000), {"many": toy_stream(300, leptons=3)}, rate=0.02)
    draw(found, tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    piled = study(
        built.trigger, toy_stream(4000), {"many": toy_stream(300, leptons=3)}, rate=0.02,
        pile_up={"more": toy_stream(500, jets=2.0)},
    )  # fmt: skip
    last = figure_of(piled).axes[-1]
    assert [label.get_text() for label in last.get_xticklabels()] == ["all", "more"]
    left, right, kept = figure_of(found).axes
    signal = found.signals["many"]
    drawn = [y for line in left.containers for y in line[0].get_ydata()]
    wanted = [signal.share(name) for name in ("anomaly", *found.thresholds, "any_cut", "union", "widened")]
    assert drawn == [share.value for share in wanted if share.passed]
    assert len(left.get_legend_handles_labels()[1]) == 7
    rates = [rates["anomaly"].value for rates in found.stability.values() if rates["anomaly"].passed]
    assert list(right.containers[0][0].get_ydata()) == rates
    moved = dict(zip(kept.lines[0].get_xdata(), kept.lines[0].get_ydata(), strict=True))
    assert list(moved) == [-5, -2, -1, 0, 1, 2, 5]
    assert moved[0] == 1
    assert moved[5] == signal.stability["scale +5%"]["anomaly"].value / signal.anomaly.value
