"""JSON text and plain data: each fault names the file and the place, and what is read is bounded."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from netspace.documents.bounds import DEEPEST, LONGEST_NUMBER, BoundsError, check_depth
from netspace.documents.files import read_text
from netspace.errors import NetspaceError


def parse_json(text: str, source: str) -> Any:
    """Parse one JSON value; `NaN` and `Infinity`, which Python writes, are taken.

    Args:
        text: of the value.
        source: what to call it in an error: a file, or a line of one.

    Raises:
        NetspaceError: where it is no JSON, names a key twice, nests too deep or holds a number too long.
    """
    try:
        value = json.loads(text, object_pairs_hook=_without_repeats, parse_int=_whole)
        check_depth(value)
    except json.JSONDecodeError as error:
        raise NetspaceError(f"{source} is not valid JSON: line {error.lineno}: {error.msg}") from None
    except BoundsError as error:
        raise NetspaceError(f"{source}: {error}") from None
    except RecursionError:
        raise NetspaceError(f"{source}: nests deeper than the {DEEPEST} levels that are read") from None
    return value


def read_json(path: Path) -> Any:
    """Read a file that holds one JSON value.

    Raises:
        NetspaceError: where it can't be read or is no such file.
    """
    return parse_json(read_text(path), str(path))


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Return plain data as JSON; numbers that are not finite, which JSON lacks, become null."""
    return json.dumps(_finite(value), indent=indent)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _whole(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise BoundsError(f"{digits[:12]}… has {len(digits)} digits; a number has up to {LONGEST_NUMBER}")
    return int(digits)


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BoundsError(f"the key '{key}' comes twice; keep one")
        found[key] = value
    return found
