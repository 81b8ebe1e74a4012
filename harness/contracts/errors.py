"""The errors that reach a user as one line: what is wrong, why, and what to type instead."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class BadInput(Exception):
    """A user's mistake. The command line prints the message as one line and exits with status 2."""


class ContractError(BadInput):
    """A plug-in does not keep its contract. The message names the plug-in, and the correct name where one is misspelt."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known name nearest to `word`, or the list of known names.

    >>> did_you_mean("horizn", ["horizon", "step"])
    "; did you mean 'horizon'?"
    >>> did_you_mean("zzz", ["horizon", "step"])
    '; known: horizon, step'
    """
    names = sorted(set(known))
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known: {', '.join(names)}" if names else ""
