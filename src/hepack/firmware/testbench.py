"""Self-checking test benches and their data: one line per event, in hexadecimal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hepack.firmware.circuit import Circuit
from hepack.firmware.verilog import SCORE_BITS, input_widths

INPUT_FILE, SCORE_FILE = "inputs.hex", "scores.hex"


def input_lines(circuit: Circuit, inputs: NDArray[Any]) -> str:
    """The bus of each event for ``$readmemh``; inputs of shape ``(event, input)``, inside their ranges."""
    widths = input_widths(circuit)
    lines = []
    for row in inputs.tolist():
        word, low = 0, 0
        for value, width in zip(row, widths, strict=True):
            word |= (value & ((1 << width) - 1)) << low
            low += width
        lines.append(f"{word:0{(low + 3) // 4}x}")
    return "\n".join(lines) + "\n"


def score_lines(scores: NDArray[np.int64]) -> str:
    """The expected scores for ``$readmemh``."""
    return "\n".join(f"{int(s):0{SCORE_BITS // 4}x}" for s in scores) + "\n"


def verilog_bench(name: str, circuit: Circuit, events: int, threshold: int, prescale: int) -> str:
    """``NAME_tb.v``: feeds every event, with a gap after each seventh, and compares all four outputs."""
    bus = sum(input_widths(circuit))
    return f"""`timescale 1ns / 1ps
module {name}_tb;
  localparam EVENTS = {events};
  reg clk = 0;
  reg in_valid = 0;
  reg [{bus - 1}:0] in_data = 0;
  wire out_valid, accept, keep;
  wire [{SCORE_BITS - 1}:0] score;
  reg [{bus - 1}:0] inputs [0:EVENTS-1];
  reg [{SCORE_BITS - 1}:0] scores [0:EVENTS-1];
  reg [{SCORE_BITS - 1}:0] threshold = {threshold};
  reg [{SCORE_BITS - 1}:0] prescale = {prescale};
  integer sent = 0, seen = 0, wrong = 0, passed = 0, kept = 0, cycle = 0, first = -1;
  {name} dut (.clk(clk), .in_valid(in_valid), .in_data(in_data), .threshold(threshold), .prescale(prescale),
    .out_valid(out_valid), .score(score), .accept(accept), .keep(keep));
  always #2.5 clk = ~clk;
  initial begin
    $readmemh("{INPUT_FILE}", inputs);
    $readmemh("{SCORE_FILE}", scores);
  end
  always @(negedge clk) begin
    if (out_valid) begin
      if (first < 0) first = cycle;
      if (score !== scores[seen]) wrong = wrong + 1;
      if (accept !== (scores[seen] >= threshold)) wrong = wrong + 1;
      if (scores[seen] >= threshold) passed = passed + 1;
      if (keep !== (scores[seen] >= threshold && passed % prescale == 0)) wrong = wrong + 1;
      if (keep) kept = kept + 1;
      seen = seen + 1;
    end
    if (seen == EVENTS) begin
      $display("events %0d wrong %0d accepted %0d kept %0d latency %0d", seen, wrong, passed, kept, first);
      $finish;
    end
    in_valid <= (sent < EVENTS) && (cycle % 8 != 7);
    if (sent < EVENTS && cycle % 8 != 7) begin
      in_data <= inputs[sent];
      sent = sent + 1;
    end
    cycle = cycle + 1;
    if (cycle > 2 * EVENTS + 1000) begin
      $display("events %0d wrong %0d accepted %0d kept %0d latency %0d", seen, wrong + 1, passed, kept, first);
      $finish;
    end
  end
endmodule
"""


def hls_bench(name: str) -> str:
    """``NAME_tb.cpp``: reads the inputs as decimal numbers, writes one score a line."""
    return f"""#include <cstdio>
#include "{name}.h"
int main() {{
  {name}_input_t in[{name}_inputs];
  long long value;
  for (;;) {{
    for (int i = 0; i < {name}_inputs; ++i) {{
      if (std::scanf("%lld", &value) != 1) return i == 0 ? 0 : 1;
      in[i] = value;
    }}
    std::printf("%lld\\n", (long long){name}(in));
  }}
}}
"""
