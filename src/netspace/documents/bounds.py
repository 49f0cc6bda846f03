"""How much a document may hold: bounds far above what any of ours has, far below what hangs or crashes a reader."""

from __future__ import annotations

from typing import Any

DEEPEST = 64  # levels of nesting
MOST_VALUES = 200_000  # of YAML, each use of an alias counted anew
LONGEST_NUMBER = 300  # digits: what a float can hold
LARGEST_YAML = 4 * 2**20  # bytes


class BoundsError(Exception):
    """What a reader says of a document that is beyond its bounds, without the document's name."""


def check_depth(value: Any) -> None:
    """Raise BoundsError where plain data nests deeper than DEEPEST levels."""
    level, depth = [value], 0
    while level:
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        level, depth = inner, depth + 1
        if depth > DEEPEST:
            raise BoundsError(f"nests deeper than the {DEEPEST} levels that are read")
