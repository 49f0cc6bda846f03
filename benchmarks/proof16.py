r"""Do the elites win? A search by honest trainings, and populations of its elites and of their rivals.

    python benchmarks/proof16.py search --dataset ../shared/data/cifar10 --seed 0 --run runs/proof_c10_0
    python benchmarks/proof16.py train --dataset ../shared/data/cifar10 --run runs/proof_c10_0 \
        --csv benchmarks/results/proof16_c10.csv
    python benchmarks/proof16.py tell --run benchmarks/results/proof16_c10 --csv benchmarks/results/proof16_c10.csv \
        --truth benchmarks/results/truth16_c10.csv

The search is `netspace search --estimator population` on `small` at 16×16; its networks train by recipe `honest`.
The populations are trained by `benchmarks/honest.yaml`, each with a seed of its own, and judged by `unseen_error`, of
15 000 training images that none was trained or validated on. The whole space is the truth's own bands (truth16.py).
"""

from __future__ import annotations

import argparse
import zlib
from pathlib import Path

import numpy as np
from packed import SUFFIX
from trainings import Item, interleaved, load, read_rows, train_items
from truth16 import seed_of

from netspace import Budget, Pool, find_spaces, load_elite, load_search_space, resolve
from netspace.analysis import draws_until, mean_interval, probability_of_beating, samples_needed
from netspace.analysis.edf import Interval
from netspace.config import load_recipe
from netspace.evaluate import draw_baseline
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate, Points

RIVALS = {"linear-width": 1.0, "uniform-width": 0.5, "random-spaces": 0.5}  # networks, as a share of an elite's
TOLD = {"linear-width": "linear widths", "uniform-width": "uniform widths", "random-spaces": "random spaces"}
ELITE, WHOLE = "Elite Space", "whole space"
RESAMPLES = 10_000


def main() -> None:
    """Search, train, or print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["search", "train", "tell"])
    parser.add_argument("--dataset")
    parser.add_argument("--budgets", nargs="+", default=["2.5M", "5M", "10M"])
    parser.add_argument("--trainings", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0, help="of the search")
    parser.add_argument("--run", type=Path)
    parser.add_argument("--n", type=int, default=24, help="networks of each elite")
    parser.add_argument("--elites-only", action="store_true")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--truth", type=Path)
    given = parser.parse_args()
    {"search": search, "train": train, "tell": tell}[given.what](given)


def search(given: argparse.Namespace) -> None:
    """Search by the default of honest trainings, and print the elites."""
    images = load(given.dataset)
    settings = (f"search.front.population={given.trainings}", "search.front.recipe=honest")
    size, channels, _ = images.shape
    options = {"data": {"dataset": given.dataset, "image_size": size, "channels": channels}, "seed": given.seed}
    options |= {"budgets": given.budgets, "device": given.device, "search": {"estimator": "population"}}
    config = resolve("small", settings=settings, options=options)
    packed = images if given.dataset.endswith(SUFFIX) else None
    for elite in find_spaces(config, given.run, images=packed, pool=Pool(given.jobs), on_note=print):
        print(elite.budget, elite.space)


def train(given: argparse.Namespace) -> None:
    """Train what is missing of the populations."""
    images, recipe, space = load(given.dataset), load_recipe("benchmarks/honest.yaml"), load_search_space("small")
    template = space.template(*images.shape)
    lists = []
    for text in given.budgets:
        budget, n = Budget.parse(text), given.n
        name = f"elite {text} of seed {given.seed}"
        elite = load_elite(given.run / f"elite-{text}.yaml").space
        drawn = budget.band(elite, template).draw(n, rng=np.random.default_rng(code_of(name)), replace=False)
        lists.append(items_of(name, drawn, template, recipe))
        for rival, share in {} if given.elites_only else RIVALS.items():
            name = f"{rival} {text}"
            rng = np.random.default_rng(code_of(name))
            drawn = draw_baseline(
                rival, round(n * share), search_space=space, template=template, budget=budget, rng=rng
            )
            lists.append(items_of(name, drawn, template, recipe))
    todo = list(interleaved(*lists))
    train_items(todo, images, template, given.csv, given.part, device=given.device, jobs=given.jobs)


def code_of(name: str) -> int:
    """Return a seed of a group's name."""
    return zlib.crc32(name.encode())


def items_of(name: str, points: Points, template: NetworkTemplate, recipe: Recipe) -> list[Item]:
    """Return the trainings of a population."""
    return [Item(name, a, recipe, seed_of(code_of(name), i)) for i, a in enumerate(template.architectures(points))]


def tell(given: argparse.Namespace) -> None:
    """Print the tables of docs/results.md."""
    populations = {text: errors_of(given, text) for text in given.budgets}
    print("| budget | drawn from | networks | mean error | least | P(elite beats it) | elite's mean is less by |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for text, errors in populations.items():
        for what, values in errors.items():
            cells = ["" if what != ELITE else text, what, str(len(values)), f"{values.mean():.2f} %"]
            told = ["", ""] if what == ELITE else [f"{one:.2f}" for one in compared(errors[ELITE], values)]
            print(f"| {' | '.join([*cells, f'{values.min():.2f} %', *told])} |")
    tell_table_1(given)
    tell_draws(given, populations)


def errors_of(given: argparse.Namespace, text: str) -> dict[str, np.ndarray]:
    """Return the errors of the populations of a budget in percent, by what they were drawn from, the elite's first."""
    rows = read_rows(given.csv) + [row for row in read_rows(given.truth) if row["group"] == text]
    groups = {f"elite {text} of seed {given.seed}": ELITE, **{f"{rival} {text}": told for rival, told in TOLD.items()}}
    every = {what: [row for row in rows if row["group"] == group] for group, what in {**groups, text: WHOLE}.items()}
    errors = {what: np.array([100 * float(row["unseen_error"] or "nan") for row in own]) for what, own in every.items()}
    return {what: values for what, values in errors.items() if len(values) >= 2}


def tell_draws(given: argparse.Namespace, populations: dict[str, dict[str, np.ndarray]]) -> None:
    """Print expected draws until one is in band, and within a point of the best, and the least that the grid allows."""
    whole = load_search_space("small")
    grid = [whole.space(choice) for choice in np.ndindex(*whole.shape)]
    print("\n| budget | drawn from | until in band | and within a point of the best | of these in band |")
    print("| --- | --- | --- | --- | --- |")
    for text, errors in populations.items():
        elite = load_elite(given.run / f"elite-{text}.yaml")
        best = min(values.min() for values in errors.values())
        for what, space in ((ELITE, elite.space), (WHOLE, whole.full)):
            above, in_band = errors[what] - best, elite.budget.members(space, elite.template).size
            found = samples_needed(above / 100, n=len(above), members=space.size, in_band=in_band)
            trained = Interval(*(draws * in_band / space.size for draws in found.near_front))
            cells = ["" if what != ELITE else text, what, f"{found.in_band:.1f}"]
            print(f"| {' | '.join([*cells, f'{found.near_front:.0f}', f'{trained:.1f}'])} |")
        most = max(elite.budget.members(one, elite.template).hit_rate for one in grid)
        print(f"| | any space of the grid | {1 / most:.1f} or more | | |")


def tell_table_1(given: argparse.Namespace) -> None:
    """Print what the paper's Table 1 compares: the first network in band of the elite, and of the whole space."""
    rows = read_rows(given.csv) + read_rows(given.truth)
    print(f"\n| target |{' {}: mean Δ | samples | mean error, % |' * 2}".format("elite", "whole"))
    print("| --- | --- | --- | --- | --- | --- | --- |")
    rng, every = np.random.default_rng(0), []
    for text in given.budgets:
        elite = load_elite(given.run / f"elite-{text}.yaml")
        whole, cells, errors = load_search_space("small").full, [text], []
        for group, space in ((f"elite {text} of seed {given.seed}", elite.space), (text, whole)):
            own = [row for row in rows if row["group"] == group and row["unseen_error"]]
            off = np.abs([float(row["flops"]) / elite.budget.target - 1 for row in own]).mean()
            values = np.array([100 * float(row["unseen_error"]) for row in own])
            samples = draws_until(elite.budget.members(space, elite.template).hit_rate)
            cells += [f"{off:.1%}", f"{samples:.1f}", f"{mean_interval(values):.2f}"]
            errors.append(rng.choice(values, (RESAMPLES, len(values))).mean(1))
        every.append(errors[1] - errors[0])
        print(f"| {' | '.join(cells)} |")
    less = np.mean(every, axis=0)
    told = Interval(float(less.mean()), *np.quantile(less, [0.025, 0.975]))
    print(f"\nelite's mean error is less by, in points: {told:.2f}, mean over budgets")


def compared(elite: np.ndarray, other: np.ndarray) -> tuple[Interval, Interval]:
    """Return P(a network of the elite errs less than one of the other), and by how much its mean is less."""
    rng = np.random.default_rng(0)
    resampled = rng.choice(other, (RESAMPLES, len(other))).mean(1) - rng.choice(elite, (RESAMPLES, len(elite))).mean(1)
    less = Interval(float(other.mean() - elite.mean()), *np.quantile(resampled, [0.025, 0.975]))
    return probability_of_beating(elite, other), less


if __name__ == "__main__":
    main()
