"""One question to a run: which spaces are best at these budgets, judged by what is known or can be made known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from netspace.cost import Budget, CostModel
from netspace.records import EliteSpace, check_complete, notes_on_missing
from netspace.runs import CALIBRATION, Readings, Run
from netspace.surrogate.answer import BudgetAnswer, Judge
from netspace.surrogate.intake import take_in
from netspace.surrogate.refine import Refined, refine
from netspace.surrogate.signals import Asked, Evidence, Signal


@dataclass(frozen=True)
class Question:
    """What is asked, and how much may be made known for it.

    Args:
        budgets: at which spaces are judged.
        signal: what the model of error is fitted to; `auto` takes what ranks stand-alone errors best within bands.
        scores: most architectures that the super network scores, all questions together; 0 takes what is there.
        trainings: stand-alone trainings of the run's own, in its folder `calibration`; 0 trains none.
        earlier: whether the run's own trainings are taken in though none are asked for.
        folders: of further trained networks.
        hit_rate: least share of a space's members in band, where the grid allows it.
        seed: of all draws.
    """

    budgets: tuple[Budget, ...]
    signal: Asked = "auto"
    scores: int = 0
    trainings: int = 0
    earlier: bool = False
    folders: tuple[Path, ...] = ()
    hit_rate: float = 0.5
    seed: int = 0


@dataclass(frozen=True)
class Makers:
    """How what is not known yet is made; both need torch, which this room does without.

    Args:
        score: asks the super network for so many scores, all questions together, and returns those that are there.
        train: trains what is missing of so many networks into the run's folder `calibration`.
    """

    score: Callable[[int], Readings]
    train: Callable[[int], object]


@dataclass(frozen=True)
class Verdict:
    """What came of a question.

    Args:
        judge: of all spaces, with the signal that was taken.
        signals: all that could be fitted.
        answers: one per budget.
    """

    judge: Judge
    signals: list[Signal]
    answers: list[BudgetAnswer]

    def refined(self) -> dict[str, Refined]:
        """Move the bounds of each budget's best space for a better hit rate; by the budget's name."""
        return {str(answer.budget): self._refine(answer) for answer in self.answers}

    def elites(self, top: int, refined: dict[str, Refined] | None = None) -> list[EliteSpace]:
        """Return one Elite Space per budget, its candidates the best spaces.

        Args:
            top: candidates of each.
            refined: better spaces by the budget's name, each the first candidate of its budget.
        """
        better = refined or {}
        spaces = [better[str(a.budget)].after if str(a.budget) in better else None for a in self.answers]
        return [self.judge.elite(a, top, refined=space) for a, space in zip(self.answers, spaces, strict=True)]

    def _refine(self, answer: BudgetAnswer) -> Refined:
        judge, run = self.judge, self.judge.run
        model = CostModel(run.template, answer.budget.kind)
        space = judge.space(answer.contenders[0])
        return refine(space, search_space=run.space, signal=judge.signal, model=model, budget=answer.budget)


def judge_run(
    run: Run, question: Question, makers: Makers, *, on_note: Callable[[str], None] = lambda text: None
) -> Verdict:
    """Gather what is known of a run's networks, fit what ranks them, and judge every space of its grid.

    Args:
        run: with its template.
        question: what is asked.
        makers: of scores and trainings that are not there yet.
        on_note: told what was left out of the trainings that were given.

    Raises:
        NetspaceError: where a budget lies outside of the space's costs, trainings cannot be compared, or too little is
            known.
        UnfinishedError: where some of the run's own trainings are missing.
    """
    for budget in question.budgets:
        budget.band(run.space.full, run.template)
    evidence = gather_evidence(run, question, makers, on_note=on_note)
    signal, signals = evidence.signal(question.signal, seed=question.seed)
    judge = Judge(run, signal, hit_rate=question.hit_rate)
    return Verdict(judge, signals, judge.answer(question.budgets))


def gather_evidence(
    run: Run, question: Question, makers: Makers, *, on_note: Callable[[str], None] = lambda text: None
) -> Evidence:
    """Return all that is known of a run's networks, made where it is not there yet; arguments as for judge_run."""
    folders, own = list(question.folders), run.folder / CALIBRATION
    if question.trainings:
        makers.train(question.trainings)
        folders.append(own)
    elif question.earlier and own.exists():
        check_complete(run.store(CALIBRATION))
        folders.append(own)
    trained, notes = take_in(run, folders)
    for text in (*notes_on_missing(folders), *notes):
        on_note(text)
    return Evidence(run, _scores(run, question, makers), trained)


def _scores(run: Run, question: Question, makers: Makers) -> Readings:
    if "population" in (question.signal, run.config.search.estimator):
        return Readings.none(run.space.full.layout)
    return makers.score(question.scores) if question.scores else run.scores
