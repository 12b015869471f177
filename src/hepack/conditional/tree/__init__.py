"""Trees over integer features that bend a distribution over cells: the fast learned coder.

Importing this package is cheap; numba is imported and its kernels compiled on first use.
"""

from hepack.conditional.tree.fit import fit_tree
from hepack.conditional.tree.model import Tree

__all__ = ["Tree", "fit_tree"]
