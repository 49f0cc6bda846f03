"""How long trainings take here: a few steps of a few of them are taken, and their time is scaled up."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from netspace.analysis import Interval
from netspace.cost import cost
from netspace.evaluate import Training, TrainingData
from netspace.settings import Recipe
from netspace.spaces import Architecture, NetworkTemplate

FloatArray = NDArray[np.float64]
TIMED = 4  # steps between two looks at the clock
ROUNDS = 3
SAMPLED = 5  # networks
PATIENCE = 15.0  # seconds after which no further network is timed
BEYOND = 0.3  # how far a training may be off that is dearer than any that was timed


def seconds_of_training(
    architecture: Architecture, template: NetworkTemplate, data: TrainingData, recipe: Recipe
) -> Interval:
    """Return how long a training takes here on one thread: the median of three rounds, the fastest and the slowest.

    A round is an epoch of a few steps with its share of the validation; one before them is not timed.

    Args:
        architecture: what would be trained.
        template: of it.
        data: on the device to train on.
        recipe: how.
    """
    few = min(len(data.train), TIMED * recipe.batch_size)
    training = Training(architecture, template, data.first(few), recipe, seed=0)
    with one_thread():
        training.train_epoch()
        rounds = [_seconds_of_epoch(training) for _ in range(ROUNDS)]
    scale = recipe.epochs * (len(data.train) // recipe.batch_size) / (few // recipe.batch_size)
    return Interval(*(scale * float(part) for part in (np.median(rounds), min(rounds), max(rounds))))


def training_seconds(
    architectures: Sequence[Architecture], template: NetworkTemplate, data: TrainingData, recipe: Recipe
) -> Interval:
    """Return how long trainings take here, one after the other, from a few of them, evenly over their costs.

    Between two networks that are measured, time is taken for a straight line in FLOPs; beyond the dearest one that is
    measured within a few seconds, it is taken to be proportional to them, with a range that is as much wider.
    """
    costs = np.array([cost(one, template).flops for one in architectures], np.float64)
    order = np.argsort(costs, kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, min(SAMPLED, len(order))).round().astype(int))
    sample, measured, begun = [], [], time.perf_counter()
    for i in order[places]:
        sample.append(i)
        measured.append(seconds_of_training(architectures[i], template, data, recipe))
        if time.perf_counter() - begun > PATIENCE:
            break
    beyond = np.maximum(costs / costs[sample[-1]], 1)
    parts = [np.interp(costs, costs[sample], part) * beyond for part in np.transpose(measured)]
    unsure = (beyond > 1) * BEYOND
    low, high = parts[1] * (1 - unsure), parts[2] * (1 + unsure)
    return Interval(*(float(part.sum()) for part in (parts[0], low, high)))


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, as the processes that train."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _seconds_of_epoch(training: Training) -> float:
    begun = time.perf_counter()
    training.train_epoch()
    return time.perf_counter() - begun
