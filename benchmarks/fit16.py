r"""Three constraints at once: an elite that keeps to latency, flash and peak memory, against one by FLOPs alone.

    netspace profile --space small --image-size 16 --classes 10 --target onnx --out device.yaml
    netspace search --dataset ../shared/data/cifar10 --image-size 16 --space small --device-profile device.yaml \
        --budget latency=140us --max-flash 400K --max-memory 40KiB --out benchmarks/results/fit16_c10
    python benchmarks/fit16.py train --dataset ../shared/data/cifar10 --csv benchmarks/results/fit16_c10.csv
    python benchmarks/fit16.py tell --csv benchmarks/results/fit16_c10.csv

`train` trains, by `benchmarks/honest.yaml`, networks of the elite and of the whole space that keep to all three bounds.
Their rivals were trained for the proof (proof16.py): networks of an elite by FLOPs alone whose latency is within the
budget's tolerance, whatever else they take. Each is judged by 15 000 training images that none was trained or validated
on. `tell` counts, exactly where the chain of costs allows it, which share of each space keeps to the bounds, one by one
and together.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from proof16 import code_of, compared, items_of
from trainings import interleaved, load, read_rows, train_items

from netspace import Budget, Constraint, EliteSpace, load_elite, load_search_space
from netspace.analysis import mean_interval
from netspace.config import load_recipe
from netspace.cost import band_within
from netspace.cost.device_profile import use_profile_of
from netspace.errors import NetspaceError
from netspace.spaces import Architecture, NetworkSpace, NetworkTemplate

ELITE, WHOLE = "elite", "whole space"
RIVAL, WITHIN = "elite by FLOPs", "elite by FLOPs, within the bounds"
SHARES = {ELITE: 1.0, WHOLE: 2 / 3}  # networks that are trained, as a share of the elite's


def main() -> None:
    """Train, or print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["train", "tell"])
    parser.add_argument("--dataset", default="../shared/data/cifar10")
    parser.add_argument("--run", type=Path, default=Path("benchmarks/results/fit16_c10"), help="of the search")
    parser.add_argument("--rival", type=Path, default=Path("benchmarks/results/proof16_c10/elite-5M.yaml"))
    parser.add_argument("--rival-csv", type=Path, default=Path("benchmarks/results/proof16_c10.csv"))
    parser.add_argument("--rival-group", default="elite 5M of seed 0")
    parser.add_argument("--n", type=int, default=12, help="networks of the elite")
    parser.add_argument("--csv", type=Path, required=True)
    given = parser.parse_args()
    use_profile_of(given.run)
    (file,) = given.run.glob("elite-*.yaml")
    elite, rival = load_elite(file), load_elite(given.rival)
    {"train": train, "tell": tell}[given.what](given, elite, rival)


def train(given: argparse.Namespace, elite: EliteSpace, rival: EliteSpace) -> None:
    """Train what is missing of the elite and of the whole space."""
    images, recipe, template = load(given.dataset), load_recipe("benchmarks/honest.yaml"), elite.template
    lists, spaces = [], {ELITE: elite.space, WHOLE: load_search_space("small").full}
    for name, space in spaces.items():
        n, rng = round(given.n * SHARES[name]), np.random.default_rng(code_of(name))
        drawn = elite.budget.band(space, template).draw(n, rng=rng, replace=False)
        lists.append(items_of(name, drawn, template, recipe))
    train_items(list(interleaved(*lists)), images, template, given.csv)


def tell(given: argparse.Namespace, elite: EliteSpace, rival: EliteSpace) -> None:
    """Print which share of each space keeps to the bounds, then how the populations err."""
    spaces = {ELITE: elite.space, RIVAL: rival.space, WHOLE: load_search_space("small").full}
    latency = replace(elite.budget, constraints=())
    print(f"| keeps to | {' | '.join(spaces)} |\n| --- | --- | --- | --- |")
    asked: dict[str, Budget | Constraint] = {str(latency): latency}
    for words, one in (asked | {one.words: one for one in elite.budget.constraints}).items():
        print(f"| {words} | {' | '.join(share(one, space, elite) for space in spaces.values())} |")
    print(f"| all of them | {' | '.join(share(elite.budget, space, elite) for space in spaces.values())} |")
    errors = {name: errors_of(read_rows(given.csv), name) for name in SHARES}
    rivals = {RIVAL: latency, WITHIN: elite.budget}
    for name, budget in rivals.items():
        errors[name] = errors_of(read_rows(given.rival_csv), given.rival_group, budget, elite.template)
    print("\n| population | networks | mean error | P(elite beats it) | elite's mean less |")
    print("| --- | --- | --- | --- | --- |")
    for name, values in errors.items():
        if len(values) < 2:
            continue
        cells = [name, str(len(values)), f"{mean_interval(values):.2f}"]
        against = compared(errors[ELITE], values) if name != ELITE else ()
        cells += [f"{one:.2f}" for one in against] or ["", ""]
        print(f"| {' | '.join(cells)} |")


def errors_of(
    rows: Sequence[dict[str, str]], group: str, budget: Budget | None = None, template: NetworkTemplate | None = None
) -> np.ndarray:
    """Return the errors of a group's networks, in percent; with a budget of those that satisfy it."""
    kept = [row for row in rows if row["group"] == group and row["unseen_error"]]
    if budget is not None and template is not None:
        depths, widths = ([[int(row[f"{of}{i}"]) for i in (1, 2, 3)] for row in kept] for of in "dw")
        points = template.points([Architecture.of(*one) for one in zip(depths, widths, strict=True)])
        kept = [row for row, within in zip(kept, budget.satisfied(points, template), strict=True) if within]
    return np.array([100 * float(row["unseen_error"]) for row in kept])


def share(asked: Budget | Constraint, space: NetworkSpace, elite: EliteSpace) -> str:
    """Return which share of a space keeps to a budget or to one constraint, and says where it was estimated."""
    try:
        if isinstance(asked, Budget):
            band = asked.members(space, elite.template)
        else:
            band = band_within([asked], space, elite.template)
    except NetspaceError:  # none does
        return "0 of " + f"{space.size:,}"
    return f"{band.hit_rate:.2%}{'' if band.exact else ' (estimated)'}"


if __name__ == "__main__":
    main()
