"""The answer at a budget: the best spaces of the grid with intervals and ties, and their Elite Space file."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

from netspace.cost import Budget, CostModel
from netspace.records import Candidate, EliteSpace, load_elite
from netspace.spaces import NetworkSpace
from netspace.surrogate.contest import Contender, contest, shortlist
from netspace.surrogate.grid import members, network_space
from netspace.surrogate.groups import group_average
from netspace.surrogate.judging import Judged, Members, least_hit_rate
from netspace.surrogate.run import FinishedRun
from netspace.surrogate.signals import Signal

FloatArray = NDArray[np.float64]
CONTENDERS = 40
MEMBERS_EACH = 48


@dataclass(frozen=True)
class BudgetAnswer:
    """All spaces of a grid judged at one budget, and those ahead.

    Args:
        budget: what was asked for.
        judged: every space.
        asked: hit rate that was asked for.
        applied: hit rate that spaces had to reach: the one asked for, or less where no space of the grid reaches it.
        contenders: the leading spaces, best first.
    """

    budget: Budget
    judged: Judged
    asked: float
    applied: float
    contenders: list[Contender]

    @property
    def errors(self) -> FloatArray:
        """Predicted errors of the spaces whose hit rate suffices, rising; shape (spaces,)."""
        able = np.isfinite(self.judged.error) & (self.judged.hit_rate >= self.applied) & (self.judged.hit_rate > 0)
        return np.sort(self.judged.error[able])

    @property
    def ties(self) -> int:
        """How many of the others cannot be told from the best."""
        return sum(c.tied for c in self.contenders) - 1


class Front:
    """All spaces of a run's grid, ready to be judged at any budget.

    Args:
        run: the search.
        signal: the model of error.
        hit_rate: least share of a space's members in band, where the grid allows it.
    """

    def __init__(self, run: FinishedRun, signal: Signal, *, hit_rate: float = 0.5) -> None:
        self.run, self.signal, self.hit_rate = run, signal, hit_rate
        self.members: Members = members(run.space, CostModel(run.template), hit_rate=hit_rate)

    def answer(self, budgets: Sequence[Budget]) -> list[BudgetAnswer]:
        """Judge every space at each budget.

        Raises:
            NetspaceError: where a budget lies outside of the search space's costs.
        """
        for budget in budgets:
            budget.band(self.run.space.full, self.run.template)
        judged = self.members.judge(self.signal.predict, [b.interval for b in budgets])
        return [self._contest(b, j) for b, j in zip(budgets, judged, strict=True)]

    def _contest(self, budget: Budget, judged: Judged) -> BudgetAnswer:
        applied = least_hit_rate(judged, self.hit_rate)
        ahead = shortlist(judged, CONTENDERS, hit_rate=applied, away=lambda: self._away(budget))
        points, costs, group = self.members.in_band(ahead, budget.interval, MEMBERS_EACH)
        features = self.signal.features(points, costs)
        means, covariance = self.signal.predictor.group_means(features, group, len(ahead))
        slope, more = 1.0, None
        if self.signal.misfit is not None:
            slope = self.signal.misfit.slope
            more = self.signal.misfit.covariance(group_average(features, group, len(ahead)), means)
        found = contest(ahead, judged, covariance, slope=slope, misfit=more)
        return BudgetAnswer(budget, judged, self.hit_rate, applied, found)

    def _away(self, budget: Budget) -> FloatArray:
        """Return how far each space's median cost is from the target, shape (spaces,)."""
        median = self.members.quantiles()[:, 1]
        return np.abs(median / budget.target - 1)

    def space(self, contender: Contender) -> NetworkSpace:
        """Return a contender's depth and width ranges."""
        return network_space(self.run.space, contender.space)

    def searched(self, answer: BudgetAnswer) -> tuple[NetworkSpace, float, float] | None:
        """Return the space that the search itself found for an answer's budget, its predicted error and hit rate.

        Returns:
            None where the search had another budget, or where no member that was looked at is in band.
        """
        file = self.run.folder / f"elite-{answer.budget}.yaml"
        if not file.exists():
            return None
        space = load_elite(file).candidates[0].space
        lowest = [[bound.low for s in space.stages for bound in (s.depth, s.width)]]
        number = int(self.members.grid.locate(np.array(lowest))[0])
        error = float(answer.judged.error[number])
        if network_space(self.run.space, number) != space or np.isnan(error):
            return None
        return space, error, float(answer.judged.hit_rate[number])

    def elite(self, answer: BudgetAnswer, top: int, *, refined: NetworkSpace | None = None) -> EliteSpace:
        """Return the Elite Space of an answer: its candidates are the best spaces, a refined one before them."""
        chosen = [(self.space(c), c.chance) for c in answer.contenders[:top]]
        if refined is not None:
            chosen.insert(0, (refined, answer.contenders[0].chance))
        template, budget = self.run.template, answer.budget
        candidates = tuple(
            Candidate.measure(space, chance, budget=budget, template=template) for space, chance in chosen
        )
        provenance = dataclasses.replace(
            self.run.provenance,
            netspace=metadata.version("netspace"),
            estimator=f"front ({self.signal.name}, {self.signal.ranked[0].name})",
            entropy=0.0,
            expected_cost=candidates[0].cost.median,
            supernet_error=None,
            fidelity=None,
            probability=self.signal.chance,
        )
        return EliteSpace(budget, template, candidates, provenance)


def pareto_spaces(answers: Sequence[BudgetAnswer]) -> list[tuple[Budget, Contender]]:
    """Return the best space of each budget that no cheaper one's equals: the front of expected error against FLOPs."""
    found: list[tuple[Budget, Contender]] = []
    least = np.inf
    for answer in sorted(answers, key=lambda a: a.budget.target):
        best = answer.contenders[0]
        if best.error.value < least:
            found.append((answer.budget, best))
            least = best.error.value
    return found
