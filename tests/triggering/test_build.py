"""From a stream to integers: exact, deterministic, stored and read again."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from streams import toy_stream

from hepack._errors import BadRequestError, CorruptFileError, TooNewError
from hepack.firmware import emulate
from hepack.triggering.inputs import digitise
from hepack.triggering.model import load, save


def test_an_anomaly_is_found_and_quantising_costs_little(built):
    found = built.trigger.about["signals"]["many"]
    assert found["auc"] > 0.9
    assert abs(found["auc"] - found["auc_float"]) < 0.03


def test_threshold_and_prescale_are_integers_at_the_rate(built):
    net = built.trigger.net
    assert type(net.threshold) is int
    assert net.prescale == 5
    half = toy_stream(4000)[2000:]
    assert built.trigger.accept(half).mean() <= 0.01


def test_float_emulation_agrees_with_the_trained_net(built):
    trigger = built.trigger
    stream = toy_stream(500, seed=3)
    counts = digitise(stream, 57)
    found = emulate.scores(trigger.net, counts, trigger.points)
    unit = emulate.score_unit(trigger.net, trigger.points)
    assert unit == built.fitted.fixed.score_lsb
    assert np.array_equal(found / unit, trigger.score(stream))


def test_pruned_weights_are_zero(built):
    first = built.trigger.net.layers[built.trigger.net.fixed]
    assert np.count_nonzero(first.weights) <= 0.6 * first.weights.size + 1


def test_training_is_deterministic(built):
    from hepack.training.trigger_fit import FitRecipe
    from hepack.triggering.build import RateRequest, build_trigger

    recipe = FitRecipe(shape="4-2", epochs=1, quantised_epochs=1, batch=128)
    nets = [build_trigger(toy_stream(2500), recipe, RateRequest(rate=0.05)).trigger.net for _ in range(2)]
    for a, b in zip(nets[0].layers, nets[1].layers, strict=True):
        assert np.array_equal(a.weights, b.weights)
        assert np.array_equal(a.bias, b.bias)


def test_the_reconstruction_score_and_42_inputs(built):
    from hepack.training.trigger_fit import FitRecipe
    from hepack.triggering.build import RateRequest, build_trigger

    recipe = FitRecipe(shape="6-2", variational=False, epochs=2, quantised_epochs=1, batch=128)
    trigger = build_trigger(toy_stream(2500), recipe, RateRequest(rate=0.05), inputs=42).trigger
    assert trigger.net.score == "distance"
    assert trigger.score(toy_stream(10)).shape == (10,)
    counts = digitise(toy_stream(300), 42)
    found = emulate.scores(trigger.net, counts, trigger.points) / emulate.score_unit(
        trigger.net, trigger.points
    )
    assert np.array_equal(found, trigger.score(toy_stream(300)))


def test_the_search_saves_logic(built):
    from hepack.firmware.compand import compand
    from hepack.training.trigger_fit import FitRecipe
    from hepack.training.trigger_search import search

    recipe = FitRecipe(shape="8-3", epochs=1, quantised_epochs=1, batch=128)
    counts = compand(digitise(toy_stream(2000), 57))
    found = search(built.fitted, counts, {}, recipe, slack=0.2, epochs=0)
    costs = [step.cost for step in found.steps]
    assert costs == sorted(costs, reverse=True)
    assert len(costs) > 1
    assert min(step.quality for step in found.steps) >= max(step.quality for step in found.steps) - 0.2


def test_signals_that_steered_the_search_do_not_measure(built):
    from hepack.training.trigger_fit import FitRecipe
    from hepack.triggering.build import RateRequest, build_trigger

    recipe = FitRecipe(shape="4-2", epochs=1, quantised_epochs=1, batch=128)
    signals = {"many": toy_stream(401, leptons=3)}
    found = build_trigger(toy_stream(2500), recipe, RateRequest(rate=0.05), signals=signals, find_widths=True)
    assert found.searched is not None
    assert found.trigger.about["signals"]["many"]["events"] == 200


def test_wrong_recipes_are_refused():
    pytest.importorskip("torch")
    from hepack.training.trigger_fit import FitRecipe, fit
    from hepack.triggering.build import RateRequest

    with pytest.raises(BadRequestError, match="is no shape"):
        FitRecipe(shape="32-x")
    with pytest.raises(BadRequestError, match="too few to train"):
        fit(np.zeros((10, 57), np.int32), FitRecipe())
    with pytest.raises(BadRequestError, match="needs both"):
        _ = RateRequest(input_hz=1.0).prescale


def test_the_file_comes_back_the_same(built, tmp_path):
    path = tmp_path / "t.json"
    save(built.trigger, path)
    again = load(path)
    stream = toy_stream(200, seed=9)
    assert np.array_equal(again.score(stream), built.trigger.score(stream))
    assert again.net.threshold == built.trigger.net.threshold
    assert again.units == built.trigger.units
    with pytest.raises(BadRequestError, match="exists"):
        save(built.trigger, path)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda d: d.update(format="x"), CorruptFileError),
        (lambda d: d.update(version=99), TooNewError),
        (lambda d: d["layers"][0].update(shift=-1), CorruptFileError),
        (lambda d: d["layers"][0]["weights"][0].__setitem__(0, 0.5), CorruptFileError),
        (lambda d: d["layers"][0]["weights"].pop(), CorruptFileError),
        (lambda d: d.update(layers=[]), CorruptFileError),
        (lambda d: d.update(points=[1]), CorruptFileError),
        (lambda d: d["units"].update(pt=0), CorruptFileError),
        (lambda d: d.pop("threshold"), CorruptFileError),
    ],
)
def test_damaged_files_are_refused(built, tmp_path, change, error):
    path = tmp_path / "t.json"
    save(replace(built.trigger), path)
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(error):
        load(path)


def test_no_file_and_no_json_are_refused(tmp_path):
    with pytest.raises(BadRequestError, match="hepack trigger train"):
        load(tmp_path / "none.json")
    (tmp_path / "x.json").write_bytes(b"\xff\x00")
    with pytest.raises(CorruptFileError):
        load(tmp_path / "x.json")
