"""ROOT's RNTuple with its own lossy columns, Real32Trunc and Real32Quant, through the ``root`` wheel."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.bench.column import Column
from hepack.bench.peer import Encoded, Peer
from hepack.bench.quantise import filled

COMPRESSION = {"zstd": 505, "lzma": 209}
"""ROOT's codes: algorithm times 100 plus level."""

_SOURCE = r"""
#include <memory>
#include <string>
#include <RVersion.h>
#include <ROOT/RField.hxx>
#include <ROOT/RNTupleInspector.hxx>
#include <ROOT/RNTupleModel.hxx>
#include <ROOT/RNTupleReader.hxx>
#include <ROOT/RNTupleWriteOptions.hxx>
#include <ROOT/RNTupleWriter.hxx>
namespace hepack_bench {
void write(const std::string &path, const float *values, std::size_t count, int bits, double low, double high,
           int compression) {
   auto field = std::make_unique<ROOT::RField<float>>("x");
   if (high <= low) field->SetTruncated(bits);
#if ROOT_VERSION_CODE >= ROOT_VERSION(6, 40, 0)
   else field->SetQuantized(bits, {static_cast<float>(low), static_cast<float>(high)});
#else
   else field->SetQuantized(low, high, bits);
#endif
   auto model = ROOT::RNTupleModel::Create();
   model->AddField(std::move(field));
   auto x = model->GetDefaultEntry().GetPtr<float>("x");
   ROOT::RNTupleWriteOptions options;
   options.SetCompression(compression);
   auto writer = ROOT::RNTupleWriter::Recreate(std::move(model), "n", path, options);
   for (std::size_t i = 0; i < count; ++i) { *x = values[i]; writer->Fill(); }
}
void read(const std::string &path, float *values) {
   auto reader = ROOT::RNTupleReader::Open("n", path);
   auto view = reader->GetView<float>("x");
   for (auto i : reader->GetEntryRange()) values[i] = view(i);
}
std::size_t payload(const std::string &path) {
   return ROOT::Experimental::RNTupleInspector::Create("n", path)->GetCompressedSize();
}
}
"""


@cache
def _compiled() -> Any:
    import ROOT

    if not ROOT.gInterpreter.Declare(_SOURCE):
        raise RuntimeError("this ROOT does not compile the RNTuple calls of this benchmark")
    return ROOT.hepack_bench


class Rntuple(Peer):
    """One float32 column in an RNTuple; only the compressed pages are charged, not the file around them."""

    id, title = "rntuple", "RNTuple, Real32Trunc or Real32Quant"
    package, module = "root", "ROOT"

    def settings(self, column: Column) -> Sequence[str]:
        if not column.is_bounded or column.values.dtype != np.float32 or not column.values.size:
            return ()
        if filled(np.ascontiguousarray(column.values).reshape(-1)) is None or _bits(column) is None:
            return ()
        kind = "quantised" if column.tolerance.mode == "absolute" else "truncated"
        return tuple(f"{kind}/{name}" for name in COMPRESSION)

    def compress(self, column: Column, setting: str) -> Encoded:
        flat = filled(np.ascontiguousarray(column.values).reshape(-1))
        bits = _bits(column)
        assert flat is not None
        assert bits is not None
        low, high = (float(flat.min()), float(flat.max())) if setting.startswith("quantised") else (0.0, 0.0)
        code = COMPRESSION[setting.split("/")[1]]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.root"
            _compiled().write(str(path), flat, flat.size, bits, low, high, code)
            data, payload = path.read_bytes(), int(_compiled().payload(str(path)))
        return Encoded((data,), column.values.shape, shared=len(data) - payload)

    def decompress(self, encoded: Encoded, setting: str) -> NDArray[Any]:
        values = np.empty(math.prod(encoded.state), np.float32)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "x.root"
            path.write_bytes(encoded.parts[0])
            _compiled().read(str(path), values)
        return values.reshape(encoded.state)


def _bits(column: Column) -> int | None:
    """Bits on disk that keep the bound: truncation drops bits without rounding; None if ROOT has no such width."""
    tolerance = column.tolerance
    if tolerance.mode == "absolute":
        flat = filled(np.ascontiguousarray(column.values).reshape(-1))
        assert flat is not None
        span = float(flat.max()) - float(flat.min())
        bits = math.ceil(math.log2(span / (2 * tolerance.value) * (1 + 1e-3) + 1)) if span > 0 else 0
        return bits if 1 <= bits <= 24 else None
    mantissa = (
        int(tolerance.value) + 1 if tolerance.mode == "mantissa" else math.ceil(-math.log2(tolerance.value))
    )
    return max(10, 9 + mantissa) if 9 + mantissa <= 31 else None


PEERS = (Rntuple(),)
