"""Run the trained layers of a model through hls4ml and g++: an independent generator must give the same scores.

    pip install --no-deps hls4ml==1.3.0 quantizers pyDigitalWaveTools    # beside torch, h5py, PyYAML
    python benchmarks/trigger/hls4ml_check.py benchmarks/trigger/axol1tl.model.json background.h5 a_4l.h5 \\
        leptoquark.h5 -o benchmarks/trigger/hls4ml.json

hls4ml gets the layers as torch modules with the integer weights and, for each layer, the fixed-point types that mean
what `TriggerNet` means: weights divided by 2^shift, so that the binary point does the shift; truncation; saturation.
The two fixed layers before them (the map of pt) are done here, and the squares are added here. The last 10,000 events
of the streams, in the order given, are compared.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import hls4ml
import numpy as np
import torch
from numpy.typing import NDArray

from hepack._errors import BadRequestError, HepackError
from hepack.firmware import run
from hepack.firmware.compand import compand
from hepack.firmware.net import Dense, TriggerNet
from hepack.triggering.inputs import digitise, read_stream
from hepack.triggering.model import load

EVENTS = 10_000
BACKEND, PART = "Vitis", "xcvu13p-flga2577-2-e"
WEIGHT_BITS, BIAS_BITS, SUM_BITS = 8, 16, 28
RELU, SIGNED = "ap_ufixed<8,8,AP_TRN,AP_SAT>", "ap_fixed<8,8,AP_TRN,AP_SAT_SYM>"


def trained(net: TriggerNet) -> tuple[Dense, ...]:
    """The layers after the fixed ones, if the types above describe them.

    Raises:
        BadRequestError: another score, or layers of other ranges.
    """
    layers = net.layers[net.fixed :]
    ranges = [(layer.low, layer.high) for layer in layers]
    if net.score != "sum_squares" or ranges != [(0, 255)] * (len(layers) - 1) + [(-127, 127)]:
        raise BadRequestError(f"this check knows mu2 nets of 8-bit outputs alone, found ranges {ranges}")
    return layers


def as_torch(layers: tuple[Dense, ...]) -> torch.nn.Sequential:
    """Linear layers with weights and biases over 2^shift, ReLU between them."""
    parts: list[torch.nn.Module] = []
    for layer in layers:
        linear = torch.nn.Linear(layer.inputs, layer.outputs)
        linear.weight.data = torch.from_numpy(layer.weights / 2.0**layer.shift).float()
        linear.bias.data = torch.from_numpy(layer.bias / 2.0**layer.shift).float()
        parts += [linear, torch.nn.ReLU()]
    return torch.nn.Sequential(*parts[:-1]).eval()


def precisions(config: dict[str, Any], layers: tuple[Dense, ...]) -> dict[str, Any]:
    """The configuration with the types of each layer set; modules come in the order of `as_torch`."""
    names = config["LayerName"]
    first, *others = names
    names[first]["Precision"] = {"result": "ap_fixed<9,9>"}
    for index, name in enumerate(others):
        layer = layers[index // 2]
        if index % 2:
            names[name]["Precision"] = {"result": RELU}
            continue
        total = f"ap_fixed<{SUM_BITS},{SUM_BITS - layer.shift}>"
        names[name]["Precision"] = {
            "weight": f"ap_fixed<{WEIGHT_BITS},{WEIGHT_BITS - layer.shift}>",
            "bias": f"ap_fixed<{BIAS_BITS},{BIAS_BITS - layer.shift}>",
            "accum": total,
            "result": SIGNED if layer is layers[-1] else total,
        }
    config["Model"]["Strategy"] = "Latency"
    return config


def scores(layers: tuple[Dense, ...], companded: NDArray[Any], folder: Path) -> NDArray[np.int64]:
    """What the C++ of hls4ml gives, compiled by g++ with its own `ap_fixed`."""
    model = as_torch(layers)
    config = hls4ml.utils.config_from_pytorch_model(
        model, (companded.shape[1],), granularity="name", backend=BACKEND
    )
    made = hls4ml.converters.convert_from_pytorch_model(
        model, output_dir=str(folder), hls_config=precisions(config, layers), backend=BACKEND,
        io_type="io_parallel", part=PART,
    )  # fmt: skip
    made.compile()
    latent = np.rint(made.predict(np.ascontiguousarray(companded, np.float32))).astype(np.int64)
    return np.asarray((latent**2).sum(axis=1))


def main() -> None:
    """Write one JSON file; a difference is an error."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("streams", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    trigger = load(options.model)
    events = np.concatenate([read_stream(str(path)) for path in options.streams])[-EVENTS:]
    counts = digitise(events, trigger.net.inputs, trigger.units)
    with tempfile.TemporaryDirectory() as folder:
        found = scores(trained(trigger.net), compand(counts), Path(folder))
    equal = int((found == run.scores(trigger.net, counts)).sum())
    document = {
        "model": options.model.name,
        "hls4ml": hls4ml.__version__,
        "streams": [path.stem for path in options.streams],
        "events": len(counts),
        "equal": equal,
    }
    options.output.write_text(json.dumps(document, indent=1) + "\n")
    if equal != len(counts):
        raise HepackError(f"hls4ml disagrees with the integer program on {len(counts) - equal} events")


if __name__ == "__main__":
    main()
