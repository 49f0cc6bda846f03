"""One question to a run: what is known is taken, what is missing is made, and nothing is made in vain."""

from pathlib import Path

import numpy as np
import pytest

from netspace import Budget, NetspaceError, cost, load_elite
from netspace.errors import UnfinishedError
from netspace.records import Planned
from netspace.runs import CALIBRATION, Readings, Run
from netspace.spaces import Architecture, Layout
from netspace.surrogate import Makers, Question, gather_evidence, judge_run
from tests.surrogate.test_answer import BUDGET, evidence, run, trained  # noqa: F401 (run is a fixture)

DEPTHS = [[1, 1, 1], [2, 1, 1]]


class Made:
    """Makers that say what they were asked for."""

    def __init__(self, run: Run, scores: Readings | None = None) -> None:  # noqa: F811
        self.asked: list[tuple[str, int]] = []
        self._run, self._scores = run, scores or Readings.none(Layout(3))

    def makers(self) -> Makers:
        return Makers(self._score, self._train)

    def _score(self, n: int) -> Readings:
        self.asked.append(("scores", n))
        return self._scores

    def _train(self, n: int) -> None:
        self.asked.append(("trainings", n))
        trained(self._run.folder / CALIBRATION, self._run, recipe="r", depths=DEPTHS[:n])


def test_what_is_asked_for_is_made_and_taken_in_with_what_is_given(run: Run, tmp_path: Path) -> None:  # noqa: F811
    given = trained(tmp_path / "given", run, recipe="r", depths=[[1, 2, 1], [9, 1, 1]])
    made, said = Made(run), list[str]()
    question = Question((BUDGET,), scores=25, trainings=2, folders=(given,))
    found = gather_evidence(run, question, made.makers(), on_note=said.append)
    assert made.asked == [("trainings", 2), ("scores", 25)]
    assert found.trained.points[:, 0:3:2].tolist() == [[1, 1], [1, 2], [2, 1]]
    assert said == [f"{given}: 1 network is outside of space tiny"]


@pytest.mark.parametrize(("earlier", "there"), [(True, 2), (False, 0)])
def test_earlier_trainings_of_the_run_are_taken_in_where_that_is_asked_for(
    run: Run,  # noqa: F811
    earlier: bool,
    there: int,
) -> None:
    trained(run.folder / CALIBRATION, run, recipe="r", depths=DEPTHS)
    made = Made(run)
    found = gather_evidence(run, Question((BUDGET,), earlier=earlier), made.makers())
    assert len(found.trained.values) == there
    assert made.asked == []  # of scores those that are there are taken
    store = run.store(CALIBRATION)
    more = Architecture.of([3, 1, 1], [8, 8, 8])
    store.add([Planned("p", 2, 2, more, cost(more, run.template))])
    if earlier:
        with pytest.raises(UnfinishedError, match="1 of 3 networks is missing"):
            gather_evidence(run, Question((BUDGET,), earlier=True), made.makers())


def test_a_signal_of_trainings_alone_asks_for_no_scores(run: Run) -> None:  # noqa: F811
    made = Made(run)
    found = gather_evidence(run, Question((BUDGET,), "population", scores=25, trainings=2), made.makers())
    assert made.asked == [("trainings", 2)]
    assert len(found.scores.values) == 0


def test_an_infeasible_budget_and_trainings_that_do_not_fit_are_refused_before_anything_is_made(
    run: Run,  # noqa: F811
    tmp_path: Path,
) -> None:
    made = Made(run)
    with pytest.raises(NetspaceError, match="infeasible"):
        judge_run(run, Question((Budget.parse("900G"),), scores=25, trainings=2), made.makers())
    with pytest.raises(NetspaceError, match="nowhere holds no trained networks"):
        judge_run(run, Question((BUDGET,), scores=25, folders=(tmp_path / "nowhere",)), made.makers())
    assert made.asked == []


def test_a_verdict_has_one_elite_per_budget_and_a_refined_space_comes_first(run: Run) -> None:  # noqa: F811
    made = Made(run, evidence(run, 60, 0).scores)
    verdict = judge_run(run, Question((BUDGET, Budget.parse("3M")), scores=60), made.makers())
    assert [str(answer.budget) for answer in verdict.answers] == ["2M", "3M"]
    plain, better = verdict.elites(3), verdict.refined()
    assert [len(e.candidates) for e in plain] == [min(3, len(a.contenders)) for a in verdict.answers]
    refined = verdict.elites(3, {"3M": better["3M"]})
    assert refined[0] == plain[0]
    assert refined[1].candidates[0].space == better["3M"].after
    assert refined[1].candidates[1:] == plain[1].candidates
    file = plain[0].save(run.folder)
    assert load_elite(file) == plain[0] == run.elite("2M")
    assert np.isfinite(verdict.answers[0].errors).all()
