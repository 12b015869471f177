"""Entropy coding of bytes and integers: exact, and the same on every machine.

Importing this package is cheap; numba is imported and its kernels compiled on first use.
"""

from hepack.entropy.bins import decode_integers, encode_integers
from hepack.entropy.frequencies import Frequencies
from hepack.entropy.rans import decode, encode

__all__ = ["Frequencies", "decode", "decode_integers", "encode", "encode_integers"]
