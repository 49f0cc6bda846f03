"""A Gaussian process whose settings have priors of their own, so that six readings fit it as soundly as six hundred.

error + δ = exp(f) where no error is negative (δ is a tenth of the mean error), else error = f; f, in units of its own
spread, is a straight line in the standardised features plus a smooth part:

k(x, x′) = BASE + SLOPE·x·x′/p + signal·exp(−½ Σ ((x − x′)/length)²), and noise on the diagonal.

The settings are at the mode of their posterior (Rasmussen and Williams 2006, section 5.2, with log-normal priors). A
large residual of a cheap, bad network then says as much as a small one of a good network: what counts is the ratio.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace.surrogate.groups import group_average
from netspace.surrogate.scaling import Scaling

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BASE, SLOPE = 100.0, 0.3  # prior variances: of the level, which is as good as free, and of the line
# Priors of the settings, log-normal: median and standard deviation of the logarithm.
LENGTH, SIGNAL, NOISE = (4.0, 0.4), (0.3, 1.5), (0.05, 1.5)
JITTER = 1e-8
FITTED_ROWS = 256
STEPS = 60
CHUNK = 2**12  # rows at once: larger ones spend more on fresh memory than on arithmetic
OFFSET = 0.1


@dataclass(frozen=True)
class Warp:
    """error ↔ what is modelled: (log(error + offset) − centre) / unit; without the log where offset is None.

    Equal errors have a unit of 0: whatever is modelled, that error is predicted, and surely.
    """

    offset: float | None
    centre: float
    unit: float

    @classmethod
    def of(cls, y: FloatArray) -> Warp:
        """Measure the errors of a fit."""
        offset = OFFSET * float(y.mean()) if y.min() >= 0 and y.max() > 0 else None
        logs = y if offset is None else np.log(y + offset)
        unit = float(logs.std())
        return cls(offset, float(logs.mean()), unit if unit > 1e-12 else 0.0)  # equal errors differ by rounding alone

    def __call__(self, y: FloatArray) -> FloatArray:
        """Return what is modelled of errors."""
        return ((y if self.offset is None else np.log(y + self.offset)) - self.centre) / (self.unit or 1.0)

    def back(self, f: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the errors at f, and by how much they change where f changes by 1."""
        values = f * self.unit + self.centre
        if self.offset is None:
            return values, np.full(len(f), self.unit)
        grown = np.exp(values)
        return grown - self.offset, grown * self.unit


@dataclass(frozen=True)
class GaussianProcess:
    """A fitted Gaussian process; see the head of this file.

    Args:
        scaling: of the features.
        warp: of the errors.
        settings: signal, one length per feature, noise.
        rows: standardised features of the networks it was fitted to, shape (n, p).
        weights: K⁻¹ of what was modelled, shape (n,).
        inverse: inverse of the Cholesky factor of K, transposed, shape (n, n).
    """

    scaling: Scaling
    warp: Warp
    settings: FloatArray
    rows: FloatArray
    weights: FloatArray
    inverse: FloatArray

    @property
    def residual(self) -> float:
        """See Predictor; at the centre of the errors."""
        return float(np.sqrt(self.settings[-1]) * self.warp.back(np.zeros(1))[1][0])

    def predict(self, x: FloatArray) -> FloatArray:
        """See Predictor."""
        return self.warp.back(self._modelled(self.scaling(x)))[0]

    def group_means(self, x: FloatArray, group: IntArray, groups: int) -> tuple[FloatArray, FloatArray]:
        """See Predictor; the covariance is that of a linear change around the prediction of each row."""
        z = self.scaling(x)
        errors, rise = self.warp.back(self._modelled(z))
        cross = group_average(_kernel(z, self.rows, self.settings) * rise[:, None], group, groups)
        prior = group_average(_kernel(z, z, self.settings) * np.outer(rise, rise), group, groups)
        prior = group_average(prior.T, group, groups)
        known = cross @ self.inverse
        return group_average(errors, group, groups), prior - known @ known.T

    def _modelled(self, z: FloatArray) -> FloatArray:
        level, line = BASE * self.weights.sum(), SLOPE / z.shape[1] * (self.weights @ self.rows)
        smooth = [self._smooth(z[i : i + CHUNK]) for i in range(0, len(z), CHUNK)]
        return level + z @ line + np.concatenate([np.empty(0), *smooth]).astype(np.float64)

    def _smooth(self, z: FloatArray) -> NDArray[np.float32]:
        """Single precision: sums of some hundred terms, and the readings' noise is far above its rounding."""
        lengths = self.settings[1:-1]
        near = _radial((z / lengths).astype(np.float32), self._known)
        return near @ (self.settings[0] * self.weights).astype(np.float32)

    @cached_property
    def _known(self) -> NDArray[np.float32]:
        return (self.rows / self.settings[1:-1]).astype(np.float32)


def fit_gaussian_process(
    x: FloatArray, y: FloatArray, *, rng: np.random.Generator, like: Any = None
) -> GaussianProcess:
    """Fit to errors, shape (n,); the settings are the likeliest for at most 256 of the rows, drawn at random."""
    scaling, warp = Scaling.of(x), Warp.of(y)
    rows, target = scaling(x), warp(y)
    settings = _likeliest(rows, target, rng) if like is None else like.settings
    factor = np.linalg.cholesky(_kernel(rows, rows, settings) + (settings[-1] + JITTER) * np.eye(len(y)))
    inverse = np.asarray(np.linalg.solve(factor, np.eye(len(y))).T, np.float64)
    return GaussianProcess(scaling, warp, settings, rows, inverse @ (inverse.T @ target), inverse)


def _kernel(a: FloatArray, b: FloatArray, settings: FloatArray) -> FloatArray:
    lengths = settings[1:-1]
    return BASE + SLOPE / a.shape[1] * (a @ b.T) + settings[0] * _radial(a / lengths, b / lengths)


def _radial(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    """Return exp(−½ |a − b|²) of all pairs of rows."""
    squared = a @ b.T
    squared -= 0.5 * (a**2).sum(1)[:, None]
    squared -= 0.5 * (b**2).sum(1)
    np.minimum(squared, 0, out=squared)
    np.exp(squared, out=squared)
    return squared


def _likeliest(x: FloatArray, target: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the settings of the greatest posterior density."""
    from scipy.optimize import minimize

    chosen = rng.permutation(len(x))[:FITTED_ROWS]
    priors = np.array([SIGNAL, *[LENGTH] * x.shape[1], NOISE])
    medians, spreads = np.log(priors[:, 0]), priors[:, 1]
    density = _Density(x[chosen], target[chosen], medians, spreads)
    found = minimize(density, medians, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return np.exp(np.asarray(found.x, np.float64))


class _Density:
    """Minus the log posterior density of log settings, and its gradient."""

    def __init__(self, x: FloatArray, target: FloatArray, medians: FloatArray, spreads: FloatArray) -> None:
        self._target, self._medians, self._spreads = target, medians, spreads
        self._fixed = BASE + SLOPE / x.shape[1] * (x @ x.T)
        self._squares = np.stack([((column[:, None] - column) ** 2).ravel() for column in x.T])

    def __call__(self, logs: FloatArray) -> tuple[float, FloatArray]:
        from scipy.linalg import cho_factor, cho_solve

        n, far = len(self._target), (logs - self._medians) / self._spreads
        signal, inverse_squares, noise = np.exp(logs[0]), np.exp(-2 * logs[1:-1]), np.exp(logs[-1])
        smooth = signal * np.exp(-0.5 * inverse_squares @ self._squares).reshape(n, n)
        factor = cho_factor(self._fixed + smooth + (noise + JITTER) * np.eye(n), lower=True)
        weights = cho_solve(factor, self._target)
        value = 0.5 * self._target @ weights + np.log(np.diag(factor[0])).sum() + 0.5 * far @ far
        slope = 0.5 * (cho_solve(factor, np.eye(n)) - np.outer(weights, weights))
        along = (slope * smooth).ravel()
        gradient = [along.sum(), *inverse_squares * (self._squares @ along), noise * np.trace(slope)]
        return float(value), np.array(gradient) + far / self._spreads
