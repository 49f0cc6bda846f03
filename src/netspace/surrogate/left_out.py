"""What a model of trainings says of each one without having seen it: made once for the same numbers, then kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netspace.surrogate.cache import Cache, key_of
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
    cache, key = Cache(folder / FILE), key_of(x, y, seed, model)
    entry = cache.find(name, key)
    if entry is not None:
        return np.array(entry["predicted"], np.float64)
    predicted = left_out_predictions(model, x, y, rng=np.random.default_rng(seed))
    cache.keep(name, key, predicted=predicted.tolist())
    return predicted
