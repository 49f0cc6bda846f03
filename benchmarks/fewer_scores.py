"""How many scores a front needs: spaces chosen from the first few, judged by the model of all scores of the run.

python benchmarks/fewer_scores.py runs/c10-16-by-front --counts 40 60 100 140
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np

from netspace import Budget
from netspace.runs import Readings, Run
from netspace.surrogate import BudgetAnswer, Evidence, Judge


def main() -> None:
    """Print, for each count, the model taken and the regret at each budget of the run, in points."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[40, 60, 100, 140])
    parser.add_argument("--min-hit-rate", type=float, default=0.2)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for file in given.run.glob("*.yaml"):
            shutil.copy(file, folder)
        run, scores = Run(Path(folder)), Run(given.run).scores
        _, reference = answers(run, scores, len(scores.values), given.min_hit_rate)
        for n in [*given.counts, len(scores.values)]:
            name, found = answers(run, scores, n, given.min_hit_rate)
            regrets = [regret(a, r) for a, r in zip(found, reference, strict=True)]
            print(f"| {n} | {name} | " + " | ".join(f"{r:.2f}" for r in regrets) + " |", flush=True)


def answers(run: Run, scores: Readings, n: int, hit_rate: float) -> tuple[str, list[BudgetAnswer]]:
    """Return the model that the first n scores choose, and its answers at the run's budgets."""
    for file in run.folder.glob("front-*"):
        file.unlink()
    first = Readings(scores.points[:n], scores.values[:n])
    signal, _ = Evidence(run, first, Readings.none(run.space.full.layout)).signal("supernet")
    budgets = [Budget.parse(text, run.config.tolerance) for text in run.config.budgets]
    return signal.ranked[0].name, Judge(run, signal, hit_rate=hit_rate).answer(budgets)


def regret(answer: BudgetAnswer, reference: BudgetAnswer) -> float:
    """Return how much worse the chosen space is than the best one, in points, by the reference."""
    judged = reference.judged
    able = np.where(judged.hit_rate >= reference.applied, judged.error, np.nan)
    return float(100 * (judged.error[answer.contenders[0].space] - np.nanmin(able)))


if __name__ == "__main__":
    main()
