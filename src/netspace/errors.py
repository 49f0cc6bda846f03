"""The one kind of error that is the user's to mend, with the nearest valid name offered."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NetspaceError(ValueError):
    """A mistake in what the user gave: names the value, what is allowed and what to do.

    The command line prints it as one line and ends with exit code 2.
    """

    exit_code = 2


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the name nearest to `name`, or all that is allowed.

    Args:
        name: what was given.
        allowed: the valid names.
    """
    names = sorted(allowed)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean '{close[0]}'? (allowed: {', '.join(names)})"
    return f"allowed: {', '.join(names)}"
