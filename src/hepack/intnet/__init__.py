"""Small nets of integers: the same outputs on every machine, from any executor."""

from hepack.intnet.program import Layer, Program
from hepack.intnet.run import Runner, one_thread, run

__all__ = ["Layer", "Program", "Runner", "one_thread", "run"]
