r"""Does the order of honest trainings hold for full ones? Networks of one band, trained six times as long.

    nice python benchmarks/long16.py train --dataset ../shared/data/cifar10 --csv benchmarks/results/long16_c10.csv
    python benchmarks/long16.py tell --csv benchmarks/results/long16_c10.csv

The networks are the first of the whole space and of the elite at one budget, as truth16.py and proof16.py trained them
for ten epochs; here by `benchmarks/honest_long.yaml`, with the same images, and judged by the same unseen ones.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from proof16 import compared
from trainings import Item, interleaved, load, point_of, read_rows, train_items

from netspace import load_search_space
from netspace.analysis import bootstrap, kendall_tau
from netspace.config import load_recipe

RECIPE = Path("benchmarks/honest_long.yaml")
TABLES = [Path(f"benchmarks/results/{name}_c10.csv") for name in ("truth16", "proof16")]


def main() -> None:
    """Train what is missing, or print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "tell"])
    parser.add_argument("--dataset")
    parser.add_argument("--short", type=Path, nargs="+", default=TABLES, help="tables of the short trainings")
    parser.add_argument("--groups", nargs="+", default=["5M", "elite 5M of seed 0"])
    parser.add_argument("--n", type=int, default=6, help="networks of each group")
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--csv", type=Path, required=True)
    given = parser.parse_args()
    {"train": train, "tell": tell}[given.what](given)


def train(given: argparse.Namespace) -> None:
    """Train the first networks of each group that were trained for ten epochs, with the seeds they had."""
    images, recipe, space = load(given.dataset), load_recipe(str(RECIPE)), load_search_space("small")
    template = space.template(*images.shape)
    rows = [row for table in given.short for row in read_rows(table)]
    lists = []
    for group in given.groups:
        own = [row for row in rows if row["group"] == group][: given.n]
        networks = template.architectures(np.array([point_of(row) for row in own]))
        lists.append([Item(group, a, recipe, int(row["seed"])) for a, row in zip(networks, own, strict=True)])
    train_items(list(interleaved(*lists)), images, template, given.csv, given.part)


def tell(given: argparse.Namespace) -> None:
    """Print how the short and the long training order the networks, and whether the elite's are ahead in both."""
    short = errors_of([row for table in given.short for row in read_rows(table) if row["group"] in given.groups])
    rows = read_rows(given.csv)
    long, groups = errors_of(rows), {point_of(row): row["group"] for row in rows}
    points = sorted(long, key=long.__getitem__)
    print("| drawn from | depths | widths | 10 epochs | 60 epochs |\n| --- | --- | --- | --- | --- |")
    for point in points:
        print(f"| {groups[point]} | {point[::2]} | {point[1::2]} | {short[point]:.2f} % | {long[point]:.2f} % |")
    truth = np.array([long[point] for point in points])
    widths = np.log(np.array(points)[:, 1::2]).mean(1)
    print("\n| what | networks | τ to the error after 60 epochs (95 %) |\n| --- | --- | --- |")
    for what, score in (("error after 10 epochs", [short[p] for p in points]), ("mean log width", -widths)):
        tau = bootstrap(kendall_tau, np.array(score), truth, rng=np.random.default_rng(0))
        print(f"| {what} | {len(points)} | {tau:.2f} |")
    print("\n| epochs | group | mean error | elite's mean less by (95 %) | P(elite's network is better) |")
    print("| --- | --- | --- | --- | --- |")
    for epochs, errors in ((10, short), (60, long)):
        whole, elite = (np.array([errors[p] for p in points if groups[p] == group]) for group in given.groups)
        probability, less = compared(elite, whole)
        cells = [f"{one:.2f}" for one in (less, probability)]
        print(f"| {epochs} | elite | {elite.mean():.2f} % | {' | '.join(cells)} |")
        print(f"| {epochs} | whole space | {whole.mean():.2f} % | | |")


def errors_of(rows: list[dict[str, str]]) -> dict[tuple[int, ...], float]:
    """Return the error of each network on unseen images, in %."""
    return {point_of(row): 100 * float(row["unseen_error"]) for row in rows}


if __name__ == "__main__":
    main()
