"""The settings of processor, libraries and execution under which the same must come out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Setting:
    """``environment`` of the process; ``threads`` of the recipe; ``rows`` of a batch of a net (0: as it is);
    ``torch``: it runs the integer programs; ``packs``: False where only unpacking is tried, for its slowness.
    ``python``: another interpreter command."""

    environment: dict[str, str] = field(default_factory=dict)
    threads: int | None = None
    rows: int = 0
    torch: bool = False
    packs: bool = True
    python: tuple[str, ...] = ()


def _threads(n: int) -> Setting:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
    return Setting(dict.fromkeys(names, str(n)), threads=n)


NUMPY = "AVX2 FMA3 X86_V3 AVX512F AVX512CD AVX512_SKX X86_V4 AVX512_ICL AVX512_SPR"
"""Names of numpy 1 and 2; those that a numpy or a processor does not have only warn."""

TORCH = {
    "ATEN_CPU_CAPABILITY": "default",
    "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
    "MKL_CBWR": "COMPATIBLE",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
}


def settings() -> dict[str, Setting]:
    """Those that every x86-64 machine with numba and torch has; the first is what others are compared with."""
    found = {
        "as it is": Setting(),
        "2 threads": _threads(2),
        "numpy without AVX2 and AVX-512": Setting({"NPY_DISABLE_CPU_FEATURES": NUMPY}),
        "slow twins": Setting({"HEPACK_NO_NUMBA": "1"}),
        "torch and its MKL without AVX2": Setting(TORCH, torch=True),
        "numba for a generic processor": Setting({"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}),
        "torch runs the nets": Setting(torch=True),
        "1 thread": _threads(1),
        "batches of 7 rows": Setting(rows=7),
        "batches of 1000 rows": Setting(rows=1000),
        "numba's loops as Python": Setting({"NUMBA_DISABLE_JIT": "1"}, packs=False),
    }
    cores = ["Nehalem", "Haswell"]
    cpu = Path("/proc/cpuinfo")
    if cpu.exists() and "avx512f" in cpu.read_text():
        cores += ["SkylakeX", "Cooperlake"]
    return found | {f"OpenBLAS for {core}": Setting({"OPENBLAS_CORETYPE": core}) for core in cores}
