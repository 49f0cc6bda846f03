"""How well one training ranks networks as another does: the ceiling of every score that is compared with one training.

    python benchmarks/ceiling.py

Compares the table of our own (`own_table.py`) with the same networks trained by another seed, and with a few of one
band trained for longer; then super networks' scores, where `supernetwork.py` left them, with the mean of both seeds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from own_table import read_own

from netspace.records.measured import MeasuredNetworks
from netspace.surrogate.features import model_features
from netspace.surrogate.validation import left_out_predictions, rank_predicted

FloatArray = NDArray[np.float64]
RESULTS = Path("benchmarks/results")


def main() -> None:
    """Print one line for each comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=RESULTS / "own_table_tiny.csv")
    parser.add_argument("--second", type=Path, default=RESULTS / "own_table_tiny_seed1.csv")
    parser.add_argument("--longer", type=Path, default=RESULTS / "own_table_tiny_longer.csv")
    parser.add_argument("--scores", type=Path, default=Path("runs/supernetwork_tiny"))
    given = parser.parse_args()
    table, second, longer = (read_own(file) for file in (given.table, given.second, given.longer))
    first = errors_at(table, second.points)
    apart = 100 * (first - second.errors).std()
    print(f"{len(first)} networks, two seeds: standard deviation of the difference {apart:.2f} points")
    say("one seed against the other", first, second.errors, second)
    both = (first + second.errors) / 2
    x = model_features(table.grid, table.points, table.costs)
    model = left_out_predictions("gaussian process", x, table.errors, rng=np.random.default_rng(0))
    at = rows_at(table, second.points)
    say("a model fitted to the other networks against one seed", model[at], first, second)
    say("the same against the mean of both", model[at], both, second)
    say("short against longer trainings", errors_at(table, longer.points), longer.errors, longer)
    for file in sorted(given.scores.glob("*.npy")):
        scores = np.load(file)
        if len(scores) == len(first):  # both in the order of costs
            say(f"{file.stem} against one seed", scores, first, second)
            say(f"{file.stem} against the mean of both", scores, both, second)


def rows_at(table: MeasuredNetworks, points: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of a table that hold some networks."""
    where = {tuple(point): i for i, point in enumerate(table.points.tolist())}
    return np.array([where[tuple(point)] for point in points.tolist()])


def errors_at(table: MeasuredNetworks, points: NDArray[np.int64]) -> FloatArray:
    """Return a table's errors of some networks."""
    return table.errors[rows_at(table, points)]


def say(what: str, score: FloatArray, truth: FloatArray, table: MeasuredNetworks) -> None:
    """Print how a score ranks networks."""
    found = rank_predicted(what, score, truth, table.costs.astype(np.float64), rng=np.random.default_rng(0))
    print(f"{what}: τ within bands {found.within:.2f}, overall {found.overall:.2f}")


if __name__ == "__main__":
    main()
