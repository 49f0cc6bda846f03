"""Rows of a store of networks, checked where they are read: types, ranges, and what belongs together."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from netspace.errors import NetspaceError
from netspace.spaces import Architecture

DONE = ("ok", "diverged", "failed")
STATUSES = ("waiting", "claimed", *DONE)
LARGEST = 2**31 - 1  # of a depth or width
Test = Callable[[Any], bool]


def _whole(least: int) -> tuple[str, Test]:
    return f"a whole number of at least {least}", lambda value: type(value) is int and value >= least


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def _share(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and math.isfinite(value) and 0 <= value <= 1)


def _duration(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and math.isfinite(value) and value >= 0)


def _stages(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(type(v) is int and 1 <= v <= LARGEST for v in value)


def _knobs(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return all(_stages([v] if name == "image_size" else v) for name, v in value.items())


_SHARE, _NOTE = ("a share from 0 to 1, or nothing", _share), ("text, or nothing", lambda v: v is None or _text(v))
_STAGES = ("a JSON list of positive whole numbers, one per stage", _stages)
_COLUMNS: dict[str, tuple[str, Test]] = {
    "id": _whole(1),
    "population": ("a name", _text),
    "place": _whole(0),
    "seed": _whole(0),
    "depth": _STAGES,
    "width": _STAGES,
    "knobs": ("a JSON object of lists, one value per stage, and perhaps image_size", _knobs),
    **dict.fromkeys(("flops", "params", "activations"), _whole(1)),
    "status": (f"one of {', '.join(STATUSES)}", STATUSES.__contains__),
    **dict.fromkeys(("validation_error", "test_error"), _SHARE),
    "seconds": ("seconds, or nothing", _duration),
    **dict.fromkeys(("device", "reason"), _NOTE),
}


def checked_rows(found: list[Mapping[str, Any]], file: Path) -> list[dict[str, Any]]:
    """Return rows as read from a store, their depth and width as lists.

    Args:
        found: rows of the columns that `records.store` reads.
        file: the store, for messages.

    Raises:
        NetspaceError: names the file, the row, the value and what it should be.
    """
    rows = [_checked(dict(row), file) for row in found]
    for row in rows:
        if len(row["depth"]) != len(rows[0]["depth"]):
            raise _fault(file, row, f"has {len(row['depth'])} stages, and the first row {len(rows[0]['depth'])}")
    return rows


def checked_about(found: list[Mapping[str, Any]], file: Path) -> dict[str, Any]:
    """Return the one row of the table `about`.

    Raises:
        NetspaceError: where there is none or more than one, or it is not of a number and three texts.
    """
    about = dict(found[0]) if len(found) == 1 else {}
    sound = type(about.get("schema")) is int and all(_text(about.get(key)) for key in ("recipe", "data", "template"))
    if not sound:
        raise NetspaceError(f"{file} is damaged: its table 'about' should hold one row; {_advice(file)}")
    return about


def architecture_of(row: Mapping[str, Any]) -> Architecture:
    """Return a row's network: `depth`, `width` and each of `knobs` are lists, one value per stage."""
    knobs = dict(row.get("knobs") or {})
    image_size = knobs.pop("image_size", None)
    return Architecture.of(row["depth"], row["width"], knobs, image_size)


def last_loss(curve: Any) -> float | None:
    """Return the training loss of the last epoch of a curve as a store holds it; None where it says none."""
    entries = _parsed(curve)
    last = entries[-1] if isinstance(entries, list) and entries else None
    loss = last.get("loss") if isinstance(last, dict) else None
    return float(loss) if isinstance(loss, (int, float)) and math.isfinite(loss) else None


def knobs_of(architecture: Architecture) -> dict[str, Any]:
    """Return what a row says of an architecture beside depth and width."""
    size = architecture.image_size
    found: dict[str, Any] = {name: list(values) for name, values in architecture.knobs.items()}
    return found if size is None else {**found, "image_size": size}


def _checked(row: dict[str, Any], file: Path) -> dict[str, Any]:
    for key in ("depth", "width", "knobs"):
        row[key] = _parsed(row[key])
    for key, (wanted, holds) in _COLUMNS.items():
        if not holds(row[key]):
            raise _fault(file, row, f"{key} is {_shown(row[key])}; it should be {wanted}")
    if len(row["depth"]) != len(row["width"]):
        raise _fault(file, row, f"has {len(row['depth'])} depths and {len(row['width'])} widths")
    for name, values in row["knobs"].items():
        if name != "image_size" and len(values) != len(row["depth"]):
            raise _fault(file, row, f"has {len(row['depth'])} depths and {len(values)} values of {name}")
    if row["status"] == "ok" and None in (row["validation_error"], row["test_error"]):
        raise _fault(file, row, "is 'ok' and lacks an error")
    return row


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _fault(file: Path, row: dict[str, Any], what: str) -> NetspaceError:
    name = f"row {_shown(row['id'])} (network {_shown(row['place'])} of {_shown(row['population'])})"
    return NetspaceError(f"{file} is damaged: {name}: {what}; {_advice(file)}")


def _advice(file: Path) -> str:
    return f"restore it from a copy, or move {file.parent} away and train anew"
