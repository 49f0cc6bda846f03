r"""Do the elites win? A search by honest trainings, and populations of its elites and of their rivals.

    python benchmarks/proof16.py search --dataset ../shared/data/cifar10 --seed 0 --run runs/proof_c10_0
    python benchmarks/proof16.py train --dataset ../shared/data/cifar10 --run runs/proof_c10_0 \
        --csv benchmarks/results/proof16_c10.csv
    python benchmarks/proof16.py tell --csv benchmarks/results/proof16_c10.csv \
        --truth benchmarks/results/truth16_c10.csv

The search is `netspace search --estimator population` on `small` at 16×16; its networks train by `honest_common.yaml`.
The populations are trained by `honest.yaml` with seeds of their own, and judged by `unseen_error`, of 15 000 training
images that none was trained or validated on. The whole space is the truth's own bands (truth16.py).
"""

from __future__ import annotations

import argparse
import zlib
from pathlib import Path

import numpy as np
from packed import SUFFIX
from trainings import Item, interleaved, load, read_rows, train_items
from truth16 import seed_of

from netspace import Budget, find_spaces, load_elite, load_search_space, resolve
from netspace.analysis.edf import Interval
from netspace.config import load_recipe
from netspace.evaluate import draw_baseline
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate, Points

RIVALS = {"linear-width": 1.0, "uniform-width": 0.5, "random-spaces": 0.5}  # networks, as a share of an elite's
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
    settings = (f"search.front.population={given.trainings}", "search.front.recipe=benchmarks/honest_common.yaml")
    size, channels, _ = images.shape
    options = {"data": {"dataset": given.dataset, "image_size": size, "channels": channels}, "seed": given.seed}
    options |= {"budgets": given.budgets, "device": given.device, "search": {"estimator": "population"}}
    config = resolve("small", settings=settings, options=options)
    packed = images if given.dataset.endswith(SUFFIX) else None
    for elite in find_spaces(config, given.run, images=packed, jobs=given.jobs, on_note=print):
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
    """Print, per budget, each population's errors, and how likely an elite's network beats one of its rivals."""
    rows = read_rows(given.csv) + [row for row in read_rows(given.truth) if row["group"] in given.budgets]
    errors: dict[str, list[float]] = {}
    for row in rows:
        errors.setdefault(row["group"], []).append(100 * float(row["unseen_error"] or "nan"))
    print("| budget | population | networks | mean error | least | P(elite's network is better) | elite's mean less |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for text in given.budgets:
        elite = np.array(errors.get(f"elite {text} of seed {given.seed}", []))
        for name in (f"elite {text} of seed {given.seed}", *(f"{rival} {text}" for rival in RIVALS), text):
            other = np.array(errors.get(name, []))
            if not len(other) or not len(elite):
                continue
            cells = [f"{other.mean():.2f}", f"{other.min():.2f}"]
            if name.startswith("elite"):
                cells += ["", ""]
            else:
                better, less = compared(elite, other)
                cells += [f"{one.value:.2f} ({one.low:.2f} to {one.high:.2f})" for one in (better, less)]
            shown = "the whole space" if name == text else name
            print(f"| {text} | {shown} | {len(other)} | {' | '.join(cells)} |")


def compared(elite: np.ndarray, other: np.ndarray) -> tuple[Interval, Interval]:
    """Return P(a network of the elite errs less than one of the other), and by how much its mean is less."""
    rng = np.random.default_rng(0)
    drawn = [(rng.choice(elite, len(elite)), rng.choice(other, len(other))) for _ in range(RESAMPLES)]
    better = [probability(a, b) for a, b in drawn]
    less = [b.mean() - a.mean() for a, b in drawn]
    found = []
    for value, resampled in ((probability(elite, other), better), (other.mean() - elite.mean(), less)):
        low, high = np.quantile(resampled, [0.025, 0.975])
        found.append(Interval(float(value), float(low), float(high)))
    return found[0], found[1]


def probability(a: np.ndarray, b: np.ndarray) -> float:
    """Return the share of pairs in which the first errs less, ties counted half."""
    difference = b[None, :] - a[:, None]
    return float((difference > 0).mean() + 0.5 * (difference == 0).mean())


if __name__ == "__main__":
    main()
