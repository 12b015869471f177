"""Elementary functions of float64 that give the same bits on every machine.

Everything is made of single IEEE-754 operations (``+ - * /`` and square root) and moves of bits, one numpy
call for each, so no compiler can fuse two of them. Accuracy: a few ulp (the tests compare with mpmath).
NaN gives NaN; a point without a value gives NaN or an infinity, never an error.
"""

from hepack.relations.arithmetic.circular import atan, atan2, cos, sin, tan
from hepack.relations.arithmetic.exponential import exp, log, log1p
from hepack.relations.arithmetic.hyperbolic import asinh, cosh, sinh, tanh

__all__ = ["asinh", "atan", "atan2", "cos", "cosh", "exp", "log", "log1p", "sin", "sinh", "tan", "tanh"]
