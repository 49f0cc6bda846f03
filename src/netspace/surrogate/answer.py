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
from netspace.runs import Run
from netspace.spaces import NetworkSpace
from netspace.surrogate.contest import Contender, contest, preferred, shortlist
from netspace.surrogate.grid import candidates_of, choice_of, flops_of, members, network_space
from netspace.surrogate.groups import group_average
from netspace.surrogate.judging import Choice, Judged, Members, Predict, Wanted, least_hit_rate
from netspace.surrogate.signals import Signal

FloatArray = NDArray[np.float64]
CONTENDERS = 40
MEMBERS_EACH = 48


@dataclass(frozen=True)
class BudgetAnswer:
    """All spaces of a grid judged at one budget, and those ahead.

    Args:
        budget: what was asked for.
        judged: every space, or those that were looked at.
        asked: hit rate that was asked for.
        applied: hit rate that spaces had to reach: the one asked for, or less where no space of the grid whose median
            meets the budget reaches it.
        contenders: the leading spaces: first the one to hand out (`contest.preferred`), then the others by error.
            Their errors and intervals end at 0 and 1, past which a model may predict; no choice is made by what is cut.
        off: of each contender, its median cost over the target less 1.
    """

    budget: Budget
    judged: Judged
    asked: float
    applied: float
    contenders: list[Contender]
    off: list[float]

    @property
    def errors(self) -> FloatArray:
        """Predicted errors of the spaces whose hit rate suffices, rising and within 0 to 1; shape (spaces,)."""
        return np.sort(self.judged.error[self.judged.able(self.applied)]).clip(0, 1)

    @property
    def passed_over(self) -> int | None:
        """The place of the space of least predicted error, where another one is handed out; None where it is first."""
        least = int(np.argmin([c.error.value for c in self.contenders]))
        return least or None

    @property
    def looked(self) -> int | None:
        """How many spaces were looked at, where the grid has too many to judge each; None where each was judged."""
        return self.judged.looked

    @property
    def ties(self) -> int:
        """How many of the others cannot be told from the best."""
        return sum(c.tied for c in self.contenders) - 1


class Judge:
    """Judges all spaces of a run's grid at any budget.

    Args:
        run: the search.
        signal: the model of error.
        hit_rate: least share of a space's members in band, where the grid allows it.
    """

    def __init__(self, run: Run, signal: Signal, *, hit_rate: float = 0.5) -> None:
        self.run, self.signal, self.hit_rate = run, signal, hit_rate
        self._candidates = candidates_of(run.space)
        self._members: dict[str, Members] = {}

    @property
    def members(self) -> Members:
        """The architectures by FLOPs."""
        return self.members_of("flops")

    def members_of(self, kind: str) -> Members:
        """Return the architectures by a kind of cost; priced once."""
        if kind not in self._members:
            model = CostModel(self.run.template, kind)
            self._members[kind] = members(self.run.space, model, hit_rate=self.hit_rate, candidates=self._candidates)
        return self._members[kind]

    def answer(self, budgets: Sequence[Budget]) -> list[BudgetAnswer]:
        """Judge the spaces at each budget, by the budget's own cost.

        Raises:
            NetspaceError: where a budget lies outside of the search space's costs.
        """
        judged: dict[Budget, Judged] = {}
        for kind in dict.fromkeys(b.kind for b in budgets):
            own = [b for b in budgets if b.kind == kind]
            known = [self._found(b) for b in own]
            found = self.members_of(kind).judge(self._predict(kind), [self._wanted(b) for b in own], known)
            judged.update(zip(own, found, strict=True))
        for budget in budgets:  # counting a very large space takes long: only where nothing looked at is in band
            if not judged[budget].hit_rate.any():
                budget.band(self.run.space.full, self.run.template)
        return [self._contest(b, judged[b]) for b in budgets]

    def _wanted(self, budget: Budget) -> Wanted:
        """Return a budget's band, with the constraints that its cost does not tell."""
        template = self.run.template
        alone = len(budget.conditions(template)) == 1
        return Wanted(*budget.interval, None if alone else lambda points: budget.satisfied(points, template))

    def _predict(self, kind: str) -> Predict:
        """Return the model of error for points with costs of a kind."""
        model = CostModel(self.run.template, kind)
        return lambda points, costs: self.signal.predict(points, flops_of(model, points, costs))

    def _contest(self, budget: Budget, judged: Judged) -> BudgetAnswer:
        every = self._off(budget, len(judged.error))
        applied = least_hit_rate(judged, self.hit_rate, among=np.abs(every) <= budget.tolerance)
        ahead = shortlist(judged, CONTENDERS, hit_rate=applied, away=np.abs(every))
        points, costs, group = self.members_of(budget.kind).in_band(ahead, self._wanted(budget), MEMBERS_EACH)
        costs = flops_of(CostModel(self.run.template, budget.kind), points, costs)
        features = self.signal.features(points, costs)
        means, covariance = self.signal.predictor.group_means(features, group, len(ahead))
        slope, more = 1.0, None
        if self.signal.misfit is not None:
            slope = self.signal.misfit.slope
            more = self.signal.misfit.covariance(group_average(features, group, len(ahead)), means)
        found, off = contest(ahead, judged, covariance, slope=slope, misfit=more), every[ahead]
        first = preferred(found, off, budget.tolerance)
        if first:
            order = np.array([first, *(i for i in range(len(ahead)) if i != first)])
            more = None if more is None else more[np.ix_(order, order)]
            found = contest(ahead[order], judged, covariance[np.ix_(order, order)], slope=slope, misfit=more)
            off = off[order]
        shown = [dataclasses.replace(c, error=c.error.of_share()) for c in found]
        return BudgetAnswer(budget, judged, self.hit_rate, applied, shown, off.tolist())

    def _off(self, budget: Budget, n: int) -> FloatArray:
        """Return the median cost over the target less 1 of each of the first n spaces, shape (n,)."""
        off: FloatArray = self.members_of(budget.kind).quantiles()[:n, 1] / budget.target - 1
        return off

    def space(self, contender: Contender) -> NetworkSpace:
        """Return a contender's ranges."""
        if self._candidates is not None:
            return self.run.space.space(self._candidates.choice(contender.space))
        return network_space(self.run.space, contender.space)

    def _elite(self, budget: Budget) -> NetworkSpace | None:
        """Return the space that the search itself found for a budget; None where it had another."""
        file = self.run.elite_file(budget)
        return load_elite(file).candidates[0].space if file.exists() else None

    def _found(self, budget: Budget) -> Choice | None:
        """Return the same by its ranges, where it is one of the grid's."""
        space = self._elite(budget)
        return None if space is None else choice_of(self.run.space, space)

    def searched(self, answer: BudgetAnswer) -> tuple[NetworkSpace, float, float] | None:
        """Return the space that the search itself found for an answer's budget, its predicted error and hit rate.

        Returns:
            None where the search had another budget, or where no member that was looked at is in band.
        """
        space, choice = self._elite(answer.budget), self._found(answer.budget)
        number = None if choice is None else self.members_of(answer.budget.kind).number(choice)
        if space is None or number is None or number >= len(answer.judged.error):
            return None
        error = float(answer.judged.error[number].clip(0, 1))
        return None if np.isnan(error) else (space, error, float(answer.judged.hit_rate[number]))

    def sampled(self, looked: int) -> str:
        """Say that not every space was judged."""
        return (
            f"The grid has {self.run.space.num_spaces:.3g} spaces, too many to judge each: {looked:,} were looked at, "
            "spread ones and the neighbours of those ahead; there may be better ones."
        )

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
    """Return the best space of each budget that no cheaper one's equals: the front of expected error against cost.

    Budgets of one kind of cost are held against each other; the kinds follow in the order in which they were asked.
    """
    kinds = [a.budget.kind for a in answers]
    found: list[tuple[Budget, Contender]] = []
    least, kind = np.inf, ""
    for answer in sorted(answers, key=lambda a: (kinds.index(a.budget.kind), a.budget.target)):
        best, budget = answer.contenders[0], answer.budget
        if best.error.value < least or budget.kind != kind:
            found.append((budget, best))
            least, kind = best.error.value, budget.kind
    return found
