"""Models of error that know how sure they are: fitted to a few networks, asked about the means of many spaces.

All take features that are not standardised, shape (n, p), and errors, shape (n,), in any unit. A fit takes the settings
(penalty, length scales), not the data, of an earlier one where it is given one as `like`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from netspace.surrogate.groups import group_average
from netspace.surrogate.trees import fit_trees

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

RIDGE_PENALTIES = (0.03, 0.3, 3.0, 30.0, 300.0)
KERNEL_ROWS = 256
CHUNK = 2**12  # rows at once: larger ones spend more on fresh memory than on arithmetic


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


@dataclass(frozen=True)
class Ridge:
    """A linear or quadratic polynomial of the features with penalised coefficients.

    Posterior of the coefficients: Normal(solution, σ²(AᵀA + λI)⁻¹), σ² from the leave-one-out residuals.
    """

    scaling: Scaling
    inner: Scaling
    quadratic: bool
    penalty: float
    solution: FloatArray
    centre: float
    covariance: FloatArray
    residual: float
    rows: int

    def predict(self, x: FloatArray) -> FloatArray:
        """See Predictor."""
        parts = [self._terms(x[i : i + CHUNK]) @ self.solution for i in range(0, len(x), CHUNK)]
        return np.concatenate([np.empty(0), *parts]) + self.centre

    def group_means(self, x: FloatArray, group: IntArray, groups: int) -> tuple[FloatArray, FloatArray]:
        """See Predictor."""
        terms = group_average(self._terms(x), group, groups)
        # The first part is the mean error's own variance.
        noise = self.residual**2 * (1 / self.rows + terms @ self.covariance @ terms.T)
        return terms @ self.solution + self.centre, noise

    def _terms(self, x: FloatArray) -> FloatArray:
        return self.inner(_polynomial(self.scaling(x), self.quadratic))


def _polynomial(x: FloatArray, quadratic: bool) -> FloatArray:
    if not quadratic:
        return x
    i, j = np.triu_indices(x.shape[1])
    return np.concatenate([x, x[:, i] * x[:, j]], axis=1)


def fit_linear(x: FloatArray, y: FloatArray, *, rng: np.random.Generator, like: Any = None) -> Ridge:
    """Fit a linear ridge; its penalty has the least leave-one-out error of five."""
    return _fit_ridge(x, y, quadratic=False, penalty=None if like is None else like.penalty)


def fit_quadratic(x: FloatArray, y: FloatArray, *, rng: np.random.Generator, like: Any = None) -> Ridge:
    """Fit a quadratic ridge; its penalty has the least leave-one-out error of five."""
    return _fit_ridge(x, y, quadratic=True, penalty=None if like is None else like.penalty)


def _fit_ridge(x: FloatArray, y: FloatArray, *, quadratic: bool, penalty: float | None) -> Ridge:
    scaling = Scaling.of(x)
    terms = _polynomial(scaling(x), quadratic)
    inner = Scaling.of(terms)
    a, centre = inner(terms), float(y.mean())
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    best: tuple[float, float] | None = None
    for each in (penalty,) if penalty is not None else RIDGE_PENALTIES:
        shrink = s**2 / (s**2 + each)
        leverage = (u**2 * shrink).sum(1) + 1 / len(y)
        left_out = (y - centre - u @ (shrink * (u.T @ (y - centre)))) / np.maximum(1 - leverage, 1e-3)
        error = float(np.sqrt(np.mean(left_out**2)))
        best = min(best or (np.inf, 0.0), (error, each))
    assert best is not None
    residual, chosen = best
    solution = vt.T @ (s / (s**2 + chosen) * (u.T @ (y - centre)))
    covariance = np.asarray(np.linalg.inv(a.T @ a + chosen * np.eye(a.shape[1])), np.float64)
    return Ridge(scaling, inner, quadratic, chosen, solution, centre, covariance, residual, len(y))


@dataclass(frozen=True)
class GaussianProcess:
    """A Gaussian process with one length scale per feature and independent noise.

    k(x, x′) = signal·exp(−½ Σ ((x − x′)/length)²), in units of the errors' variance.
    """

    scaling: Scaling
    settings: FloatArray
    rows: FloatArray
    weights: FloatArray
    inverse: FloatArray
    centre: float
    unit: float

    @property
    def residual(self) -> float:
        """See Predictor."""
        return float(np.sqrt(self.settings[-1]) * self.unit)

    def predict(self, x: FloatArray) -> FloatArray:
        """See Predictor."""
        parts = [self._cross(x[i : i + CHUNK]) @ self.weights for i in range(0, len(x), CHUNK)]
        return np.concatenate([np.empty(0), *parts]).astype(np.float64) * self.unit + self.centre

    def group_means(self, x: FloatArray, group: IntArray, groups: int) -> tuple[FloatArray, FloatArray]:
        """See Predictor."""
        scaled = self._scale(x)
        cross = group_average(_kernel(scaled, self.rows, self.settings[0]), group, groups)
        prior = group_average(_kernel(scaled, scaled, self.settings[0]), group, groups)
        prior = group_average(prior.T, group, groups)
        known = cross @ self.inverse
        covariance = (prior - known @ known.T) * self.unit**2
        return cross @ self.weights * self.unit + self.centre, covariance

    def _scale(self, x: FloatArray) -> FloatArray:
        return self.scaling(x) / self.settings[1:-1]

    def _cross(self, x: FloatArray) -> NDArray[np.float32]:
        """Single precision: sums of some hundred terms, and the readings' noise is far above its rounding."""
        values = self._scale(x).astype(np.float32)
        return _kernel(values, self.rows.astype(np.float32), np.float32(self.settings[0]))


def _kernel(a: NDArray[Any], b: NDArray[Any], signal: Any) -> NDArray[Any]:
    squared = a @ b.T
    squared -= 0.5 * (a**2).sum(1)[:, None]
    squared -= 0.5 * (b**2).sum(1)
    np.minimum(squared, 0, out=squared)
    np.exp(squared, out=squared)
    squared *= signal
    return squared


def fit_gaussian_process(
    x: FloatArray, y: FloatArray, *, rng: np.random.Generator, like: Any = None
) -> GaussianProcess:
    """Fit a Gaussian process; its settings maximise the likelihood of at most 256 of the rows, drawn at random."""
    scaling, centre, unit = Scaling.of(x), float(y.mean()), float(y.std())
    unit = unit if unit > 1e-12 else 1.0  # equal errors differ from their mean by rounding alone
    target = (y - centre) / unit
    settings = _gp_settings(scaling(x), target, rng) if like is None else like.settings
    rows = scaling(x) / settings[1:-1]
    factor = np.linalg.cholesky(_kernel(rows, rows, settings[0]) + (settings[-1] + 1e-9) * np.eye(len(y)))
    inverse = np.asarray(np.linalg.solve(factor, np.eye(len(y))).T, np.float64)
    return GaussianProcess(scaling, settings, rows, inverse @ (inverse.T @ target), inverse, centre, unit)


def _gp_settings(x: FloatArray, target: FloatArray, rng: np.random.Generator) -> FloatArray:
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    chosen = rng.permutation(len(x))[:KERNEL_ROWS]
    length = RBF(np.full(x.shape[1], 3.0), (0.3, 100.0))
    kernel = ConstantKernel(4.0, (1e-2, 1e3)) * length + WhiteKernel(0.1, (1e-4, 10.0))
    with warnings.catch_warnings():
        # A length at its bound says that a feature is not used: no fault.
        warnings.simplefilter("ignore", ConvergenceWarning)
        found = GaussianProcessRegressor(kernel).fit(x[chosen], target[chosen]).kernel_
    logs = found.theta  # signal, lengths, noise
    return np.exp(np.asarray(logs, np.float64))


FITS: dict[str, Callable[..., Predictor]] = {
    "linear": fit_linear,
    "quadratic": fit_quadratic,
    "gaussian process": fit_gaussian_process,
    "boosted trees": fit_trees,
}
