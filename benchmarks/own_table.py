r"""Our own truth: every network of `tiny` trained from scratch on the embedded images, as a table.

    python benchmarks/own_table.py
    python benchmarks/own_table.py --seed 1 --every 3 --out runs/own-table-1 \
        --csv benchmarks/results/own_table_tiny_seed1.csv
    python benchmarks/own_table.py --recipe benchmarks/longer.yaml --budget 800K --every 5 --out runs/own-table-longer \
        --csv benchmarks/results/own_table_tiny_longer.csv

The trainings are kept in a store and go on where they were stopped; the table is written when all are there.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
from trainings import point_of, read_rows

from netspace import Budget, CostModel, DataSettings, Pool, load_images, load_search_space
from netspace.config import load_recipe
from netspace.documents import fingerprint
from netspace.evaluate import TrainingData, plan_drawn, train_population
from netspace.records import NetworkStore
from netspace.records.measured import MeasuredColumns, MeasuredNetworks, read_measured


def main() -> None:
    """Train what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--space", default="tiny")
    parser.add_argument("--dataset", default="fashion")
    parser.add_argument("--image-size", type=int, default=16)
    parser.add_argument("--recipe", default="benchmarks/brief.yaml")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", help="only networks within 10 %% of it, as 800K")
    parser.add_argument("--every", type=int, default=1, help="train each so many-th network by cost")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/own-table"))
    parser.add_argument("--csv", type=Path, default=Path("benchmarks/results/own_table_tiny.csv"))
    given = parser.parse_args()
    images = load_images(DataSettings(given.dataset, image_size=given.image_size))
    space, recipe = load_search_space(given.space), load_recipe(given.recipe)
    template = space.template(*images.shape)
    training = TrainingData.of(images, recipe)
    store = NetworkStore(given.out)
    store.create(recipe=fingerprint(recipe), data=training.fingerprint, template=fingerprint(template))
    points = space.full.enumerate()
    costs = CostModel(template)(points)
    low, high = Budget.parse(given.budget).interval if given.budget else (0, costs.max())
    order = np.argsort(costs, kind="stable")
    kept = np.sort(order[(costs[order] >= low) & (costs[order] <= high)][:: given.every])
    store.add(plan_drawn(given.space, points[kept], template, given.seed))
    train_population(store, template, training, recipe, pool=Pool(given.jobs), on_change=print)
    write_table(store, given.csv)


def read_own(file: Path, every: int = 1) -> MeasuredNetworks:
    """Return the table, or each so many-th network of it by cost; errors 0..1.

    A table of truth16.py is taken as well: networks of `small`, with the mean `unseen_error` of their trainings.
    """
    with file.open() as stream:
        header = next(csv.reader(stream))
    if "unseen_error" in header:
        return of_trainings(file, every)
    knobs = tuple(name for name in header if name[0] in "dw" and name[1:].isdigit())
    depths = tuple(name for name in knobs if name[0] == "d")
    ranges = dict.fromkeys(knobs, 2)
    table = read_measured(file, MeasuredColumns(knobs, "flops", "validation_error", depths=depths, ranges=ranges))
    kept = np.argsort(table.costs, kind="stable")[::every]
    return replace(table, points=table.points[kept], costs=table.costs[kept], errors=table.errors[kept])


def of_trainings(file: Path, every: int = 1, space: str = "small") -> MeasuredNetworks:
    """Return the networks of a file of trainings by cost; one that was trained twice counts with its mean error."""
    found: dict[tuple[int, ...], list[tuple[float, int]]] = {}
    for row in read_rows(file):
        if row["unseen_error"]:
            found.setdefault(point_of(row), []).append((float(row["unseen_error"]), int(row["flops"])))
    points, costs = np.array(list(found)), np.array([values[0][1] for values in found.values()])
    errors = np.array([np.mean([error for error, _ in values]) for values in found.values()])
    kept = np.argsort(costs, kind="stable")[::every]
    return MeasuredNetworks(load_search_space(space).grid, points[kept], costs[kept], errors[kept], ())


def write_table(store: NetworkStore, file: Path) -> None:
    """Write depth and width per stage, costs and errors of each trained network."""
    rows = [row for row in store.rows() if row["status"] == "ok"]
    stages = range(1, len(rows[0]["depth"]) + 1)
    columns = [f"{knob}{i}" for i in stages for knob in ("d", "w")]
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*columns, "flops", "params", "validation_error", "test_error", "seed"])
        for row in rows:
            knobs = [x for pair in zip(row["depth"], row["width"], strict=True) for x in pair]
            errors = (row["validation_error"], row["test_error"], row["seed"])
            writer.writerow([*knobs, row["flops"], row["params"], *errors])


if __name__ == "__main__":
    main()
