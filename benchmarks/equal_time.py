r"""Super network, stand-alone trainings, and both, at equal total time, against a truth table of our own.

    python benchmarks/supernetwork.py --variants base --shares 0.5 1 2 4 --every 1 --steps 3600 \
        --out benchmarks/results/equal_time_supernetwork.csv
    python benchmarks/equal_time.py

A super network's time is its training and the scores that are read off it. What the same time pays for otherwise is
stand-alone trainings, spread over costs and shapes as `netspace front --calibrate-n` does, or drawn at random; they are
looked up in the table. `both` has half of the time for each. Each signal is a model fitted to it, as in
`netspace front`; it is judged by how it ranks the networks that it was not fitted to, and by the spaces it chooses.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from own_table import read_own
from supernetwork import BUDGETS, configured, scores_file, with_steps
from truth import judge
from within_bands import kendall_within

from netspace import DataSettings, load_images
from netspace.analysis import Interval, mean_interval
from netspace.config import load_recipe
from netspace.cost import Budget
from netspace.evaluate import TrainingData, train_network
from netspace.search import SpaceSearch
from netspace.surrogate import plan_calibration
from netspace.surrogate.features import model_features
from netspace.surrogate.gaussian_process import fit_gaussian_process
from netspace.surrogate.judging import EnumeratedMembers, Judged, least_hit_rate

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
SCORES = 200
HIT_RATE = 0.2
STYLES = {"scores of all": "^-", "supernet": "o-", "population, random": "s--", "population, spread": "s-"}
STYLES |= {"both, random": "v--", "both, spread": "v-"}


class OwnTruth:
    """The table, with what predictors see of it.

    Args:
        given: the command line.
    """

    def __init__(self, given: argparse.Namespace) -> None:
        table = read_own(given.table)
        self.members = EnumeratedMembers(table.grid, table.points, table.costs)
        self.points, self.costs = self.members.points, self.members.costs.astype(np.float64)
        self.errors = table.errors[self.members.order]
        self.features = model_features(table.grid, self.points, self.members.costs)
        self.budgets = [Budget.parse(text) for text in given.budget]
        self.truths = [judge(self.members, 100 * self.errors, b) for b in self.budgets]
        self.where = {tuple(p): i for i, p in enumerate(self.points.tolist())}

    def rows(self, points: IntArray) -> IntArray:
        """Return the rows of networks."""
        return np.array([self.where[tuple(p)] for p in points.tolist()])

    def judged(self, predicted: FloatArray, seen: IntArray) -> dict[str, float]:
        """Say how predictions of all networks rank those not seen, and how good the spaces are that they choose."""
        unseen = np.setdiff1d(np.arange(len(self.errors)), seen)
        found = {"within": kendall_within(predicted[unseen], self.errors[unseen], self.costs[unseen])}
        found["overall"] = kendall_within(predicted[unseen], self.errors[unseen], self.costs[unseen], ratio=np.inf)
        spaces = []
        for budget in self.budgets:
            rows = self.members.rows(budget.interval)
            own = self.members.judge_errors(predicted[rows], rows)
            spaces.append(int(np.nanargmin(np.where(self.able(own), own.error, np.nan))))
        return found | self.outcomes(spaces)

    def able(self, judged: Judged) -> NDArray[np.bool_]:
        """Say which spaces have members enough in band."""
        return judged.hit_rate >= least_hit_rate(judged, HIT_RATE)

    def outcomes(self, spaces: Sequence[int]) -> dict[str, float]:
        """Return regret and percentile, among the spaces with members enough in band, of one space per budget."""
        regrets, percentiles = [], []
        for truth, space in zip(self.truths, spaces, strict=True):
            others = truth.error[self.able(truth)]
            error = truth.error[space] if np.isfinite(truth.error[space]) else others.max()
            regrets.append(float(error - others.min()))
            percentiles.append(float(100 * np.mean(others >= error - 1e-9)))
        return {"regret": float(np.mean(regrets)), "percentile": float(np.mean(percentiles))}


def main() -> None:
    """Judge every signal at every time that there is a super network for; write rows and a picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=Path("benchmarks/results/own_table_tiny.csv"))
    parser.add_argument("--supernetworks", type=Path, default=Path("benchmarks/results/equal_time_supernetwork.csv"))
    parser.add_argument("--searches", type=Path, default=Path("benchmarks/results/supernetwork_tiny.csv"))
    parser.add_argument("--space", default="tiny")
    parser.add_argument("--dataset", default="fashion")
    parser.add_argument("--image-size", type=int, default=16)
    parser.add_argument("--recipe", default="benchmarks/brief.yaml")
    parser.add_argument("--budget", action="append", default=None)
    parser.add_argument("--seeds", type=int, default=20, help="of each choice of trainings")
    parser.add_argument("--training-seconds", type=float, help="of one stand-alone training; default: measured")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/equal_time"))
    given = parser.parse_args()
    given.budget = given.budget or BUDGETS
    torch.set_num_threads(1)
    seconds, step = given.training_seconds, None
    if seconds is None:
        seconds, step = unit_costs(given)
    print(f"a stand-alone training takes {seconds:.2f} s, a step of the super network {step} s")
    truth = OwnTruth(given)
    rows = [row | {"training_seconds": round(seconds, 3)} for row in judged_rows(given, truth, seconds, step)]
    write([*rows, *theta_rows(given, truth, step, seconds)], given.out)


def unit_costs(given: argparse.Namespace) -> tuple[float, float]:
    """Return the processor time of a stand-alone training and of a super network's step, measured in turns."""
    images = load_images(DataSettings(given.dataset, image_size=given.image_size))
    config = with_steps(configured(given, "base", 0), 6)
    template, recipe = config.space.template(*images.shape), load_recipe(given.recipe)
    training = TrainingData.of(images, recipe)
    networks = read_own(given.table)
    order = np.argsort(networks.costs)
    spread = networks.points[order[np.linspace(0, len(order) - 1, 9).astype(int)]]
    alone, shared = [], []
    for point in spread:
        begun = time.process_time()
        train_network(template.architectures(point[None])[0], template, training, recipe, seed=0)
        alone.append(time.process_time() - begun)
        search = SpaceSearch(config, images)
        begun = time.process_time()
        while search.epoch < config.search.epochs:
            search.train_epoch()
        shared.append((time.process_time() - begun) / (6 * config.search.epochs))
    return float(np.mean(alone)), float(np.median(shared))


def judged_rows(
    given: argparse.Namespace, truth: OwnTruth, seconds: float, step: float | None
) -> Iterator[dict[str, Any]]:
    """Yield one row per signal, total time and seed."""
    with given.supernetworks.open() as stream:
        runs = list(csv.DictReader(stream))
    scoring = float(np.median([float(r["scoring"]) / len(truth.errors) for r in runs]))
    for run in runs:
        seed, share, steps = int(run["seed"]), float(run["share"]), int(run["steps"])
        scores = np.load(scores_file(given.supernetworks, (run["variant"], seed, share)))
        taken = steps * (step or float(run["seconds"]) / steps)
        rng = np.random.default_rng([seed, 1])
        every, some = np.arange(0), rng.permutation(len(scores))[:SCORES]
        total = taken + scoring * SCORES
        head = {"share": share, "seed": seed, "seconds": round(taken + scoring * len(scores), 1), "trainings": 0}
        yield {"signal": "scores of all", **head, **truth.judged(scores, every)}
        head["seconds"] = round(total, 1)
        prior = fitted(truth.features, scores, some, rng)
        yield {"signal": "supernet", **head, **truth.judged(prior, every)}
        n = round(total / seconds)
        for draw in range(given.seeds):
            yield from (
                {"share": share, **row}
                for row in trained_rows(truth, prior, n=n, total=total, seed=100 * seed + draw, given=given)
            )


def theta_rows(
    given: argparse.Namespace, truth: OwnTruth, step: float | None, seconds: float
) -> Iterator[dict[str, Any]]:
    """Yield how good the spaces are that Θ settled on, in searches of super networks of the first benchmark."""
    with given.searches.open() as stream:
        runs = [run for run in csv.DictReader(stream) if run["chosen"]]
    with given.searches.open() as stream:
        base = next(int(run["steps"]) for run in csv.DictReader(stream) if run["variant"] == "base")
    shape = tuple(len(axis.ranges) for axis in truth.members.grid.axes)
    for run in runs:
        chosen = [tuple(map(int, text.split("/"))) for text in run["chosen"].split()]
        spaces = [int(np.ravel_multi_index(choice, shape)) for choice in chosen]
        taken = base * step if step else float(run["seconds"])
        head = {
            "signal": f"Θ, {run['variant']}",
            "share": 1.0,
            "seed": int(run["seed"]),
            "seconds": round(taken, 1),
            "trainings": 0,
        }
        nothing = {"within": float("nan"), "overall": float("nan")}
        yield head | nothing | truth.outcomes(spaces) | {"training_seconds": round(seconds, 3)}


def trained_rows(
    truth: OwnTruth, prior: FloatArray, *, n: int, total: float, seed: int, given: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Yield what stand-alone trainings give: alone for the total time, and beside a super network of that time."""
    rng = np.random.default_rng([seed, 2])
    space = configured(given, "base", 0).space
    images = (given.image_size, 1, 10)
    wide = np.column_stack([truth.features, prior])
    for name, features, time_ in (("population", truth.features, total), ("both", wide, 2 * total)):
        for how in ("spread", "random"):
            if how == "spread":
                chosen = truth.rows(plan_calibration(space, space.template(*images), n, seed=seed))
            else:
                chosen = rng.permutation(len(truth.errors))[:n]
            if len(chosen) < 8 or len(chosen) > len(truth.errors) - 50:
                continue
            predicted = fitted(features, truth.errors, chosen, rng)
            head = {"signal": f"{name}, {how}", "seed": seed, "seconds": round(time_, 1), "trainings": len(chosen)}
            yield head | truth.judged(predicted, chosen)


def fitted(x: FloatArray, y: FloatArray, rows: IntArray, rng: np.random.Generator) -> FloatArray:
    """Fit the model to some rows and predict all."""
    return fit_gaussian_process(x[rows], y[rows], rng=rng).predict(x)


def write(rows: list[dict[str, Any]], out: Path) -> None:
    """Write rows as CSV, print their means, draw τ against time."""
    with out.with_suffix(".csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, sorted(rows[0]))
        writer.writeheader()
        writer.writerows({k: round(v, 4) if isinstance(v, float) else v for k, v in r.items()} for r in rows)
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    for name in dict.fromkeys(r["signal"] for r in rows):
        lines = []
        for share in dict.fromkeys(r["share"] for r in rows if r["signal"] == name):
            here = [r for r in rows if r["signal"] == name and r["share"] == share]
            seconds, trainings, overall, percentile = (
                float(np.mean([r[k] for r in here])) for k in ("seconds", "trainings", "overall", "percentile")
            )
            tau, regret = (averaged([r[k] for r in here]) for k in ("within", "regret"))
            lines.append((seconds, tau, regret))
            print(
                f"| {name} | {seconds:.0f} s | {trainings:.0f} | {tau:.2f} | "
                f"{overall:.2f} | {regret:.2f} | {percentile:.0f} |"
            )
        for axes, k in ((left, 1), (right, 2)):
            x, (y, low, high) = [line[0] for line in lines], np.array([line[k] for line in lines]).T
            spread = None if "random" not in name and "spread" not in name else [y - low, high - y]
            axes.errorbar(x, y, yerr=spread, fmt=STYLES.get(name, "D"), capsize=3, markersize=4, label=name)
    left.set(xscale="log", xlabel="total time, s of one processor", ylabel="Kendall τ within bands, networks not seen")
    right.set(xscale="log", xlabel="total time, s of one processor", ylabel="regret of the spaces chosen, points")
    left.legend(fontsize=7)
    figure.savefig(out.with_suffix(".png"), dpi=120)


def averaged(values: list[float]) -> Interval:
    """Return the mean with its interval over seeds, of few with the smallest and largest; NaN where nothing is."""
    if not np.isfinite(values).all():
        return Interval(*[float("nan")] * 3)
    return mean_interval(values) if len(values) >= 5 else Interval(float(np.mean(values)), min(values), max(values))


if __name__ == "__main__":
    main()
