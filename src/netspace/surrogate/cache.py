"""What was made of the same numbers before, in a file of a run's folder: it only saves time, and may be removed."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace.documents import read_json, write_atomically
from netspace.errors import NetspaceError

VERSION = 2  # of what is kept: another one is made anew


class Cache:
    """Entries by name, each with the key of the numbers that it was made of.

    Each entry has a digest; one that does not agree with it, or can't be read, is as good as none.

    Args:
        file: of the entries.
    """

    def __init__(self, file: Path) -> None:
        self._file, self._entries = file, _whole_entries(file)

    def find(self, name: str, key: str) -> dict[str, Any] | None:
        """Return the entry of a name where it was made of the same numbers."""
        entry = self._entries.get(name)
        return entry if entry is not None and entry.get("key") == key else None

    def keep(self, name: str, key: str, **made: Any) -> None:
        """Keep what was made, plain data, in place of the entry of that name."""
        entry = {"key": key, **made}
        self._entries[name] = {**entry, "check": _check(entry)}
        with suppress(OSError):  # a folder that is read-only or full goes without
            write_atomically(self._file, json.dumps(self._entries, indent=1))


def key_of(x: NDArray[np.float64], y: NDArray[np.float64], *told: object) -> str:
    """Return the key of features, errors and whatever else says what is made of them."""
    return _digest(x.tobytes() + y.tobytes() + repr((VERSION, *told)).encode())


def _whole_entries(file: Path) -> dict[str, dict[str, Any]]:
    try:
        known = read_json(file)
    except NetspaceError:
        return {}
    entries = known.items() if isinstance(known, dict) else ()
    return {name: e for name, e in entries if isinstance(e, dict) and e.get("check") == _check(e)}


def _check(entry: dict[str, Any]) -> str:
    return _digest(json.dumps({key: value for key, value in entry.items() if key != "check"}).encode())


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()
