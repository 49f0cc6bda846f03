"""What a model of trainings says of each one without having seen it: made once for the same numbers, then kept."""

from __future__ import annotations

import json
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netspace.documents import read_text, write_atomically
from netspace.errors import NetspaceError
from netspace.surrogate.validation import left_out_predictions

FloatArray = NDArray[np.float64]
FILE = "front-left-out.json"


def left_out(folder: Path, name: str, model: str, x: FloatArray, y: FloatArray, *, seed: int) -> FloatArray:
    """Return each network's error as predicted from the others, shape (n,).

    Args:
        folder: of the run; what was made is kept there, and may be removed.
        name: of the signal.
        model: its name in `predictors.FITS`.
        x: features, shape (n, p).
        y: errors, shape (n,).
        seed: of the folds.
    """
    key = blake2b(x.tobytes() + y.tobytes() + repr((seed, model)).encode(), digest_size=8).hexdigest()
    known = _kept(folder / FILE)
    entry = known.get(name)
    if isinstance(entry, dict) and entry.get("key") == key:
        try:
            kept = np.array(entry.get("predicted"), np.float64)
        except (TypeError, ValueError):
            kept = np.empty(0)
        if kept.shape == y.shape and np.isfinite(kept).all():
            return kept
    predicted = left_out_predictions(model, x, y, rng=np.random.default_rng(seed))
    known[name] = {"key": key, "predicted": predicted.tolist()}
    write_atomically(folder / FILE, json.dumps(known))
    return predicted


def _kept(file: Path) -> dict[str, object]:
    """Return what is kept; nothing where the file cannot be read, since it is made anew."""
    try:
        found = json.loads(read_text(file))
    except (NetspaceError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
