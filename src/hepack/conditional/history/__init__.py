"""What followed last time: adaptive contexts for columns whose values repeat.

Importing this package is cheap; numba is imported and its kernels compiled on first use.
"""

from hepack.conditional.history.fit import fit_history
from hepack.conditional.history.model import History

__all__ = ["History", "fit_history"]
