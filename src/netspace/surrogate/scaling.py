"""Features brought to mean 0 and deviation 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """Standardises features by the rows of a fit: (x − mean) / deviation, constant features to 0."""

    mean: FloatArray
    deviation: FloatArray

    @classmethod
    def of(cls, x: FloatArray) -> Scaling:
        """Measure the features of a fit."""
        deviation = x.std(0)
        return cls(x.mean(0), np.where(deviation > 1e-12, deviation, np.inf))

    def __call__(self, x: FloatArray) -> FloatArray:
        """Return the standardised features."""
        return (x - self.mean) / self.deviation
