"""The errors that are told in one line: mistakes that are the user's to mend, and work of which a part is missing."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class NetspaceError(ValueError):
    """A mistake in what the user gave: names the value, what is allowed and what to do.

    The command line prints it as one line and ends with exit code 2.
    """

    exit_code = 2


class UnfinishedError(NetspaceError):
    """Work that ended with a part of it missing, through no mistake of the user's: names what is missing and why.

    The command line prints it as one line and ends with exit code 1.
    """

    exit_code = 1


class LostRankError(NetspaceError):
    """Another of the processes that train together was lost: it says why it ended, or whoever started it does.

    The command line prints it as one line and ends with exit code 3.
    """

    exit_code = 3


def first_line(error: BaseException, most: int = 300) -> str:
    """Return the first line of what an error says, or its name: at most so many characters, no two spaces in a row.

    Where that line announces others by a colon, as one that carries another process's traceback, the last follows it.
    """
    lines = str(error).strip().splitlines() or [""]
    line = f"{lines[0]} {lines[-1]}" if lines[0].endswith(":") and len(lines) > 1 else lines[0]
    return " ".join(line.split())[:most] or type(error).__name__


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
