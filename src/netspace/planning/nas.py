"""The plan of NAS by a super network: architectures scored, and steps of the logits where a method moves some."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from netspace.analysis import Interval
from netspace.cost import Budget
from netspace.planning.plan import PlannedStep
from netspace.planning.searching import score_seconds
from netspace.search import SpaceSearch
from netspace.search.architecture_search import train_logits
from netspace.settings import NasSettings
from netspace.spaces import NetworkSpace

FEW = 2  # steps of the logits that are timed, after as many that are not


def scores_of(settings: NasSettings, asked: Sequence[tuple[NetworkSpace, Budget]], search: SpaceSearch) -> int:
    """Return how many architectures some NAS score together.

    Args:
        settings: of each.
        asked: where each looks, and at which budget.
        search: whose super network is asked.
    """
    sizes = {pair: budget.band(space, search.template).size for pair in set(asked) for space, budget in [pair]}
    return sum(min(settings.candidates, sizes[pair]) for pair in asked)


def nas_steps(
    settings: NasSettings, asked: Sequence[tuple[NetworkSpace, Budget]], search: SpaceSearch
) -> list[PlannedStep]:
    """Return the steps of a plan that some NAS take on a super network, which is left as it is.

    Args:
        settings: of each.
        asked: where each looks, and at which budget.
        search: a finished one.

    Raises:
        NetspaceError: where a space has no member in band.
    """
    if not asked:
        return []
    n = scores_of(settings, asked, search)
    steps = [PlannedStep(f"scores of NAS ({settings.method})", n, score_seconds(search, n), unit="scores")]
    if settings.method == "differentiable":
        total = len(asked) * settings.steps
        each = _logit_seconds(search, *asked[0], settings)
        seconds = Interval(*(total * each for _ in range(3)))
        steps.append(PlannedStep("steps of the logits", total, seconds, unit="steps of the logits"))
    return steps


def _logit_seconds(search: SpaceSearch, space: NetworkSpace, budget: Budget, settings: NasSettings) -> float:
    weights = {name: value.clone() for name, value in search.supernet.state_dict().items()}
    few = replace(settings, steps=FEW)
    for _ in range(2):
        begun = time.perf_counter()
        train_logits(search, space, budget, few, rng=np.random.default_rng(0))
        seconds = (time.perf_counter() - begun) / FEW
    search.supernet.load_state_dict(weights)
    return seconds
