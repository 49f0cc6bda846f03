"""A run's folder without any training, and a model of error that is a formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netspace import Budget, CostModel
from netspace.analysis.edf import Interval
from netspace.documents import to_plain, to_yaml
from netspace.records import Candidate, EliteSpace, Provenance
from netspace.runs import Run
from netspace.spaces import NetworkSpace, SearchSpace
from netspace.surrogate import Signal
from netspace.surrogate.groups import group_average
from netspace.surrogate.validation import Ranked
from tests.conftest import quick_config

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Formula:
    """A predictor that is sure: errors of features (log knobs, log FLOPs, log narrowest width)."""

    errors: Callable[[FloatArray], FloatArray]
    residual: float = 0.0

    def predict(self, x: FloatArray) -> FloatArray:
        return self.errors(x)

    def group_means(self, x: FloatArray, group: NDArray[np.int64], groups: int) -> tuple[FloatArray, FloatArray]:
        means = group_average(self.errors(x)[:, None], group, groups)[:, 0]
        return means, np.eye(groups) * 1e-12


def planted_signal(space: SearchSpace, errors: Callable[[FloatArray], FloatArray]) -> Signal:
    """Return a signal whose predictions are a formula of the features."""
    ranked = [Ranked("formula", 1.0, Interval(1.0, 1.0, 1.0), 100, Interval(1.0, 0.9, 1.0))]
    return Signal("population", space.grid, Formula(errors), ranked, "stand-alone errors")


def finished_run(folder: Path, space: SearchSpace, elites: dict[str, NetworkSpace]) -> Any:
    """Return the run of a search over a space that found one space for each budget."""
    folder.mkdir(exist_ok=True)
    config, template = to_plain(quick_config()), space.template(28, 1, 10)
    config["space"] = to_plain(space)
    (folder / "config.yaml").write_text(to_yaml({"config": config}))
    provenance = Provenance("0", "fashion", "d", space.name, "score", 3, 0, "c", 0.1, 2_000_000)
    for text, found in elites.items():
        budget = Budget.parse(text)
        candidate = Candidate.measure(found, 0.9, budget=budget, template=template)
        EliteSpace(budget, template, (candidate,), provenance).save(folder)
    return Run(folder)


def cost_of(space: SearchSpace, kind: str) -> CostModel:
    """Return a kind of cost of the networks of `finished_run`."""
    return CostModel(space.template(28, 1, 10), kind)
