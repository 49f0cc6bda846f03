"""The plan of a search: the steps of its super network, the scores read off it, its stand-alone trainings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from netspace.analysis import Interval
from netspace.config import load_recipe, searched_on
from netspace.data import ImageData
from netspace.errors import NetspaceError
from netspace.models import resolve_device
from netspace.planning.plan import Plan, PlannedStep
from netspace.planning.plans import peak_memory, trainings
from netspace.planning.remaining import calibration_left, epochs_done, scores_left
from netspace.runs import Run
from netspace.search import SpaceSearch, architecture_score, settled_search
from netspace.search.gradients import GRADIENTS
from netspace.settings import Recipe, SearchConfig

PLANNED = (*GRADIENTS, "front", "population")  # estimators; what another one does is not known
LOOKS = 8  # moments of a search at which a step is timed
SCORED = 3  # architectures whose score is timed
PATIENCE = 15.0  # seconds after which no further step is timed
ONE_LOOK = 2.0  # factor by which steps may take more or less time than the one that was timed


def plan_search(
    config: SearchConfig,
    images: ImageData,
    *,
    jobs: int = 1,
    recipe: Recipe | None = None,
    run: Run | None = None,
    scored_after: int = 0,
) -> Plan:
    """Plan a search: the super network's steps, its scores, the stand-alone trainings.

    Args:
        config: as resolved.
        images: of it.
        jobs: trainings at a time.
        recipe: of its stand-alone trainings; None reads the one that the config names.
        run: that may have been begun: what it has done is left out; None plans the whole search.
        scored_after: architectures that NAS scores on its super network afterwards, where it has one.

    Raises:
        NetspaceError: where no network meets a budget, the images are too few, or the estimator is another's.
    """
    if config.search.estimator not in PLANNED:
        raise NetspaceError(
            f"what estimator '{config.search.estimator}' does is not known, so there is no plan of it; "
            f"{', '.join(PLANNED)} are planned"
        )
    on, template = resolve_device(config.device), config.space.template(*images.shape)
    for budget in config.parsed_budgets:
        budget.band(config.space.full, template)
    config = resolved(config, images, on)
    measured = SuperNetworkSteps(config, images, run, scored_after)
    steps = measured.steps(LOOKS)
    if n := calibrations(config):
        networks = calibration_left(config, template, n, run)
        recipe = recipe or load_recipe(config.search.front.recipe)
        steps.append(trainings(networks, template, images, recipe, device=on))
    return Plan(tuple(steps), jobs, on, config.precision, peak_memory(), measured.disk)


def resolved(config: SearchConfig, images: ImageData, device: str) -> SearchConfig:
    """Return a config as a search of these images on this device has it."""
    config = searched_on(config, images.settings, len(images.train), device)
    return replace(config, precision=settled_search(config, config.space.template(*images.shape)))


def calibrations(config: SearchConfig) -> int:
    """Return how many stand-alone trainings the estimator of a config wants."""
    front, estimator = config.search.front, config.search.estimator
    if estimator in GRADIENTS:
        return 0
    return front.population if estimator == "population" else front.calibration


class SuperNetworkSteps:
    """What a search does with its super network, if it has one, timed on one of its own.

    Args:
        config: as resolved.
        images: of it.
        run: that may have been begun; None plans the whole.
        after: architectures that NAS scores on it when it is trained.
    """

    def __init__(self, config: SearchConfig, images: ImageData, run: Run | None, after: int = 0) -> None:
        self._config, self._images, self._after, settings = config, images, after, config.search
        there = settings.estimator != "population"
        self._begun = epochs_done(run) if there and run is not None else 0
        _, each = settings.batch_and_steps(len(images.train))
        self.count = (settings.epochs - self._begun) * each if there else 0
        self.scores = scores_left(config, run) if there and settings.estimator not in GRADIENTS else 0
        self.disk = 0

    def steps(self, looks: int, patience: float = PATIENCE) -> list[PlannedStep]:
        """Return the steps of the plan.

        Args:
            looks: moments at which a step is timed, evenly over the epochs that are left, since the warm-up switches on
                more than what comes later.
            patience: seconds after which no further step is timed.
        """
        if self._config.search.estimator == "population":
            return []
        search = SpaceSearch(self._at_one_step(), self._images)
        weights = sum(p.numel() for p in search.supernet.parameters())
        self.disk = 2 * 4 * 2 * weights  # weights and momentum, of this checkpoint and the one before it
        found = []
        if self.count:
            taken = self._taken(search, looks, patience)
            found.append(PlannedStep("steps of the super network", self.count, spread(taken, self.count), unit="steps"))
        if self.scores:
            seconds = score_seconds(search, self.scores)
            found.append(PlannedStep("scores read off it, at most", self.scores, seconds, unit="scores"))
        if self._after:
            seconds = score_seconds(search, self._after)
            found.append(PlannedStep("scores of NAS", self._after, seconds, unit="scores"))
        return found

    def _at_one_step(self) -> SearchConfig:
        config = self._config
        return replace(config, search=replace(config.search, steps_per_epoch=1))

    def _taken(self, search: SpaceSearch, looks: int, patience: float) -> list[float]:
        """Return the seconds of a step of several epochs; the very first one is taken twice, and timed once."""
        first, left = self._begun, self._config.search.epochs - self._begun
        taken, begun = [], time.perf_counter()
        with torch.random.fork_rng(devices=[]):
            seconds_at(search, first)
            for k in range(looks):
                taken.append(seconds_at(search, first + round(k * left / looks)))
                if time.perf_counter() - begun > patience:
                    break
        return taken


def seconds_at(search: SpaceSearch, epoch: int) -> float:
    """Return the time of one step of an epoch; the search has one step an epoch."""
    search.epoch, begun = epoch, time.perf_counter()
    search.train_epoch()
    return time.perf_counter() - begun


def score_seconds(search: SpaceSearch, n: int) -> Interval:
    """Return how long it takes to score n architectures on a super network, from a few of them; the first is not timed.

    Args:
        search: whose super network; it is left as it is.
        n: architectures.
    """
    taken, rng = [], np.random.default_rng(0)
    with torch.random.fork_rng(devices=[]):
        for _ in range(SCORED + 1):
            architecture, begun = search.shared.anywhere(rng), time.perf_counter()
            architecture_score(search.supernet, architecture, images=search.theta_set, normalise=search.normalise)
            taken.append(time.perf_counter() - begun)
    return spread(taken[1:], n)


def spread(taken: Sequence[float], n: int) -> Interval:
    """Return the time of n like those that were timed, and two standard errors below and above."""
    mean = float(np.mean(taken))
    if len(taken) == 1:
        return Interval(n * mean, n * mean / ONE_LOOK, n * mean * ONE_LOOK)
    error = float(np.std(taken, ddof=1) / np.sqrt(len(taken)))
    return Interval(n * mean, n * max(mean - 2 * error, min(taken)), n * (mean + 2 * error))
