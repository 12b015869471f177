"""What the figures were measured on: processor, cores, versions. No names, no paths."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hepack._version import __version__

CPU_INFO = Path("/proc/cpuinfo")


def machine_facts(packages: Iterable[str]) -> dict[str, Any]:
    """Processor model, cores this process may use, system, Python, and the versions of ``packages``."""
    versions = {"hepack": __version__}
    for package in sorted({"numpy", "numba", "awkward", "uproot", *packages}):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": versions,
    }


def _cpu() -> str:
    try:
        lines = CPU_INFO.read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
