"""Learned distributions of one column of integers, given other integers: exact, the same on every machine."""

from hepack.conditional.base import Conditional, Features, Problem, Targets

__all__ = ["Conditional", "Features", "Problem", "Targets"]
