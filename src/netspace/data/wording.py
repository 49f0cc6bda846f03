"""How counts and lists of names are put in words, in what is said of a data set."""

from __future__ import annotations

from collections.abc import Sequence

NAMED = 5


def counted(n: int, what: str) -> str:
    """Return `1 image`, `2,000 images`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def some(names: Sequence[str], most: int = NAMED) -> str:
    """Return the first of some names, and how many more there are."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def read_so_far(done: int, total: int | None) -> str:
    """Say how many images are read, of how many where that is known."""
    return f"images read: {done:,}" + ("" if total is None else f" of {total:,}")
