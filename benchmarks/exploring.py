"""Which networks to score next, so that the best space of every budget is known with few scores.

First, networks spread evenly over the orders of magnitude of cost. Then rounds of Thompson sampling: the posterior of
the leading spaces' mean errors is drawn from, and an unread member of the space that a draw puts first is read. What a
network has of its own, beyond what the model explains, counts as far as it can be a network's own: up to OWN_SHARE of
the errors' spread; the rest of the residual is taken for noise of the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netspace.surrogate.contest import Contender, contest
from netspace.surrogate.features import model_features
from netspace.surrogate.judging import EnumeratedMembers, Judged
from netspace.surrogate.predictors import FITS, OWN_SHARE, Predictor, own_part
from netspace.surrogate.validation import Ranked, rank_predictors

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Read = Callable[[IntArray], FloatArray]

FIRST_SHARE = 0.4
ROUNDS = 6
CONTENDERS = 40
COST_BINS = 32


@dataclass(frozen=True)
class Knowledge:
    """What is known of a list of members after some were read.

    Args:
        members: all of them.
        rows: those that were read, shape (n,).
        errors: what was read, shape (n,).
        predictor: fitted to them.
        ranked: how the models compared on the first readings.
        own: share of a residual that is taken for the network's own, 0..1.
    """

    members: EnumeratedMembers
    rows: IntArray
    errors: FloatArray
    predictor: Predictor
    ranked: list[Ranked]
    own: float

    def expected(self, rows: slice) -> FloatArray:
        """Return the expected errors of a slice of members: the model's, moved towards what was read."""
        points, costs = self.members.points[rows], self.members.costs[rows]
        found = self.predictor.predict(model_features(self.members.grid, points, costs))
        inside = (self.rows >= rows.start) & (self.rows < rows.stop)
        place = self.rows[inside] - rows.start
        found[place] += self.own * (self.errors[inside] - found[place])
        return found

    def front(self, band: tuple[int, int]) -> tuple[Judged, IntArray, FloatArray]:
        """Judge all spaces at a band.

        Returns:
            the spaces judged; the numbers of the leading ones, best first; the covariance of their mean errors.
        """
        members, rows = self.members, self.members.rows(band)
        judged = members.judge_errors(self.expected(rows), rows)
        unread = np.ones(len(members.costs), bool)
        unread[self.rows] = False
        hits, spaces = np.bincount(members.space[rows], minlength=members.grid.num_spaces), members.grid.num_spaces
        left = np.bincount(members.space[rows], unread[rows], minlength=spaces)
        variance = self.own * self.predictor.residual**2
        own = variance * (left + (1 - self.own) * (hits - left)) / np.maximum(hits, 1) ** 2
        hopeful = np.where(hits > 0, judged.error - 2 * np.sqrt(own), np.inf)
        ahead = np.argsort(hopeful, kind="stable")[: min(CONTENDERS, int((hits > 0).sum()))]
        ahead = ahead[np.argsort(judged.error[ahead], kind="stable")]
        index = np.full(spaces, -1)
        index[ahead] = np.arange(len(ahead))
        group = index[members.space[rows]]
        points, costs = members.points[rows][group >= 0], members.costs[rows][group >= 0]
        features = model_features(members.grid, points, costs)
        _, covariance = self.predictor.group_means(features, group[group >= 0], len(ahead))
        return judged, ahead, covariance + np.diag(own[ahead])

    def choose(self, band: tuple[int, int]) -> list[Contender]:
        """Return the leading spaces at a band, best first."""
        judged, ahead, covariance = self.front(band)
        return contest(ahead, judged, covariance)


def spread_rows(costs: IntArray, n: int, *, rng: np.random.Generator) -> IntArray:
    """Draw n different rows, spread evenly over the orders of magnitude of cost."""
    logs = np.log(costs)
    edges = np.linspace(logs.min(), logs.max(), COST_BINS + 1)
    bins = np.searchsorted(edges, logs, side="right").clip(1, COST_BINS) - 1
    weights = 1 / np.bincount(bins, minlength=COST_BINS)[bins]
    return rng.choice(len(costs), n, replace=False, p=weights / weights.sum())


def explore(
    members: EnumeratedMembers,
    bands: Sequence[tuple[int, int]],
    read: Read,
    *,
    evaluations: int,
    rng: np.random.Generator,
    own_share: float = OWN_SHARE,
    models: Sequence[str] = tuple(FITS),
) -> Knowledge:
    """Read a number of members, chosen for finding the best space of each band.

    Args:
        members: all that may be read.
        bands: of costs (low, high), one per budget.
        read: returns the errors of rows of `members`.
        evaluations: how many to read, at most.
        rng: source of randomness.
        own_share: the largest standard deviation of what is a network's own, as a share of the errors' spread.
        models: those to choose from, by cross-validation on the first readings.

    Returns:
        what is known then; fewer are read where draws name only spaces whose members in band are all read.
    """
    evaluations = min(evaluations, len(members.costs))
    rows = spread_rows(members.costs, max(round(evaluations * FIRST_SHARE), min(evaluations, 8)), rng=rng)
    errors = read(rows)
    x = model_features(members.grid, members.points[rows], members.costs[rows])
    ranked = rank_predictors(x, errors, members.costs[rows].astype(np.float64), rng=rng, names=models)
    known = _known(members, rows, errors, ranked, own_share, rng)
    for round_ in range(ROUNDS):
        n = (evaluations - len(known.rows)) // (ROUNDS - round_)
        new = _next_rows(known, bands, n, rng)
        if not len(new):
            break
        rows, errors = np.concatenate([known.rows, new]), np.concatenate([known.errors, read(new)])
        # The settings of the first fit serve until the last round: they change little, and cost the most time.
        like = known.predictor if round_ < ROUNDS - 1 else None
        known = _known(members, rows, errors, ranked, own_share, rng, like)
    return known


def _known(
    members: EnumeratedMembers,
    rows: IntArray,
    errors: FloatArray,
    ranked: list[Ranked],
    own_share: float,
    rng: np.random.Generator,
    like: Predictor | None = None,
) -> Knowledge:
    x = model_features(members.grid, members.points[rows], members.costs[rows])
    predictor = FITS[ranked[0].name](x, errors, rng=rng, like=like)
    # The spread over cost is that of the first, evenly spread rows; later ones crowd where spaces are good.
    spread = float(errors[: max(round(len(rows) * FIRST_SHARE), 2)].std())
    return Knowledge(members, rows, errors, predictor, ranked, own_part(predictor, spread, own_share))


def _next_rows(known: Knowledge, bands: Sequence[tuple[int, int]], n: int, rng: np.random.Generator) -> IntArray:
    """Draw n unread rows, the bands in turn: each a member of the space that a draw of the posterior puts first."""
    members = known.members
    unread = np.ones(len(members.costs), bool)
    unread[known.rows] = False
    chosen: list[int] = []
    for turn, band in enumerate(bands):
        judged, ahead, covariance = known.front(band)
        rows = members.rows(band)
        wanted = len(range(turn, n, len(bands)))
        drawn = rng.multivariate_normal(judged.error[ahead], covariance, size=4 * wanted, method="eigh")
        taken = 0
        for order in np.argsort(drawn, axis=1):
            if taken == wanted:
                break
            inside = np.flatnonzero((members.space[rows] == ahead[order[0]]) & unread[rows]) + rows.start
            if len(inside):
                pick = int(rng.choice(inside))
                unread[pick] = False
                chosen.append(pick)
                taken += 1
    return np.array(chosen, np.int64)
