"""The errors a user can meet, sorted by what the user can do about them.

Each message is one sentence that says what was found, where, and what to do.
The command line prints it without a traceback and exits with code 2.
"""

from __future__ import annotations


class HepackError(Exception):
    """Base of every error that hepack raises on purpose."""


class BadInputError(HepackError):
    """The input file cannot be used as asked: unknown format, unreadable, not what it claims to be."""


class BadRequestError(HepackError):
    """An argument is wrong: unknown variable, malformed tolerance, impossible combination."""


class CorruptFileError(HepackError):
    """A packed file is damaged: a digest, length or value contradicts the format."""


class TruncatedFileError(CorruptFileError):
    """A packed file ends before it should."""


class TooNewError(HepackError):
    """The packed file was written by a later format version than this hepack reads."""


class LimitError(CorruptFileError):
    """A length in a packed file is over the cap that hepack allocates for."""


class MissingExtraError(HepackError):
    """An optional package is not installed; the message names the pip command."""


class CannotCarryError(BadInputError):
    """With ``--strict``: the input holds something that hepack cannot carry."""


class BoundError(HepackError):
    """A value came back outside its tolerance (our own bug, or a damaged file)."""
