"""What the answer would be while trainings go on: the best space of each budget, and how sure it is."""

from __future__ import annotations

import time
from collections.abc import Callable

from netspace.errors import NetspaceError
from netspace.runs import CALIBRATION, Readings, Run
from netspace.surrogate import Evidence, Judge, Question, take_in
from netspace.surrogate.validation import LEAST_ROWS

SELDOM = 20  # an answer is given again after so many times what it took


class SoFar:
    """Says it after a training, seldom enough to cost little beside them.

    Args:
        run: whose calibration grows.
        question: what is asked.
        say: told one line per budget.
    """

    def __init__(self, run: Run, question: Question, say: Callable[[str], None]) -> None:
        self._run, self._question, self._say = run, question, say
        self._next = 0.0

    def __call__(self, done: int) -> None:
        """Say the best space of each budget after so many trainings, where it is time to and they are enough."""
        begun = time.monotonic()
        if done < LEAST_ROWS or begun < self._next:
            return
        try:
            self._tell(done)
        except NetspaceError:  # such as where too many of them diverged: the end says so
            return
        self._next = time.monotonic() + SELDOM * (time.monotonic() - begun)

    def _tell(self, done: int) -> None:
        run, question = self._run, self._question
        trained, _ = take_in(run, [run.folder / CALIBRATION])
        nothing = Readings.none(run.space.full.layout)
        signal, _ = Evidence(run, nothing, trained).signal("population", seed=question.seed)
        judge = Judge(run, signal, hit_rate=question.hit_rate)
        for answer in judge.answer(question.budgets):
            best = answer.contenders[0]
            value, low, high = best.error
            self._say(
                f"after {done} trainings, {answer.budget.told}: {judge.space(best)}, expected error {value:.1%} "
                f"({100 * (low - value):+.1f} to {100 * (high - value):+.1f} points), P(best) {best.chance:.2f}"
            )
