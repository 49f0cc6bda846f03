"""Truth worth the name: networks of `small` trained honestly on CIFAR at 16×16, every epoch kept.

    nice python benchmarks/truth16.py --dataset ../shared/data/cifar10 --csv benchmarks/results/truth16_c10.csv
    nice python benchmarks/truth16.py --dataset ../shared/data/cifar100 --bands 2.5M 5M --n 24 --spread 0 \
        --csv benchmarks/results/truth16_c100.csv

Groups: for each band networks drawn uniformly from the whole space within 10 % of the budget; `spread` networks evenly
over the logarithm of FLOPs; every third network again with another seed (`… again`). They take turns, so every
prefix is useful; a run that is stopped goes on from the file. The error to trust is `unseen_error`, of 15 000 training
images that were neither trained nor validated on. Each training has a seed of its own.
"""

from __future__ import annotations

import argparse
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
from trainings import KEY, Item, interleaved, load, read_rows, train_items

from netspace import Budget, load_search_space
from netspace.config import load_recipe
from netspace.settings import Recipe
from netspace.spaces import NetworkSpace, NetworkTemplate

SPREAD = (1.3e6, 20e6)


def main() -> None:
    """Train what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--space", default="small")
    parser.add_argument("--recipe", default="benchmarks/honest.yaml")
    parser.add_argument("--bands", nargs="+", default=["2.5M", "5M", "10M"])
    parser.add_argument("--n", type=int, default=42, help="networks of each band")
    parser.add_argument("--spread", type=int, default=60, help="networks spread over 1.3 to 20 MF")
    parser.add_argument("--part", default="0/1", help="as 0/2 and 1/2 in two processes")
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--jobs", type=int, default=1, help="threads; on a GPU several networks train side by side")
    parser.add_argument("--only", type=Path, help="train those that another table holds, with the same seeds")
    parser.add_argument("--csv", type=Path, required=True)
    given = parser.parse_args()
    images, space, recipe = load(given.dataset), load_search_space(given.space), load_recipe(given.recipe)
    template = space.template(*images.shape)
    lists = [band_items(text, given.n, space.full, template, recipe) for text in given.bands]
    if given.spread:
        lists.append(spread_items(given.spread, space.full, template, recipe))
    again = [[replace(i, group=f"{i.group} again", seed=i.seed + 1) for i in items[::3]] for items in lists]
    todo = list(interleaved(*lists, *again))
    if given.only:
        names = (*KEY, *todo[0].knobs)
        wanted = {tuple(row[name] for name in names) for row in read_rows(given.only)}
        todo = [item for item in todo if item.key in wanted]
    train_items(todo, images, template, given.csv, given.part, device=given.device, jobs=given.jobs)


def band_items(text: str, n: int, space: NetworkSpace, template: NetworkTemplate, recipe: Recipe) -> list[Item]:
    """Return n networks drawn uniformly from a space within a budget."""
    code = zlib.crc32(text.encode())
    points = Budget.parse(text).band(space, template).draw(n, rng=np.random.default_rng(code), replace=False)
    return [Item(text, a, recipe, seed_of(code, i)) for i, a in enumerate(template.architectures(points))]


def spread_items(n: int, space: NetworkSpace, template: NetworkTemplate, recipe: Recipe) -> list[Item]:
    """Return n networks, one within 2 % of each of n targets evenly over log FLOPs, in a random order."""
    code = zlib.crc32(b"spread")
    rng = np.random.default_rng(code)
    targets = rng.permutation(np.geomspace(*SPREAD, n))
    points = [Budget(int(t), 0.02).band(space, template).draw(1, rng=rng)[0] for t in targets]
    return [Item("spread", a, recipe, seed_of(code, i)) for i, a in enumerate(template.architectures(np.array(points)))]


def seed_of(code: int, place: int) -> int:
    """Return the seed of a group's network; the next one is that of its second training."""
    return 2 * (1000 * (code % 1_000_000) + place)


if __name__ == "__main__":
    main()
