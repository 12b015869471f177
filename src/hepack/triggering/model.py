"""`Trigger`: an integer net with its input units, as one JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack._atomic import replacing
from hepack._errors import BadRequestError, CorruptFileError, LimitError, TooNewError
from hepack.firmware import run
from hepack.firmware.layout import CMS_UNITS, Units
from hepack.firmware.net import MAX_LAYERS, MAX_WIDTH, Dense, TriggerNet
from hepack.triggering.inputs import digitise

FORMAT, VERSION = "hepack trigger", 1
MAX_BYTES = 16 << 20


@dataclass(frozen=True)
class Trigger:
    """``points`` are the binary points of inputs and layers (`hepack.firmware.emulate`); ``about`` is free."""

    net: TriggerNet
    points: tuple[int, ...]
    units: Units = CMS_UNITS
    about: dict[str, Any] = field(default_factory=dict)

    def score(self, stream: NDArray[np.float32]) -> NDArray[np.int64]:
        """Integer scores of events ``(event, object, 3)`` in GeV and rad, see `hepack.triggering.inputs`."""
        return run.scores(self.net, digitise(stream, self.net.inputs, self.units))

    def accept(self, stream: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether each event passes the threshold; the prescale is not applied."""
        return self.score(stream) >= self.net.threshold


def save(trigger: Trigger, path: Path, *, overwrite: bool = False) -> None:
    """Write the file; it appears when it is complete.

    Raises:
        BadRequestError: it exists, and ``overwrite`` is off.
    """
    net = trigger.net
    layers = [
        {
            "weights": x.weights.tolist(),
            "bias": x.bias.tolist(),
            "shift": x.shift,
            "low": x.low,
            "high": x.high,
        }
        for x in net.layers
    ]
    document = {
        "format": FORMAT,
        "version": VERSION,
        "units": asdict(trigger.units),
        "points": trigger.points,
        "lows": net.lows,
        "highs": net.highs,
        "score": net.score,
        "threshold": net.threshold,
        "prescale": net.prescale,
        "fixed": net.fixed,
        "compare": net.compare,
        "about": trigger.about,
        "layers": layers,
    }
    with replacing(path, overwrite=overwrite) as temporary:
        temporary.write_text(json.dumps(document) + "\n", encoding="utf-8")


def load(path: Path) -> Trigger:
    """Read a file of `save`; nothing in it is trusted.

    Raises:
        BadRequestError: there is no such file.
        CorruptFileError: it is no such file, or a number in it is impossible.
        LimitError: it is larger than any that hepack writes.
        TooNewError: a later version wrote it.
    """
    if not path.is_file():
        raise BadRequestError(f"there is no trigger model '{path}'; make one with 'hepack trigger train'")
    if path.stat().st_size > MAX_BYTES:
        raise LimitError(f"'{path}' has {path.stat().st_size} bytes; a trigger model has at most {MAX_BYTES}")
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError("it is not a hepack trigger model")
        if int(document["version"]) > VERSION:
            raise TooNewError(f"'{path}' has version {document['version']}; this hepack reads {VERSION}")
        return _read(document)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, BadRequestError) as error:
        raise CorruptFileError(f"'{path}' is damaged or no trigger model: {error}") from error


def _read(document: dict[str, Any]) -> Trigger:
    rows = document["layers"]
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_LAYERS:
        raise ValueError("it has an impossible number of layers")
    layers = tuple(
        Dense(
            _matrix(row["weights"]), np.array([_int(b) for b in row["bias"]]), _int(row["shift"]),
            _int(row["low"]), _int(row["high"]),
        )
        for row in rows
    )  # fmt: skip
    lows, highs = (tuple(_int(v) for v in document[name]) for name in ("lows", "highs"))
    numbers = (_int(document[name]) for name in ("threshold", "prescale", "fixed", "compare"))
    net = TriggerNet(lows, highs, layers, document["score"], *numbers)
    points = tuple(_int(p) for p in document["points"])
    if len(points) != len(layers) + 1 or any(not -32 <= p <= 32 for p in points):
        raise ValueError("its binary points do not fit its layers")
    return Trigger(net, points, _units(document["units"]), dict(document["about"]))


def _units(found: dict[str, Any]) -> Units:
    units = Units(float(found["pt"]), float(found["eta"]), float(found["phi"]), _int(found["pt_bits"]))
    if not all(1e-6 < u < 1e6 for u in (units.pt, units.eta, units.phi)) or not 4 <= units.pt_bits <= 16:
        raise ValueError("its units are impossible")
    return units


def _matrix(rows: Any) -> NDArray[np.int64]:
    if not isinstance(rows, list) or not 1 <= len(rows) <= MAX_WIDTH:
        raise ValueError("a layer has an impossible number of rows")
    return np.array([[_int(v) for v in row] for row in rows], np.int64)


def _int(value: Any) -> int:
    if type(value) is not int or not -(1 << 62) < value < 1 << 62:
        raise ValueError(f"it has {value!r:.20} where an integer must be")
    return value
