"""Which model of error ranks best within a budget's band, by cross-validation, and whether any beats FLOPs alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netspace.analysis.edf import Interval
from netspace.errors import NetspaceError
from netspace.surrogate.predictors import FITS, Predictor

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BAND_RATIO = 1.1 / 0.9
LEAST_ROWS = 6
FEW_DIFFER = 8
LEAST_PAIRS = 12
RESAMPLES = 400


@dataclass(frozen=True)
class Ranked:
    """How one model ranks networks that it was not fitted to.

    Args:
        name: of the model.
        overall: Kendall's τ over all pairs of networks; 0 where errors or predictions are all equal.
        within: τ over the pairs whose costs could satisfy one budget (ratio ≤ 1.1/0.9), with its bootstrap interval;
            NaN where there is no such pair.
        pairs: number of those pairs.
        gain: `within` less the same for "more FLOPs is better", with its bootstrap interval.
        beyond: `within` less the same for "wider is better" (mean log width), which needs no reading at all, with its
            bootstrap interval; None where widths are not known.
    """

    name: str
    overall: float
    within: Interval
    pairs: int
    gain: Interval
    beyond: Interval | None = None

    @property
    def beats_flops(self) -> bool:
        """Whether the interval of the gain over FLOPs alone lies above 0."""
        return self.gain.low > 0

    @property
    def decisive(self) -> float:
        """τ within bands, or overall where the pairs within bands are too few to tell anything."""
        return self.within.value if self.pairs >= LEAST_PAIRS else self.overall


def pair_signs(score: FloatArray, truth: FloatArray, near: NDArray[np.bool_]) -> FloatArray:
    """Return +1, 0 or −1 for each near pair that the score orders rightly, not at all, or wrongly: shape (n, n)."""
    ordered = np.sign(score[:, None] - score) * np.sign(truth[:, None] - truth)
    return np.where(near, ordered, 0.0)


def near_pairs(costs: FloatArray, ratio: float = BAND_RATIO) -> NDArray[np.bool_]:
    """Say which pairs of different networks have costs within a ratio of each other: shape (n, n)."""
    logs = np.log(costs)
    near = np.abs(logs[:, None] - logs) <= np.log(ratio) + 1e-12
    np.fill_diagonal(near, False)
    return near


def left_out_predictions(name: str, x: FloatArray, y: FloatArray, *, rng: np.random.Generator) -> FloatArray:
    """Predict each error by a model fitted to other folds: ten folds, or one per network where there are few.

    A model's settings (penalty, length scales) come from one fit to all rows; its data never hold what it predicts.
    """
    fit = FITS[name]
    whole = fit(x, y, rng=rng)
    folds = np.array_split(rng.permutation(len(y)), len(y) if len(y) <= 40 else 10)
    predicted = np.empty(len(y))
    for fold in folds:
        kept = np.setdiff1d(np.arange(len(y)), fold)
        predicted[fold] = fit(x[kept], y[kept], rng=rng, like=whole).predict(x[fold])
    return predicted


def rank_predictors(
    x: FloatArray,
    y: FloatArray,
    costs: FloatArray,
    *,
    rng: np.random.Generator,
    names: Sequence[str] = tuple(FITS),
    ratio: float = BAND_RATIO,
    widths: FloatArray | None = None,
) -> list[Ranked]:
    """Compare models on the same rows, best within bands first.

    Args:
        x: features, shape (n, p).
        y: errors, shape (n,).
        costs: shape (n,).
        rng: source of folds and resamples.
        names: of models in `predictors.FITS`.
        ratio: of costs that could satisfy one budget.
        widths: mean log width of each network, shape (n,), to hold the models against; None where it is not known.

    Raises:
        NetspaceError: where there are too few networks to fit, or an error is not finite.
    """
    check_rows(x, y)
    found = [
        rank_predicted(name, left_out_predictions(name, x, y, rng=rng), y, costs, rng=rng, ratio=ratio, widths=widths)
        for name in names
    ]
    return sorted(found, key=lambda ranked: -ranked.decisive)


def rank_predicted(
    name: str,
    predicted: FloatArray,
    y: FloatArray,
    costs: FloatArray,
    *,
    rng: np.random.Generator,
    ratio: float = BAND_RATIO,
    widths: FloatArray | None = None,
) -> Ranked:
    """Say how well predictions, made without the errors that they predict, rank them; all arrays of shape (n,)."""
    costs = np.asarray(costs, np.float64)
    near, counts = near_pairs(costs, ratio), _resampled_counts(len(y), rng)
    signs, by_flops = pair_signs(predicted, y, near), pair_signs(-costs, y, near)
    every = ~np.eye(len(y), dtype=bool)
    overall = float(pair_signs(predicted, y, every).sum() / every.sum())
    within, gain = _mean(signs, near, counts), _mean(signs - by_flops, near, counts)
    beyond = None if widths is None else _mean(signs - pair_signs(-widths, y, near), near, counts)
    return Ranked(name, overall, within, int(near.sum()) // 2, gain, beyond)


def check_rows(x: FloatArray, y: FloatArray) -> None:
    """Raise NetspaceError where networks are too few, or their errors not finite."""
    if len(y) < LEAST_ROWS:
        raise NetspaceError(f"{len(y)} networks are too few to fit a predictor to; give {LEAST_ROWS} or more")
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise NetspaceError("a network's error or feature is not finite; leave it out")


def levelled(y: FloatArray) -> FloatArray:
    """Return errors as they are, or their mean throughout where they are too equal to learn from.

    That is so where most of them are one value and fewer than 8 differ from it: easy data, on which nearly every
    network makes no mistake.
    """
    counts = np.unique(y, return_counts=True)[1]
    most = int(counts.max(initial=0))
    flat = 2 * most > len(y) and len(y) - most < FEW_DIFFER
    return np.full(len(y), float(y.mean())) if flat else y


def fit_best(
    x: FloatArray,
    y: FloatArray,
    costs: FloatArray,
    *,
    rng: np.random.Generator,
    names: Sequence[str] = tuple(FITS),
    widths: FloatArray | None = None,
) -> tuple[Predictor, list[Ranked]]:
    """Fit the model that ranks best within bands, and return it with the ranking of all.

    Where all errors are equal there is nothing to rank: the first model predicts that error everywhere.
    """
    if np.ptp(y) == 0:
        check_rows(x, y)
        return FITS[names[0]](x, y, rng=rng), [rank_predicted(names[0], y, y, costs, rng=rng, widths=widths)]
    ranked = rank_predictors(x, y, costs, rng=rng, names=names, widths=widths)
    return FITS[ranked[0].name](x, y, rng=rng), ranked


def _resampled_counts(n: int, rng: np.random.Generator) -> FloatArray:
    return rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)


def _mean(signs: FloatArray, near: NDArray[np.bool_], counts: FloatArray) -> Interval:
    """Average the signs of near pairs; the bootstrap resamples networks, not pairs."""
    total = ((counts @ signs) * counts).sum(1)
    pairs = ((counts @ near.astype(np.float64)) * counts).sum(1)
    if not near.any():
        return Interval(float("nan"), float("nan"), float("nan"))
    values = total[pairs > 0] / pairs[pairs > 0]
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(float(signs.sum() / near.sum()), float(low), float(high))
