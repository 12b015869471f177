"""Integer nets for the trigger, and the hardware that computes them: Verilog, HLS, test benches, cost."""
