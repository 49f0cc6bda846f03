"""How well super networks rank the networks of a truth table, by the way their weights are trained, at equal time.

Each variant is a set of settings. The processor time of a step is measured for all of them in turns, and each is given
the steps that take as long as `--steps` of the first. Rows are appended to a CSV; what is there is not done again.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from own_table import read_own
from trainings import load

from netspace import SearchConfig, resolve
from netspace.data import ImageData
from netspace.records.measured import MeasuredNetworks
from netspace.search import SpaceSearch, architecture_score, scoring
from netspace.surrogate.validation import pair_signs, rank_predicted

# Beside these, at revision 93549ff: uniform draws, several networks a step, sandwiches, distillation, rates that change
# with a network's cost, a momentum for each group of costs, and Θ with half of the draws from the whole space; what did
# not help was removed (docs/supernetwork.md).
VARIANTS: dict[str, tuple[str, ...]] = {
    "base": (),
    "no warm-up": ("search.warmup_epochs=0",),
    "long warm-up": ("search.warmup_epochs=8",),
    "quarter switched on": ("search.warmup_filters=0.25", "search.warmup_blocks=0.25"),
    "twice the rate": ("search.weights.learning_rate=0.2",),
    "half the rate": ("search.weights.learning_rate=0.05",),
    "no momentum": ("search.weights.momentum=0.0", "search.weights.learning_rate=0.5"),
    "score": ("search.estimator=score",),
    "gumbel": ("search.estimator=gumbel",),
}
# After the training, for half of the time: epochs of fine-tuning for each budget.
FINETUNED = {"fine-tuned for each budget": 4}
BUDGETS = ["400K", "800K", "1.6M"]
KEYS = ("variant", "seed", "share", "steps", "seconds", "scoring")
COLUMNS = (*KEYS, "overall", "within", "low", "high", "pairs", "in_bands", "chosen")


def main() -> None:
    """Train and score what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--space", default="tiny")
    parser.add_argument("--dataset", default="fashion")
    parser.add_argument("--image-size", type=int, default=16)
    parser.add_argument("--budget", action="append", default=None)
    parser.add_argument("--table", type=Path, default=Path("benchmarks/results/own_table_tiny.csv"))
    parser.add_argument("--every", type=int, default=2, help="score each so many-th network by cost")
    parser.add_argument("--steps", type=int, default=3600, help="of the variant `base`")
    parser.add_argument("--shares", type=float, nargs="+", default=[1.0], help="of the steps, each a run of its own")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recalibrations", type=int, nargs="*", default=[], help="score also with so many images")
    every = [*VARIANTS, *FINETUNED]
    parser.add_argument("--variants", nargs="+", default=every, choices=every)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/supernetwork_tiny.csv"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    wanted = [(v, s, share) for s in range(given.seeds) for share in given.shares for v in given.variants]
    missing = [key for key in wanted if key not in set(done(given.out))]
    if not missing:
        print(summary(given.out))
        return
    images = load(given.dataset, given.image_size)
    costs = step_costs(given, images, sorted({v for v, _, _ in missing}, key=[*VARIANTS, *FINETUNED].index))
    tasks = [(given, key, costs[key[0]]) for key in missing]
    with get_context("spawn").Pool(given.jobs) as pool:
        for rows in pool.imap_unordered(measure, tasks):
            for row in rows:
                append(given.out, row)
                print(row, flush=True)
    print(summary(given.out))


def summary(out: Path) -> str:
    """Return a Markdown table of means over seeds; `base` is compared on the seeds that a variant has."""
    with out.open() as stream:
        rows = list(csv.DictReader(stream))
    of = {(r["variant"], r["seed"]): r for r in rows if float(r["share"]) == 1}
    lines = [
        "| training of the weights | seeds | steps | τ overall | τ within bands | less `base` |",
        "|" + " --- |" * 6,
    ]
    for name in dict.fromkeys(r["variant"] for r in rows):
        own = {seed: r for (variant, seed), r in of.items() if variant == name}
        overall, within = (np.mean([float(r[k]) for r in own.values()]) for k in ("overall", "within"))
        gains = [float(r["within"]) - float(of["base", seed]["within"]) for seed, r in own.items()]
        steps = next(iter(own.values()))["steps"]
        spread = f" ({min(gains):+.2f}…{max(gains):+.2f})" if len(gains) > 1 else ""
        lines.append(
            f"| {name} | {len(own)} | {steps} | {overall:.2f} | {within:.2f} | {np.mean(gains):+.2f}{spread} |"
        )
    return "\n".join(lines)


def configured(given: argparse.Namespace, variant: str, seed: int) -> SearchConfig:
    """Return the config of a variant; without Θ, but where it names one."""
    settings = ("search.estimator=front", *VARIANTS.get(variant, ()))
    data = {"dataset": given.dataset, "image_size": given.image_size}
    budgets = given.budget or BUDGETS
    options = {"data": data, "budgets": budgets, "seed": seed, "device": "cpu"}
    return resolve(given.space, settings=settings, options=options)


def with_steps(config: SearchConfig, steps: int) -> SearchConfig:
    """Return a config with so many steps an epoch."""
    return replace(config, search=replace(config.search, steps_per_epoch=steps))


def step_costs(given: argparse.Namespace, images: ImageData, variants: list[str]) -> dict[str, float]:
    """Return processor time of a step as a multiple of that of `base`: the median of rounds in turns."""
    rounds = []
    for round_ in range(3):
        taken = {}
        for variant in ["base", *(v for v in variants if v != "base")]:
            search = SpaceSearch(with_steps(configured(given, variant, round_), 6), images)
            started = time.process_time()
            while search.epoch < search.config.search.epochs:
                search.train_epoch()
            taken[variant] = time.process_time() - started
        rounds.append({v: t / taken["base"] for v, t in taken.items()})
    found = {v: float(np.median([r[v] for r in rounds])) for v in rounds[0]}
    print({v: round(c, 2) for v, c in found.items()}, flush=True)
    return found


def measure(task: tuple[argparse.Namespace, tuple[str, int, float], float]) -> list[dict[str, object]]:
    """Train one super network, score the table on it, and return its rows."""
    given, (variant, seed, share), cost = task
    torch.set_num_threads(1)
    images = load(given.dataset, given.image_size)
    config = configured(given, variant, seed)
    finetune = FINETUNED.get(variant, 0)
    steps = max(1, round((0.5 if finetune else 1) * share * given.steps / cost / config.search.epochs))
    search = SpaceSearch(with_steps(config, steps), images)
    table = read_own(given.table, given.every)
    started = time.process_time()
    while search.epoch < search.config.search.epochs:
        search.train_epoch()
    seconds = time.process_time() - started
    rows = []
    usual = scoring.READINGS[scoring.READING].calibration
    for name, calibration in {variant: usual, **{f"{variant}, {n} images": n for n in given.recalibrations}}.items():
        reading = scoring.READINGS[scoring.READING]._replace(calibration=calibration)
        begun = time.process_time()
        scores = np.array(list(scored(search, table.points, reading)))
        if finetune:
            scores = finetuned(search, table, scores, finetune, reading)
            seconds = time.process_time() - started
        taken = time.process_time() - begun
        file = scores_file(given.out, (name, seed, share))
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, scores)
        head = (name, seed, share, steps * search.config.search.epochs, round(seconds, 1), round(taken, 1))
        rows.append(dict(zip(COLUMNS, (*head, *ranked(search, table, scores), chosen(search)), strict=True)))
    return rows


def ranked(search: SpaceSearch, table: MeasuredNetworks, scores: np.ndarray) -> tuple[float, ...]:
    """Return τ overall, within a cost ratio with its interval, its pairs, and τ within the budgets' own bands."""
    costs = table.costs.astype(np.float64)
    found = rank_predicted("", scores, table.errors, costs, rng=np.random.default_rng(0))
    right = pairs = 0.0
    for budget in search.budgets:
        inside = (costs >= budget.interval[0]) & (costs <= budget.interval[1])
        near = ~np.eye(int(inside.sum()), dtype=bool)
        right += pair_signs(scores[inside], table.errors[inside], near).sum()
        pairs += near.sum()
    numbers = (found.overall, *found.within, found.pairs, right / pairs)
    return tuple(round(float(x), 4) for x in numbers)


def finetuned(
    search: SpaceSearch, table: MeasuredNetworks, scores: np.ndarray, epochs: int, reading: scoring.Reading
) -> np.ndarray:
    """Return scores in which those of each budget's members are read after fine-tuning for it."""
    before = {name: value.clone() for name, value in search.supernet.state_dict().items()}
    found = scores.copy()
    for turn, budget in enumerate(search.budgets):
        band = budget.band(search.config.space.full, search.template)
        search.finetune(band, epochs, rng=np.random.default_rng([search.config.seed, turn]))
        inside = (table.costs >= budget.interval[0]) & (table.costs <= budget.interval[1])
        found[inside] = list(scored(search, table.points[inside], reading))
        search.supernet.load_state_dict(before)
    return found


def scored(search: SpaceSearch, points: np.ndarray, reading: scoring.Reading) -> Iterator[float]:
    """Yield the super network's score of each network."""
    for point in points:
        (network,) = search.template.architectures(point[None])
        how = {"images": search.theta_set, "normalise": search.normalise, "reading": reading}
        yield architecture_score(search.supernet, network, **how)  # type: ignore[arg-type]


def chosen(search: SpaceSearch) -> str:
    """Return the likeliest space of each budget by its range indices; nothing without Θ."""
    thetas = [] if search.theta is None else search.theta.thetas
    return " ".join("/".join(map(str, theta.likeliest(1)[0][0])) for theta in thetas)


def scores_file(out: Path, key: tuple[str, int, float]) -> Path:
    """Return where the scores of a row are kept: what is made of them can be looked at again."""
    return Path("runs") / out.stem / ("-".join(map(str, key)).replace(" ", "_") + ".npy")


def done(out: Path) -> list[tuple[str, int, float]]:
    """Return what is in the CSV."""
    if not out.exists():
        return []
    with out.open() as stream:
        return [(row["variant"], int(row["seed"]), float(row["share"])) for row in csv.DictReader(stream)]


def append(out: Path, row: dict[str, object]) -> None:
    """Add a row to the CSV."""
    fresh = not out.exists()
    with out.open("a", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS)
        if fresh:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    main()
