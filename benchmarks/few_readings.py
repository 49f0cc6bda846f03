r"""How well spaces are chosen, and networks of one cost ranked, from 6 to 500 readings of a table.

    python benchmarks/few_readings.py --json benchmarks/results/few_readings.json
    python benchmarks/few_readings.py --tables truth16 --json …

Readings are spread over costs and shapes as `plan_calibration` does (farthest first) or drawn spread over costs. Each
model is fitted to them and asked for all other networks of the table: Kendall's τ within each band, over those that
were not read, and, where the table holds every network, regret and percentile of the space it puts first. Rivals:
ridges on the same features and on four summaries, and the mean log width, which reads nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from exploring import spread_rows
from numpy.typing import NDArray
from own_table import of_trainings, read_own
from truth import NATS, NATS_BUDGETS, NATS_COLUMNS, contested, outcome
from within_bands import kendall_within

from netspace import Budget
from netspace.analysis import mean_interval, ridge
from netspace.records.measured import read_measured
from netspace.spaces.axes import Grid
from netspace.surrogate.calibration import farthest_first
from netspace.surrogate.features import mean_log_width, model_features
from netspace.surrogate.gaussian_process import fit_gaussian_process
from netspace.surrogate.judging import EnumeratedMembers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
COUNTS = (6, 8, 12, 24, 50, 100, 500)
POOL = 2048
ASKED = 400  # networks of a band that τ is taken over, at most
RESULTS = Path("benchmarks/results")


@dataclass(frozen=True)
class Table:
    """Networks with errors in the order of their costs.

    Args:
        name: of the table.
        grid: the axes.
        points: shape (n, axes).
        costs: shape (n,).
        read: what a reading says, shape (n,); NaN where there is none.
        truth: what it is held against, shape (n,).
        bands: of costs.
        members: where it holds every network, so that spaces can be judged; None elsewhere.
    """

    name: str
    grid: Grid
    points: IntArray
    costs: IntArray
    read: FloatArray
    truth: FloatArray
    bands: list[tuple[int, int]]
    members: EnumeratedMembers | None = None

    @property
    def features(self) -> FloatArray:
        """What models see."""
        return model_features(self.grid, self.points, self.costs)


def gaussian_process(table: Table, rows: IntArray, rng: np.random.Generator) -> FloatArray:
    """The model of netspace."""
    x = table.features
    return fit_gaussian_process(x[rows], table.read[rows], rng=rng).predict(x)


def ridge_on_all(table: Table, rows: IntArray, rng: np.random.Generator) -> FloatArray:
    """A ridge on the same features, log errors."""
    x = table.features
    return ridge(x[rows], np.log(table.read[rows]), x)


def ridge_on_summaries(table: Table, rows: IntArray, rng: np.random.Generator) -> FloatArray:
    """A ridge on log cost and the summaries of shape alone, log errors."""
    x = table.features[:, len(table.grid.axes) :]
    return ridge(x[rows], np.log(table.read[rows]), x, penalty=0.1)


def no_reading(table: Table, rows: IntArray, rng: np.random.Generator) -> FloatArray:
    """Wider on average is better."""
    widths = mean_log_width(table.grid, table.points)
    assert widths is not None
    return -widths


MODELS: dict[str, Callable[[Table, IntArray, np.random.Generator], FloatArray]] = {
    "Gaussian process (netspace)": gaussian_process,
    "ridge, all features": ridge_on_all,
    "ridge, summaries": ridge_on_summaries,
    "mean log width (no reading)": no_reading,
}


def main() -> None:
    """Print a table for each table, and write all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", nargs="+", choices=list(TABLES), default=["nats", "tiny"])
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    found: list[dict[str, Any]] = []
    for name in given.tables:
        for table in TABLES[name]():
            print(f"\n### {table.name}: {np.isfinite(table.read).sum()} networks\n\n{HEAD}")
            for n in given.counts:
                if 2 * n > np.isfinite(table.read).sum() + 8:
                    continue
                for row in rows_of(table, n, given.seeds):
                    found.append(row)
                    print(line(row), flush=True)
    if given.json:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


COLUMNS = ("readings", "chosen", "model", "τ within bands, unread", "regret", "percentile")
HEAD = f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}"


def line(row: dict[str, Any]) -> str:
    """Return a row of the printed table."""

    def cell(key: str, digits: int) -> str:
        return "{:.{d}f} ({:.{d}f} to {:.{d}f})".format(*row[key], d=digits) if row[key] else ""

    numbers = (cell("tau", 2), cell("regret", 3), cell("percentile", 1))
    return "| " + " | ".join((str(row["readings"]), row["chosen"], row["model"], *numbers)) + " |"


def rows_of(table: Table, n: int, seeds: int) -> Iterator[dict[str, Any]]:
    """Yield means over seeds with 95 % intervals, per way of choosing readings and model."""
    able = np.flatnonzero(np.isfinite(table.read))
    for chosen, choose in (("spread", spread), ("farthest first", farthest)):
        outcomes: dict[str, list[tuple[float, ...]]] = {name: [] for name in MODELS}
        for seed in range(seeds):
            rows = able[choose(table, able, n, np.random.default_rng([seed, n]))]
            for name, model in MODELS.items():
                outcomes[name].append(judged(table, model(table, rows, np.random.default_rng(seed)), rows))
        for name, values in outcomes.items():
            columns = [list(column) for column in zip(*values, strict=True)]
            intervals = [[round(float(v), 4) for v in mean_interval(column)] for column in columns]
            told = dict(zip(("tau", "regret", "percentile"), intervals + [None] * 2, strict=False))
            yield {"table": table.name, "readings": n, "chosen": chosen, "model": name, "seeds": seeds, **told}


def judged(table: Table, predicted: FloatArray, rows: IntArray) -> tuple[float, ...]:
    """Return mean τ over bands of what was not read and, where spaces can be judged, regret and percentile."""
    unread = np.isfinite(table.truth)
    unread[rows] = False
    taus = []
    for low, high in table.bands:
        inside = np.flatnonzero(unread & (table.costs >= low) & (table.costs <= high))
        inside = inside[np.linspace(0, len(inside) - 1, min(len(inside), ASKED)).astype(int)]
        if len(inside) > 2:
            taus.append(kendall_within(predicted[inside], table.truth[inside], np.ones(len(inside))))
    if table.members is None:
        return (float(np.mean(taus)),)
    outcomes = []
    for band in table.bands:
        at = table.members.rows(band)
        space = int(np.nanargmin(table.members.judge_errors(predicted[at], at).error))
        outcomes.append(outcome(table.members.judge_errors(table.truth[at], at), space))
    return (float(np.mean(taus)), *(float(np.mean([o[key] for o in outcomes])) for key in ("regret", "percentile")))


def spread(table: Table, able: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    """Return n rows spread over the orders of magnitude of cost."""
    return spread_rows(table.costs[able], n, rng=rng)


def farthest(table: Table, able: IntArray, n: int, rng: np.random.Generator) -> IntArray:
    """Return n rows, each the farthest from those before, of a pool spread over costs."""
    pool = spread_rows(table.costs[able], min(POOL, max(len(able) // 2, n)), rng=rng)
    return pool[farthest_first(table.features[able][pool], n)]


def of_nats() -> Iterator[Table]:
    """NATS-Bench's size space."""
    table = read_measured(NATS, NATS_COLUMNS)
    members = EnumeratedMembers(table.grid, table.points, table.costs)
    errors = table.errors[members.order]
    bands = [Budget.parse(text).interval for text in NATS_BUDGETS]
    yield Table("NATS-Bench, size space", table.grid, members.points, members.costs, errors, errors, bands, members)


def of_tiny() -> Iterator[Table]:
    """Every network of `tiny`, one training each: read and held against the same trainings."""
    table = read_own(RESULTS / "own_table_tiny.csv")
    members = EnumeratedMembers(table.grid, table.points, table.costs)
    errors = 100 * table.errors[members.order]
    budgets = [b for b in map(Budget.parse, ("400K", "800K", "1.6M")) if contested(members, b)]
    bands = [b.interval for b in budgets]
    yield Table("`tiny`, short trainings", table.grid, members.points, members.costs, errors, errors, bands, members)


def of_truth16() -> Iterator[Table]:
    """Networks of `small` trained honestly; what a dozen of all costs say of each band."""
    for name in ("c10", "c100"):
        if (RESULTS / f"truth16_{name}.csv").exists():
            yield truth16_table(RESULTS / f"truth16_{name}.csv", name)


def truth16_table(file: Path, name: str) -> Table:
    """Return a table of honest trainings; an architecture that was trained twice counts with the mean."""
    found = of_trainings(file)
    errors = 100 * found.errors
    bands = [Budget.parse(text).interval for text in ("2.5M", "5M", "10M")]
    return Table(f"truth16, {name}", found.grid, found.points, found.costs, errors, errors, bands)


TABLES = {"nats": of_nats, "tiny": of_tiny, "truth16": of_truth16}


if __name__ == "__main__":
    main()
