"""How far a model's errors lie from those of trainings that it has not seen, beyond the noise of a single training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netspace.surrogate.scaling import Scaling

FloatArray = NDArray[np.float64]

LENGTHS = (0.25, 0.5, 1.0, 2.0)
SHARES = tuple(k / 10 for k in range(10))
TREND = 3  # coefficients of the parabola in log cost that is taken off
MOST_ROWS = 512


@dataclass(frozen=True)
class Misfit:
    """What held-out trainings say of predictions at equal cost.

    error − predicted·slope, with a parabola in log cost taken off both, is split into the noise of single trainings and
    a smooth part that networks of like shape share: a Gaussian process of the features. How large the smooth part is,
    and how far it reaches, is averaged over a grid of shares (0 to 0.9) and lengths by their likelihood, each point of
    the grid being as likely beforehand as any other: with little data about half of the variance counts as shared.

    Args:
        slope: by how much errors differ where predictions differ by 1; 0 to 1.
        deviation: standard error of the slope.
        scaling: of the features.
        parts: (length, variance) of the smooth part, one for each length of the grid.
    """

    slope: float
    deviation: float
    scaling: Scaling
    parts: tuple[tuple[float, float], ...]

    def covariance(self, centres: FloatArray, predicted: FloatArray) -> FloatArray:
        """Return the covariance of spaces' true mean errors that the misfit adds, shape (s, s).

        Args:
            centres: mean features of each space's members in band, shape (s, p).
            predicted: mean predicted error of each, shape (s,).
        """
        gap = predicted - predicted[0]
        total = self.deviation**2 * np.outer(gap, gap)
        squares = _squares(self.scaling(centres))
        for length, variance in self.parts:
            total += variance * np.exp(-squares / (2 * length**2))
        return np.asarray(total, np.float64)


def measure_misfit(x: FloatArray, predicted: FloatArray, y: FloatArray, costs: FloatArray) -> Misfit:
    """Hold predictions against the errors of trainings that they were made without.

    Args:
        x: features of the networks trained, shape (n, p).
        predicted: their errors, predicted without them, shape (n,).
        y: their stand-alone errors, shape (n,).
        costs: shape (n,).
    """
    rows = np.linspace(0, len(y) - 1, min(len(y), MOST_ROWS)).round().astype(np.int64)
    x, predicted, y, logs = x[rows], predicted[rows], y[rows], np.log(costs[rows])
    trend = np.stack([np.ones_like(logs), logs, logs**2], axis=1)
    basis = np.linalg.svd(trend, full_matrices=False)[0]
    p, e = (v - basis @ (basis.T @ v) for v in (predicted, y))
    freedom = max(len(y) - TREND - 1, 1)
    slope, deviation = 1.0, 0.0
    if p @ p > 1e-12 * len(y) * max(float(np.var(y)), 1e-12):
        slope = float(p @ e / (p @ p))
        deviation = float(np.sqrt(((e - slope * p) ** 2).sum() / freedom / (p @ p)))
    scaling = Scaling.of(x)
    parts = _smooth_parts(_squares(scaling(x)), e - slope * p, freedom)
    return Misfit(min(max(slope, 0.0), 1.0), deviation, scaling, parts)


def _squares(z: FloatArray) -> FloatArray:
    """Return the squared distances of standardised features, mean over the features, shape (n, n)."""
    norms = (z**2).sum(1)
    return np.maximum(norms[:, None] + norms - 2 * z @ z.T, 0) / z.shape[1]


def _smooth_parts(squares: FloatArray, residual: FloatArray, freedom: int) -> tuple[tuple[float, float], ...]:
    """Return the variance of the smooth part at each length: the average over the grid, by likelihood."""
    if not np.any(np.abs(residual) > 1e-12):
        return ()
    share = np.array(SHARES)[:, None]
    logs, variances = [], []
    for length in LENGTHS:
        values, vectors = np.linalg.eigh(np.exp(-squares / (2 * length**2)))
        spread = 1 - share + share * np.maximum(values, 0)  # eigenvalues of the residuals' correlation
        variance = ((vectors.T @ residual) ** 2 / spread).sum(1) / freedom
        logs.append(-0.5 * np.log(spread).sum(1) - 0.5 * len(residual) * np.log(variance))
        variances.append(variance)
    weights = np.exp(np.array(logs) - np.max(logs))
    smooth = weights / weights.sum() * np.array(variances) * np.array(SHARES)
    return tuple((length, float(v)) for length, v in zip(LENGTHS, smooth.sum(1), strict=True))
