"""Bytes of a `Program`: its shape, then its integers by rANS."""

from __future__ import annotations

from hepack._errors import BadRequestError, CorruptFileError, LimitError
from hepack.entropy.bins import decode_sized, encode_sized
from hepack.entropy.mixture_tables import silus
from hepack.entropy.packing import read_varint, varint
from hepack.intnet.program import MAX_LAYERS, MAX_WEIGHTS, MAX_WIDTH, Layer, Program

_CLIP, _SILU = 0, 1


def program_bytes(program: Program) -> bytes:
    """A compact form of a program whose layers either clip or use the activation of `silus`."""
    head = varint(program.inputs) + varint(program.magnitude) + varint(len(program.layers))
    parts = [head]
    for layer in program.layers:
        step = varint(_CLIP) + varint(layer.limit) if layer.table is None else varint(_SILU)
        parts.append(varint(layer.source) + varint(layer.width) + step)
        parts += [encode_sized(a) for a in (layer.weights.reshape(-1), layer.bias, layer.shifts)]
    parts.append(varint(len(program.outputs)) + b"".join(varint(r) for r in program.outputs))
    return b"".join(parts)


def read_program(data: bytes | memoryview, at: int) -> tuple[Program, int]:
    """Undo `program_bytes` from byte ``at`` on; also the position after it.

    Raises:
        CorruptFileError, LimitError: the data are no such program.
    """
    inputs, at = read_varint(data, at)
    magnitude, at = read_varint(data, at)
    count, at = read_varint(data, at)
    if count > MAX_LAYERS:
        raise LimitError(f"a program claims {count} layers, the cap is {MAX_LAYERS}")
    widths, layers = [inputs], []
    try:
        for _ in range(count):
            layer, at = _read_layer(data, at, widths)
            layers.append(layer)
            if sum(one.weights.size for one in layers) > MAX_WEIGHTS:
                raise LimitError(f"a program claims over {MAX_WEIGHTS} weights")
            widths.append(layer.width)
        n_outputs, at = read_varint(data, at)
        if n_outputs > MAX_LAYERS:
            raise LimitError(f"a program claims {n_outputs} outputs, the cap is {MAX_LAYERS}")
        outputs = []
        for _ in range(n_outputs):
            register, at = read_varint(data, at)
            outputs.append(register)
        return Program(inputs, magnitude, tuple(layers), tuple(outputs)), at
    except BadRequestError as error:
        raise CorruptFileError(str(error)) from error


def _read_layer(data: bytes | memoryview, at: int, widths: list[int]) -> tuple[Layer, int]:
    source, at = read_varint(data, at)
    width, at = read_varint(data, at)
    kind, at = read_varint(data, at)
    limit = 1
    if kind == _CLIP:
        limit, at = read_varint(data, at)
    elif kind != _SILU:
        raise CorruptFileError(f"a layer of a program has the unknown activation {kind}")
    if source >= len(widths):
        raise CorruptFileError(f"a layer of a program reads register {source}, which comes later")
    inputs = widths[source]
    if not 1 <= width <= MAX_WIDTH or not 1 <= inputs <= MAX_WIDTH or width * inputs > MAX_WEIGHTS:
        raise LimitError(f"a layer of a program claims {width} x {inputs} weights, the cap is {MAX_WEIGHTS}")
    weights, at = decode_sized(data, at, width * inputs)
    bias, at = decode_sized(data, at, width)
    shifts, at = decode_sized(data, at, width)
    narrow = weights.reshape(width, inputs)
    table = silus() if kind == _SILU else None
    return Layer(source, narrow, bias, shifts, table, limit), at  # type: ignore[arg-type]
