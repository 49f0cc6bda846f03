"""Our own truth: every network of `tiny` trained from scratch on the embedded images, as a table.

The trainings are kept in a store and go on where they were stopped; the table is written when all are there.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import torch

from netspace import DataSettings, load_images, load_search_space
from netspace.config import load_recipe
from netspace.documents import fingerprint
from netspace.evaluate import TrainingData, plan_drawn, train_population
from netspace.records import NetworkStore


def main() -> None:
    """Train what is missing and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--space", default="tiny")
    parser.add_argument("--dataset", default="fashion")
    parser.add_argument("--image-size", type=int, default=16)
    parser.add_argument("--recipe", default="benchmarks/brief.yaml")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("runs/own-table"))
    parser.add_argument("--csv", type=Path, default=Path("benchmarks/results/own_table_tiny.csv"))
    given = parser.parse_args()
    images = load_images(DataSettings(given.dataset, image_size=given.image_size))
    space, recipe = load_search_space(given.space), load_recipe(given.recipe)
    template = space.template(*images.shape)
    training = TrainingData.of(images, recipe, torch.device("cpu"))
    store = NetworkStore(given.out)
    store.create(recipe=fingerprint(recipe), data=training.fingerprint, template=fingerprint(template))
    store.add(plan_drawn(given.space, space.full.enumerate(), template, given.seed))
    train_population(store, template, training, recipe, jobs=given.jobs, on_change=print)
    write_table(store, given.csv)


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
