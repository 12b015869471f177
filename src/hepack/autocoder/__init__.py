"""The autoencoder as a coder of columns; decoding needs no torch.

>>> from hepack.autocoder import decode, describe, encode  # doctest: +SKIP
>>> data = encode({"pt": pt, "m": m}, {"pt": "1e-3rel", "m": "1e-3rel"}, latent=1)  # doctest: +SKIP
>>> describe(data).bounded  # doctest: +SKIP
True
>>> columns = decode(data)  # doctest: +SKIP
"""

from hepack.autocoder.decode import decode, describe
from hepack.autocoder.encode import encode

__all__ = ["decode", "describe", "encode"]
