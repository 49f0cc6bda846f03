r"""How long `netspace paper` on CIFAR-10 would take on a GPU, from the steps that were timed there: arithmetic, no run.

    python benchmarks/gpu_paper.py benchmarks/results/gpu_supernet_step.json

Milliseconds of a step of 64 images are interpolated over FLOPs, on logarithms, between the networks that were timed in
bf16: for the super network as its steps run today, kernel by kernel, for the mean over networks drawn uniformly from
`expanded`; for stand-alone networks recorded as a CUDA graph, as their trainings are, at the target of each budget.
Assumed: a step of Θ takes as long as one of the weights, stand-alone networks are trained one after another, and a pass
over validation or test images takes a third of what training on as many does. Reading, scores and the model of error,
which are minutes, are left out.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace import Budget, DataSettings, load_search_space
from netspace.cli.plan import duration
from netspace.cost import PAPER_BUDGETS, CostModel
from netspace.paper import PaperExperiment
from netspace.settings import Recipe

FloatArray = NDArray[np.float64]
TRAIN, TEST = 50_000, 10_000


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("timed", type=Path)
    given = parser.parse_args()
    timed = json.loads(given.timed.read_text())
    print(f"{timed['device']}, torch {timed['torch']}\n")
    print("| | search | populations | Table 1 | together |\n| --- | --- | --- | --- | --- |")
    for faithful, share in ((False, 0.01), (True, 0.01), (True, 0.1), (True, 1.0)):
        data = DataSettings("cifar10")
        paper = PaperExperiment(data, tuple(PAPER_BUDGETS), Path("paper"), faithful=faithful, share=share)
        parts = seconds_of(paper, timed)
        cells = [duration(part) for part in (*parts, sum(parts))]
        what = f"`paper{' --faithful' if faithful else ''} --share {share:g}`"
        print(f"| {what} | {' | '.join(cells)} |")


def seconds_of(paper: PaperExperiment, timed: dict[str, Any]) -> tuple[float, float, float]:
    """Return the seconds of the search, of the populations and of Table 1."""
    recipe, search = paper.recipe(TRAIN), paper.config(TRAIN).search
    targets = np.array([Budget.parse(text).target for text in paper.budgets], np.float64)
    each = images_of(recipe) * step_seconds(timed, targets, recorded=True)  # shape (budgets,)
    searching = search.front.population * each.mean()
    if paper.faithful:
        space = load_search_space(paper.space)
        points = space.full.draw(1000, rng=np.random.default_rng(0))
        costs = CostModel(space.template(32, 3, 10))(points).astype(np.float64)
        steps = search.steps_per_epoch or int(TRAIN * search.weights_share) // search.batch_size
        count = steps * (2 * search.epochs - search.warmup_epochs)
        searching = count * search.batch_size * step_seconds(timed, costs, recorded=False).mean()
    return searching, 2 * paper.n * each.sum(), 2 * paper.seeds * each.sum()


def images_of(recipe: Recipe) -> float:
    """Return how many images a training sees, those that it only looks at counted as a third."""
    used = recipe.train_images or TRAIN
    seen = used * recipe.validation_share
    return recipe.epochs * (used - seen + seen / 3) + TEST / 3


def step_seconds(timed: dict[str, Any], flops: FloatArray, *, recorded: bool) -> FloatArray:
    """Return seconds an image of networks of these FLOPs, shape (n,), between those that were timed."""
    rows = [
        row
        for row in timed["rows"]
        if row["precision"] == "bf16" and row["channels_last"] and not row["masked"] and row["recorded"] == recorded
    ]
    rows.sort(key=lambda row: row["flops"])
    known = np.log([[row["flops"], 1 / row["images a second"]] for row in rows])
    return np.asarray(np.exp(np.interp(np.log(flops), known[:, 0], known[:, 1])))


if __name__ == "__main__":
    main()
