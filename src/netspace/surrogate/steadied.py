"""What is read of trainings: their validation errors, or the errors that their training losses speak for.

The validation error of a short training is counted on a few thousand images; its training loss in the last epoch is a
mean over every image it was trained on, and tells networks of one cost apart better, as long as they do not know their
images by heart. So where the two agree at equal cost, errors are read off the losses.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

AGREE = 0.5  # least correlation at equal cost
FEWEST = 6


def steadied(errors: FloatArray, losses: FloatArray, costs: FloatArray) -> FloatArray | None:
    """Return the errors that losses speak for: exp of the line through (log loss, log error) of all trainings.

    Args:
        errors: of validation, shape (n,).
        losses: mean training loss of the last epoch, shape (n,); NaN where it is not known.
        costs: shape (n,).

    Returns:
        shape (n,); None where the losses say nothing of the errors: fewer than 6 trainings, one without its loss, an
        error of 0, or a correlation below 0.5 after what log cost and its square explain is taken off both.
    """
    known = np.isfinite(losses).all() and min(losses.min(initial=1), errors.min(initial=1)) > 0
    if len(errors) < FEWEST or not known:
        return None
    y, x = np.log(errors), np.log(losses)
    trend = np.vander(np.log(costs), 3)
    apart = [v - trend @ np.linalg.lstsq(trend, v, rcond=None)[0] for v in (x, y)]
    spread = np.sqrt((apart[0] @ apart[0]) * (apart[1] @ apart[1]))
    if spread < 1e-12 or apart[0] @ apart[1] / spread < AGREE:
        return None
    slope, level = np.polyfit(x, y, 1)
    return np.exp(level + slope * x) if slope > 0 else None
