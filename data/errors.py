"""The error a person can cause, told in one sentence."""

import difflib
from collections.abc import Iterable


class UserError(ValueError):
    """What the user gave cannot be used; the message is one sentence that says what would be.

    The command line prints the message alone, without a traceback, and exits with status 2.
    """


def did_you_mean(word: str, choices: Iterable[str], otherwise: str = ".") -> str:
    """How a sentence about the unknown `word` ends: with the choice that is like it, if any."""
    known = {choice.lower(): choice for choice in choices}
    close = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.7)
    return f": did you mean {known[close[0]]}?" if close else otherwise
