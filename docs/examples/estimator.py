"""An estimator of one's own: the spaces that meet a budget most often, without any training."""

from pathlib import Path

import numpy as np

from netspace import EliteSpace, find_spaces, resolve
from netspace.finding import ESTIMATORS
from netspace.records import Candidate


class HitRate:
    """Takes the five spaces with the largest share of members within the budget."""

    needs_supernet = False

    def choose(self, work):
        """Return one Elite Space per budget, its candidates best first."""
        return [self._elite(work, budget) for budget in work.config.parsed_budgets]

    def _elite(self, work, budget):
        grid = work.config.space
        spaces = [grid.space(choice) for choice in np.ndindex(*grid.shape)]
        measured = [Candidate.measure(s, 1 / len(spaces), budget=budget, template=work.template) for s in spaces]
        best = sorted(measured, key=lambda candidate: -candidate.hit_rate)[:5]
        return EliteSpace(budget, work.template, tuple(best), work.provenance())


ESTIMATORS["hit-rate"] = HitRate()

if __name__ == "__main__":
    data = {"dataset": "fashion", "image_size": 16}
    config = resolve("tiny", options={"data": data, "budgets": ["800K"], "search": {"estimator": "hit-rate"}})
    (elite,) = find_spaces(config, Path("run"))
    print(elite.space, elite.candidates[0].hit_rate)
