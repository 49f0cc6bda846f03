r"""What to read of one short training: how each reading ranks networks within bands, and what it costs.

    nice python benchmarks/signals.py train --space tiny --dataset fashion --csv benchmarks/results/signals_tiny.csv
    nice python benchmarks/signals.py train --space small --dataset ../shared/data/cifar10 \
        --recipe benchmarks/honest.yaml --truth benchmarks/results/truth16_c10.csv \
        --csv benchmarks/results/signals_c10.csv
    python benchmarks/signals.py tell --csv … --truth …

Each network of the table is trained by complete schedules of a part of the recipe's epochs, with numbers of its own and
with common random numbers (`Recipe.common`), by two seeds each. The truth is what other trainings with other seeds say:
the mean error of all of the network's rows in the truth table. Readings: the last validation error, the validation
cross-entropy, the training loss of the last epoch, the training loss summed over all epochs.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from trainings import Item, load, point_of, read_rows, train_items, truth_of
from within_bands import kendall_within

from netspace import Architecture, load_search_space
from netspace.analysis.edf import Interval
from netspace.config import load_recipe
from netspace.settings import Recipe

FloatArray = NDArray[np.float64]
SHARES = (0.05, 0.1, 0.2, 0.5, 1.0)
SEEDS = (900_001, 900_002)  # of all networks in turn, with common numbers
APART = 1000  # else the second seeds lie so far from the first ones: 900 001, 900 003, … and 901 001, 901 003, …
READINGS = ("validation error", "validation cross-entropy", "loss of the last epoch", "loss of all epochs")
RESAMPLES = 1000


def main() -> None:
    """Train what is missing, or print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "tell"])
    parser.add_argument("--space", default="tiny")
    parser.add_argument("--dataset", default="fashion")
    parser.add_argument("--recipe", default="benchmarks/brief.yaml")
    parser.add_argument("--truth", type=Path, default=Path("benchmarks/results/own_table_tiny.csv"))
    parser.add_argument("--more-truth", type=Path, help="another table whose errors are averaged with the first one's")
    parser.add_argument("--error", default="validation_error", help="its column")
    parser.add_argument("--groups", nargs="*", help="of the truth table; default: all")
    parser.add_argument("--n", type=int, default=44, help="networks, evenly over the table")
    parser.add_argument("--shares", nargs="+", type=float, default=SHARES)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--csv", type=Path, default=Path("benchmarks/results/signals_tiny.csv"))
    given = parser.parse_args()
    truth = read_truth(given)
    if given.what == "tell":
        tell(given.csv, truth)
        return
    images, recipe = load(given.dataset), load_recipe(given.recipe)
    template = load_search_space(given.space).template(*images.shape)
    points = sorted(truth, key=lambda point: truth[point][1])
    chosen = [points[i] for i in np.linspace(0, len(points) - 1, min(given.n, len(points))).round().astype(int)]
    networks = [Architecture.of(point[0::2], point[1::2]) for point in chosen]
    recipes = [part_of(recipe, share, common) for share in given.shares for common in (False, True)]
    items = [
        Item("signals", network, one, seed if one.common else 2 * i + seed + APART * k)
        for k, seed in enumerate(SEEDS)
        for one in recipes
        for i, network in enumerate(networks)
    ]
    train_items(items, images, template, given.csv, given.part)


def part_of(recipe: Recipe, share: float, common: bool) -> Recipe:
    """Return a complete schedule of a share of a recipe's epochs; below one epoch, of a part of its images."""
    epochs = max(round(share * recipe.epochs), 1)
    images = None if recipe.train_images is None else round(recipe.train_images * min(share * recipe.epochs, 1))
    held_out = recipe.validation_share if images is None else recipe.validation_share * recipe.train_images / images  # type: ignore[operator]
    warmup = recipe.warmup_epochs * epochs / recipe.epochs
    name = f"{share:g}{' common' if common else ''}"
    shorter = replace(recipe, name=name, epochs=epochs, warmup_epochs=warmup, common=common)
    return replace(shorter, train_images=images, validation_share=min(held_out, 0.5))


def read_truth(given: argparse.Namespace) -> dict[tuple[int, ...], tuple[float, float]]:
    """Return mean error and cost of each network of the truth table."""
    return truth_of([given.truth, *([given.more_truth] if given.more_truth else [])], given.error, given.groups)


def readings_of(row: dict[str, str]) -> list[float]:
    """Return the readings of one training, in the order of READINGS."""
    curves = {name: [float(v) for v in row[name].split()] for name in ("loss", "validation_error", "validation_loss")}
    losses = curves["loss"]
    return [curves["validation_error"][-1], curves["validation_loss"][-1], losses[-1], sum(losses)]


def tell(file: Path, truth: dict[tuple[int, ...], tuple[float, float]]) -> None:
    """Print, for each part of the recipe, τ within bands of each reading of one training, and its seconds."""
    groups: dict[tuple[str, int], list[dict[str, str]]] = {}
    for row in read_rows(file):
        seed = int(row["seed"])
        second = seed == SEEDS[1] or seed >= SEEDS[0] + APART
        groups.setdefault((row["recipe"], int(second)), []).append(row)
    print(f"| recipe | networks | seconds | {' | '.join(READINGS)} |\n| --- | --- | --- |{' --- |' * len(READINGS)}")
    for recipe in dict.fromkeys(name for name, _ in groups):
        own = [rows for (name, _), rows in groups.items() if name == recipe]
        cells = [told(own, truth, i) for i in range(len(READINGS))]
        seconds = np.mean([float(row["seconds"]) for rows in own for row in rows])
        n, shown = max(len(rows) for rows in own), " | ".join(f"{tau:.2f}" for tau in cells)
        print(f"| {recipe} | {n} | {seconds:.1f} | {shown} |")


def told(seeds: list[list[dict[str, str]]], truth: dict[tuple[int, ...], tuple[float, float]], which: int) -> Interval:
    """Return the mean over seeds of τ within bands, with an interval that resamples networks."""
    rng, values, resampled = np.random.default_rng(0), [], []
    for rows in seeds:
        score = np.array([readings_of(row)[which] for row in rows])
        error, costs = np.array([truth[point_of(row)] for row in rows]).T
        values.append(kendall_within(score, error, costs))
        drawn = rng.integers(len(rows), size=(RESAMPLES, len(rows)))
        resampled.append([kendall_within(score[r], error[r], costs[r]) for r in drawn])
    low, high = np.quantile(np.mean(resampled, axis=0), [0.025, 0.975])
    return Interval(float(np.mean(values)), float(low), float(high))


if __name__ == "__main__":
    main()
