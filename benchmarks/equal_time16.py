r"""Which spaces of `small` a super network, short trainings and honest trainings choose for the same processor time.

    python benchmarks/supernetwork.py --space small --dataset ../shared/data/cifar10 --budget 2.5M --budget 5M \
        --budget 10M --table benchmarks/results/truth16_c10.csv --every 1 --steps 7200 --shares 0.33 1 --seeds 1 \
        --variants base --jobs 1 --out benchmarks/results/supernetwork_c10.csv
    python benchmarks/equal_time16.py --json benchmarks/results/equal_time16.json

No table holds every network of `small`, so spaces are judged by a model of every honest training there is (truth16.py
and proof16.py): regret is by how much the mean error of the chosen space's members in band lies above that of the best
space with as high a hit rate, by that model. τ is over the truth's networks that were not read. Trainings are those of
the truth, farthest first among those of half to twice a budget's cost, from 20 random halves of them; they take what
the CPU took for the networks that it trained (truth16_c10_cpu.csv). A super network's scores are of all the truth's
networks, one model is fitted to them; their time counts.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from own_table import of_trainings
from supernetwork import scores_file
from trainings import point_of, read_rows
from within_bands import kendall_within

from netspace import Budget, CostModel, load_search_space
from netspace.analysis import mean_interval
from netspace.surrogate.calibration import farthest_first
from netspace.surrogate.features import mean_log_width, model_features
from netspace.surrogate.gaussian_process import fit_gaussian_process
from netspace.surrogate.judging import EnumeratedMembers, Judged, least_hit_rate
from netspace.surrogate.steadied import steadied
from netspace.surrogate.validation import LEAST_ROWS

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
RESULTS = Path("benchmarks/results")
BUDGETS = [Budget.parse(text) for text in ("2.5M", "5M", "10M")]
HIT_RATE, SEEDS = 0.2, 20
MINUTES = (30, 60, 120)


class Judge:
    """Every member of `small` at the budgets, judged by a model of all honest trainings."""

    def __init__(self) -> None:
        self.grid, template = load_search_space("small").grid, load_search_space("small").template(16, 3, 10)
        points = self.grid.enumerate()
        self.members = EnumeratedMembers(self.grid, points, CostModel(template)(points))
        rows = [row for name in ("truth16", "proof16") for row in read_rows(RESULTS / f"{name}_c10.csv")]
        rows = [row for row in rows if row["unseen_error"]]
        self.trainings = len(rows)
        points, costs = np.array([point_of(row) for row in rows]), np.array([int(row["flops"]) for row in rows])
        errors = np.array([100 * float(row["unseen_error"]) for row in rows])
        self.model = fit_gaussian_process(self.features(points, costs), errors, rng=np.random.default_rng(0))
        self.rows = [self.members.rows(budget.interval) for budget in BUDGETS]
        self.seen = [self.features(self.members.points[at], self.members.costs[at]) for at in self.rows]
        self.truths = [self.judged(self.model.predict(x), at) for x, at in zip(self.seen, self.rows, strict=True)]

    def features(self, points: IntArray, costs: IntArray) -> FloatArray:
        """Return what models see."""
        return model_features(self.grid, points, costs)

    def judged(self, predicted: FloatArray, at: slice) -> Judged:
        """Return each space's mean over its members in band."""
        return self.members.judge_errors(predicted, at)

    def regret(self, predict: Any) -> float:
        """Return the mean regret over budgets, points, of the spaces that predictions put first."""
        regrets = []
        for truth, x, at in zip(self.truths, self.seen, self.rows, strict=True):
            own = self.judged(predict(x, at), at)
            able = own.hit_rate >= least_hit_rate(own, HIT_RATE)
            space = int(np.nanargmin(np.where(able, own.error, np.nan)))
            regrets.append(float(truth.error[space] - np.nanmin(truth.error[able])))
        return float(np.mean(regrets))


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    judge = Judge()
    print(f"judged by a model of {judge.trainings} honest trainings\n")
    print("| what is read | minutes | trainings | τ within bands, not read | regret, points |\n|" + " --- |" * 5)
    found = [*free_rows(judge), *supernet_rows(judge), *training_rows(judge), *short_rows(judge)]
    for row in found:
        cells = (row["what"], f"{row['minutes']:.0f}", row["trainings"], shown(row["tau"]), shown(row["regret"]))
        print("| " + " | ".join(map(str, cells)) + " |")
    if given.json:
        given.json.write_text(json.dumps({"trainings of the judge": judge.trainings, "rows": found}, indent=1) + "\n")


def shown(values: list[float]) -> str:
    """Return a mean with its interval over choices, or a single value, or nothing."""
    if len(values) < 2:
        return f"{values[0]:.2f}" if values else ""
    return f"{mean_interval(values):.2f}"


def tau_of(predicted: FloatArray, errors: FloatArray, costs: IntArray, read: IntArray) -> float:
    """Return the mean over bands of Kendall's τ, over networks that were not read."""
    unread = np.setdiff1d(np.arange(len(errors)), read)
    taus = []
    for budget in BUDGETS:
        at = unread[(costs[unread] >= budget.interval[0]) & (costs[unread] <= budget.interval[1])]
        if len(at) > 2:
            taus.append(kendall_within(predicted[at], errors[at], np.ones(len(at))))
    return float(np.mean(taus))


def free_rows(judge: Judge) -> Iterator[dict[str, Any]]:
    """Yield what needs no reading: any space with members enough in band, and the one of the largest widths."""
    able = [truth.hit_rate >= least_hit_rate(truth, HIT_RATE) for truth in judge.truths]
    errors = [truth.error[at] for truth, at in zip(judge.truths, able, strict=True)]
    yield row_of("a random space", 0, 0, [], [float(np.mean([np.nanmean(e) - np.nanmin(e) for e in errors]))])
    truth = of_trainings(RESULTS / "truth16_c10.csv")
    widths = mean_log_width(judge.grid, truth.points)
    assert widths is not None
    none = np.array([], np.int64)

    def predict(x: FloatArray, at: slice) -> FloatArray:
        found = mean_log_width(judge.grid, judge.members.points[at])
        assert found is not None
        return -found

    tau = tau_of(-widths, truth.errors, truth.costs, none)
    yield row_of("mean log width", 0, 0, [tau], [judge.regret(predict)])


def supernet_rows(judge: Judge) -> Iterator[dict[str, Any]]:
    """Yield what super networks choose."""
    file = RESULTS / "supernetwork_c10.csv"
    truth = of_trainings(RESULTS / "truth16_c10.csv")
    x = judge.features(truth.points, truth.costs)
    for row in csv.DictReader(file.open()) if file.exists() else ():
        of_row = scores_file(file, (row["variant"], int(row["seed"]), float(row["share"])))
        scores = np.load(of_row if of_row.exists() else RESULTS / file.stem / of_row.name)
        assert len(scores) == len(truth.errors), "the table has grown since the super network was scored"
        model = fit_gaussian_process(x, 100 * scores, rng=np.random.default_rng(0))
        minutes = (float(row["seconds"]) + float(row["scoring"])) / 60
        none = np.array([], np.int64)
        tau = tau_of(model.predict(x), truth.errors, truth.costs, none)
        yield row_of("super network", minutes, 0, [tau], [judge.regret(lambda x, at, m=model: m.predict(x))])


def training_rows(judge: Judge) -> Iterator[dict[str, Any]]:
    """Yield what honest trainings choose, as many as the time pays for."""
    truth, read = of_trainings(RESULTS / "truth16_c10.csv"), readings()
    x, seconds = judge.features(truth.points, truth.costs), seconds_of(truth.costs)
    low, high = BUDGETS[0].target / 2, BUDGETS[-1].target * 2
    near = np.flatnonzero((truth.costs >= low) & (truth.costs <= high))
    for minutes in MINUTES:
        taus, regrets, counts = [], [], []
        for seed in range(SEEDS):
            pool = np.random.default_rng(seed).permutation(near)[: len(near) // 2]
            order = pool[farthest_first(x[pool], len(pool))]
            rows = order[: int((np.cumsum(seconds[order]) <= 60 * minutes).sum())]
            if len(rows) < LEAST_ROWS:  # six large ones take longer
                continue
            model = fit_gaussian_process(x[rows], read[rows], rng=np.random.default_rng(0))
            taus.append(tau_of(model.predict(x), truth.errors, truth.costs, rows))
            regrets.append(judge.regret(lambda x, at, m=model: m.predict(x)))
            counts.append(len(rows))
        if len(taus) >= SEEDS / 2:
            yield row_of("honest trainings", minutes, round(float(np.mean(counts))), taus, regrets)


def readings() -> FloatArray:
    """Return what is read of one training of each network of the truth, by cost, in %: as a search reads it."""
    rows: dict[tuple[int, ...], dict[str, str]] = {}
    for row in read_rows(RESULTS / "truth16_c10.csv"):
        if row["unseen_error"]:
            rows.setdefault(point_of(row), row)
    truth = of_trainings(RESULTS / "truth16_c10.csv")
    own = [rows[tuple(point)] for point in truth.points.tolist()]
    errors = np.array([float(row["validation_error"].split()[-1]) for row in own])
    losses = np.array([float(row["loss"].split()[-1]) for row in own])
    better = steadied(errors, losses, truth.costs.astype(np.float64))
    return 100 * (errors if better is None else better)


def short_rows(judge: Judge) -> Iterator[dict[str, Any]]:
    """Yield what trainings of a fifth of the schedule choose, where there are any (signals.py)."""
    file, truth = RESULTS / "signals_c10.csv", of_trainings(RESULTS / "truth16_c10.csv")
    x = judge.features(truth.points, truth.costs)
    where = {tuple(point): i for i, point in enumerate(truth.points.tolist())}
    groups: dict[tuple[str, str], list[dict[str, str]]] = {}
    for row in read_rows(file):
        if row["loss"]:
            groups.setdefault((row["recipe"], "first" if int(row["seed"]) % 2 else "second"), []).append(row)
    for (recipe, _), rows in groups.items():
        if len(rows) < 2 * LEAST_ROWS:
            continue
        at = np.array([where[point_of(row)] for row in rows])
        losses = np.array([float(row["loss"].split()[-1]) for row in rows])
        model = fit_gaussian_process(x[at], 100 * losses, rng=np.random.default_rng(0))
        minutes = sum(float(row["seconds"]) for row in rows) / 60
        tau = tau_of(model.predict(x), truth.errors, truth.costs, at)
        regret = judge.regret(lambda x, at, m=model: m.predict(x))
        yield row_of(f"trainings, share {recipe}, their last loss", minutes, len(rows), [tau], [regret])


def seconds_of(costs: IntArray) -> FloatArray:
    """Return what the CPU takes for networks that cost so much: a line through those that it trained."""
    rows = read_rows(RESULTS / "truth16_c10_cpu.csv")
    flops, seconds = (np.array([float(row[name]) for row in rows]) for name in ("flops", "seconds"))
    slope, fixed = np.polyfit(flops, seconds, 1)
    return np.asarray(fixed + slope * costs, np.float64)


def row_of(what: str, minutes: float, trainings: int, tau: list[float], regret: list[float]) -> dict[str, Any]:
    """Return one row."""
    return {"what": what, "minutes": minutes, "trainings": trainings, "tau": tau, "regret": regret}


if __name__ == "__main__":
    main()
