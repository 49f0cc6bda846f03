"""Which form of the penalty brings a space's median cost to the target: Θ with a stand-in for the super network.

    python benchmarks/penalty_form.py --seeds 6 --json benchmarks/results/penalty_form.json

The estimator is the search's own (`score`, as many steps as the preset `small` gives each of three budgets). The
cross-entropy of an architecture is a formula with noise, so that a search takes seconds: what is looked at is how Θ
meets its target, not which network is good.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from netspace import Architecture, Budget, CostModel, SpaceCosts, SpaceDistribution, load_search_space
from netspace.models import Mixture
from netspace.search import ScoreEstimator, penalty_tables
from netspace.search.constraint import TablePenalty
from netspace.settings import PenaltyForm, SearchSettings

STEPS, RATE, NOISE = 480, 0.03, 0.05


@dataclass(frozen=True)
class Outcome:
    """Means over seeds of the mode of Θ."""

    form: str
    penalty: float
    budget: str
    within_tolerance: float
    median_away: float
    hit_rate: float


def main() -> None:
    """Run every form, weight and budget, print a row each and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--budget", action="append")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    budgets = tuple(Budget.parse(text) for text in args.budget or ["10M", "30M", "80M"])
    forms: tuple[PenaltyForm, ...] = ("members", "centre")
    rows = [outcome(f, w, b, args.seeds) for f in forms for w in (1.0, 2.0, 3.0) for b in budgets]
    if args.json is not None:
        args.json.write_text(json.dumps({"seeds": args.seeds, "rows": [asdict(row) for row in rows]}, indent=1))


def outcome(form: PenaltyForm, penalty: float, budget: Budget, seeds: int) -> Outcome:
    """Search with each seed and average."""
    found = np.array([search(form, penalty, budget, seed) for seed in range(seeds)])
    away, hits = np.abs(found[:, 0] - 1), found[:, 1]
    within = float((away <= 0.1).mean())
    row = Outcome(form, penalty, str(budget), within, float(away.mean()), float(hits.mean()))
    print(
        f"| {form} | {penalty:g} | {budget} | {within:.0%} | {row.median_away:.1%} | {row.hit_rate:.0%} |",
        flush=True,
    )
    return row


def search(form: PenaltyForm, penalty: float, budget: Budget, seed: int) -> tuple[float, float]:
    """Return the mode's median cost over the target, and its hit rate."""
    space = load_search_space("small")
    template = space.template(32, 3, 10)
    model = CostModel(template)
    (table,) = penalty_tables(space, model, (budget,), form)
    estimator = ScoreEstimator(space, TablePenalty(table), SearchSettings(draws=4, penalty=penalty))
    theta, rng = SpaceDistribution(space.shape), np.random.default_rng(seed)
    optimizer = torch.optim.Adam(theta.parameters(), lr=RATE, betas=(0.5, 0.999))

    def evaluate(choice: Architecture | Mixture) -> Tensor:
        assert isinstance(choice, Architecture)
        size = np.log(model(template.points([choice]))[0] / 1e7)
        error = 1.45 - 0.1 * size - 0.1 * np.log(min(choice.widths) / 8) + 0.02 * np.log(sum(choice.depths) / 6)
        return torch.tensor(error + NOISE * rng.normal())

    for step in range(STEPS):
        loss, _ = estimator.loss(theta, evaluate, progress=step / STEPS, rng=rng)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    mode = space.space(theta.likeliest(1)[0][0])
    costs = SpaceCosts(model, mode)
    return costs.quantiles((0.5,))[0][0] / budget.target, costs.band(*budget.interval).hit_rate


if __name__ == "__main__":
    main()
