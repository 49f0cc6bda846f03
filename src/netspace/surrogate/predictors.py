"""Models of error that know how sure they are: fitted to a few networks, asked about the means of many spaces.

All take features that are not standardised, shape (n, p), and errors, shape (n,), in any unit. A fit takes the settings
(such as length scales), not the data, of an earlier one where it is given one as `like`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from netspace.surrogate.gaussian_process import fit_gaussian_process

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


class Predictor(Protocol):
    """A fitted model of error."""

    @property
    def residual(self) -> float:
        """Standard deviation of errors around the model: what belongs to a single reading."""
        ...

    def predict(self, x: FloatArray) -> FloatArray:
        """Return the expected errors at features x (m, p): shape (m,)."""
        ...

    def group_means(self, x: FloatArray, group: IntArray, groups: int) -> tuple[FloatArray, FloatArray]:
        """Return the expected mean error of groups of networks, and the covariance of these means.

        Args:
            x: features, shape (m, p).
            group: the group of each row, 0..groups − 1, each with at least one row; shape (m,).
            groups: number of groups.

        Returns:
            means (groups,), covariance (groups, groups): what the fit does not know, without single readings' noise.
        """
        ...


# More of them may be added; where there are several, cross-validation takes the one that ranks best within bands.
FITS: dict[str, Callable[..., Predictor]] = {"gaussian process": fit_gaussian_process}
OWN_SHARE = 0.15  # of the errors' spread: the largest standard deviation of what is a network's own


def own_part(predictor: Predictor, spread: float, own_share: float = OWN_SHARE) -> float:
    """Return the part of a residual, 0..1, that is taken for a network's own.

    Args:
        predictor: whose residuals.
        spread: standard deviation of the errors of networks spread over all costs.
        own_share: the largest standard deviation of what is a network's own, as a share of it.
    """
    return min(1.0, (own_share * spread / max(predictor.residual, 1e-12)) ** 2)
