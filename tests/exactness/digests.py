"""Digests of all that a decoder computes: of the golden files, and of its parts on inputs made of integers.

    python tests/exactness/digests.py                 print them
    python tests/exactness/digests.py --write         pin them in digests.json

Needs what unpacking needs and nothing more, so that any machine can run it. Digests are the first 16 hexadecimal
digits of SHA-256. What they must be is in `digests.json`; a digest that changes is a broken promise, unless the
files of a new format version came in.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.archive.packed import PackedFile
from hepack.autocoder.decode import decode
from hepack.entropy.mixture_tables import exponentials, inverse_scales, sigmoids, silus
from hepack.intnet import Layer, Program, run
from hepack.models.fixedpoint import ACTIVATIONS, FixedLayer, FixedNet
from hepack.relations import arithmetic
from hepack.transforms.power import exp2

TESTS = Path(__file__).resolve().parents[1]
PINNED = Path(__file__).with_name("digests.json")
FUNCTIONS = ("exp", "log", "log1p", "sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh")


def of_arrays(arrays: dict[str, NDArray[Any]]) -> str:
    """A digest of names, types, shapes and bytes."""
    digest = hashlib.sha256()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} {values.shape}\n".encode() + values.tobytes())
    return digest.hexdigest()[:16]


def of_file(path: Path) -> str:
    """A digest of every value of a packed file."""
    found: dict[str, NDArray[Any]] = {}
    with PackedFile(path) as packed:
        for table in packed.tables:
            events = table.read()
            found |= {f"{table.name}/o/{name}": values for name, values in events.offsets.items()}
            found |= {f"{table.name}/c/{name}": values for name, values in events.columns.items()}
    return of_arrays(found)


def golden(without: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Of the golden files of all versions, but for those named."""
    for path in sorted(TESTS.glob("golden/v*/*.hpk")):
        name = f"{path.parent.name}/{path.stem}"
        if name not in without:
            yield name, of_file(path)
    for path in sorted(TESTS.glob("autocoder/golden/*.hpae")):
        yield f"autocoder/{path.stem}", of_arrays(decode(path.read_bytes()))


def whole_numbers(seed: int, n: int, bits: int) -> NDArray[np.int64]:
    """Integers of a generator that is integers alone (splitmix64), within +-2**bits."""
    state = np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return (state >> np.uint64(63 - bits)).astype(np.int64) - (1 << bits)


def floats(seed: int, n: int = 1 << 16) -> NDArray[np.float64]:
    """Of every size from 2**-40 to 2**23, both signs."""
    return np.ldexp(whole_numbers(seed, n, 40).astype(np.float64), (np.arange(n) % 48 - 64).astype(np.int32))


def functions() -> Iterator[tuple[str, str]]:
    """Of the elementary functions; a NaN's sign is the machine's own, and nothing depends on it."""
    x, y = floats(1), floats(2)
    for name in FUNCTIONS:
        values = getattr(arithmetic, name)(x)
        yield f"function/{name}", of_arrays({name: np.where(np.isnan(values), np.nan, values)})
    yield "function/atan2", of_arrays({"atan2": arithmetic.atan2(y, x)})
    yield "function/exp2", of_arrays({"exp2": exp2(np.clip(x, -1300.0, 1020.0))})
    tables = {f.__name__: f() for f in (exponentials, inverse_scales, sigmoids, silus)}
    yield "tables", of_arrays(tables)


def nets() -> Iterator[tuple[str, str]]:
    """Of integer programs and of decoders in fixed point."""
    for width in (24, 128, 700):
        rows = whole_numbers(3, 5001 * 11, 9).reshape(-1, 11).astype(np.int16)
        yield f"program/{width}", of_arrays({"out": run(program(width), rows)})
    for activation in ACTIVATIONS:
        net = fixed(activation)
        yield f"fixed/{activation}", of_arrays({"out": net.run(whole_numbers(4, 9000, 10).reshape(-1, 3))})


def program(width: int) -> Program:
    """Two hidden layers; from a width of 700 on, sums need 53 bits."""

    def layer(source: int, inputs: int, outputs: int, table: bool) -> Layer:
        weights = whole_numbers(source + 10, inputs * outputs, 7).reshape(outputs, inputs).clip(-127, 127)
        bias = whole_numbers(source + 20, outputs, 16)
        shifts = (whole_numbers(source + 30, outputs, 3) + 8).astype(np.int8)
        return Layer(source, weights.astype(np.int16), bias, shifts, silus() if table else None)

    layers = (layer(0, 11, width, True), layer(1, width, width, True), layer(2, width, 9, False))
    return Program(11, 512, layers, (3,))


def fixed(activation: str) -> FixedNet:
    """A decoder 3 - 40 - 40 - 5 with waves, a residual layer and a skip."""

    def layer(seed: int, inputs: int, outputs: int, residual: bool = False) -> FixedLayer:
        weights = whole_numbers(seed, inputs * outputs, 12).reshape(inputs, outputs)
        return FixedLayer(weights, whole_numbers(seed + 1, outputs, 20), 13, residual)

    layers = (layer(40, 9, 40), layer(42, 40, 40, residual=True))
    return FixedNet(activation, 2, (9, 9, 9), layers, layer(44, 40, 5), layer(46, 3, 5))


def everything(without: frozenset[str] = frozenset()) -> dict[str, str]:
    """All digests, by name."""
    return dict([*golden(without), *functions(), *nets()])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--write", action="store_true", help="pin them")
    parser.add_argument("--without", nargs="*", default=[], help="golden files to leave out, as v2/net")
    given = parser.parse_args()
    text = json.dumps(everything(frozenset(given.without)), indent=1) + "\n"
    if given.write:
        PINNED.write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
