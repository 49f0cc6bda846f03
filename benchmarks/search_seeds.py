"""Searches of several seeds: do they find the same Elite Spaces, or as good ones, and how far may these be refined?

    python benchmarks/search_seeds.py benchmarks/results/proof16_c10 benchmarks/results/proof16_c10_seed1

Each folder holds the elite files of a search of `small` on CIFAR-10 at 16×16. A space is judged by the model of all
honest trainings on CIFAR-10 (equal_time16.py): the mean error that it expects of the space's networks in band, how far
that lies above the best space's of those with a hit rate of a fifth, and the share of these spaces that are no better.
Below, the same spaces with their bounds moved as `netspace front --refine` does it, by that model.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from equal_time16 import BUDGETS, HIT_RATE, Judge

from netspace import Budget, CostModel, NetworkSpace, load_elite, load_search_space
from netspace.analysis import draws_until
from netspace.surrogate.grid import choice_of
from netspace.surrogate.judging import number_of
from netspace.surrogate.refine import refine
from netspace.surrogate.signals import Signal

SMALL = load_search_space("small")
ROUNDING = 0.005  # of the hit rate that a search asks for
TEMPLATE = SMALL.template(16, 3, 10)


def main() -> None:
    """Print what each search found, and how much of it two of them share."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="of searches")
    folders = parser.parse_args().folders
    judge = Judge()
    print(f"judged by a model of {judge.trainings} honest trainings\n")
    print("| budget | search | space | hit rate | median − target | expected error | above the best | no better |")
    print("|" + " --- |" * 8)
    for budget, truth in zip(BUDGETS, judge.truths, strict=True):
        able = truth.error[truth.hit_rate >= HIT_RATE - ROUNDING]
        for folder in folders:
            found = load_elite(folder / f"elite-{budget}.yaml")
            choice, median = choice_of(SMALL, found.space), found.candidates[0].cost.median / budget.target - 1
            assert choice is not None, f"{found.space} is none of the grid"
            error, hits = float(truth.error[number_of(judge.grid, choice)]), budget.members(found.space, TEMPLATE)
            cells = [
                str(budget),
                folder.name,
                str(found.space),
                f"{hits.hit_rate:.1%}",
                f"{median:+.1%}",
                f"{error:.2f} %",
            ]
            print(f"| {' | '.join(cells)} | {error - np.nanmin(able):.2f} | {(able >= error).mean():.1%} |")
    tell_refined(folders, judge)
    print()
    for budget in BUDGETS:
        for one, other in combinations(folders, 2):
            a, b = (in_band(budget, load_elite(folder / f"elite-{budget}.yaml").space) for folder in (one, other))
            shared = len(a & b) / len(a | b)
            print(f"{budget}: {one.name} and {other.name} share {shared:.0%} of the networks in band of either")


def tell_refined(folders: Sequence[Path], judge: Judge) -> None:
    """Print each search's spaces after their bounds were moved for a better hit rate."""
    signal = Signal("population", judge.grid, judge.model, [], "")
    costs = CostModel(TEMPLATE)
    print("\n| budget | search | refined to | networks | hit rate | draws until in band | expected error |")
    print("|" + " --- |" * 7)
    for budget in BUDGETS:
        for folder in folders:
            space = load_elite(folder / f"elite-{budget}.yaml").space
            found = refine(space, search_space=SMALL, signal=signal, model=costs, budget=budget)
            before, after = found.hit_rate
            more, less = (expected(judge, one, budget) for one in (found.before, found.after))
            cells = [str(budget), folder.name, str(found.after), str(found.after.size), f"{before:.1%} → {after:.1%}"]
            print(f"| {' | '.join(cells)} | {draws_until(after):.1f} | {more:.2f} → {less:.2f} % |")


def expected(judge: Judge, space: NetworkSpace, budget: Budget) -> float:
    """Return the mean error that is expected of a space's networks in band, in percent."""
    points = space.enumerate()
    points = points[budget.satisfied(points, TEMPLATE)]
    return float(judge.model.predict(judge.features(points, CostModel(TEMPLATE)(points))).mean())


def in_band(budget: Budget, space: NetworkSpace) -> set[tuple[int, ...]]:
    """Return the networks of a space that satisfy a budget."""
    band = budget.members(space, TEMPLATE)
    return set(map(tuple, band.draw(band.size, rng=np.random.default_rng(0), replace=False).tolist()))


if __name__ == "__main__":
    main()
