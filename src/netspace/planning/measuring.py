"""How long trainings take here: a few steps of a few of them are taken, and their time is scaled up."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from netspace.analysis import Interval
from netspace.arithmetic import one_thread
from netspace.cost import cost
from netspace.data import ImageSet
from netspace.evaluate import Training, TrainingData, classification_error
from netspace.settings import Recipe
from netspace.spaces import Architecture, NetworkTemplate

FloatArray = NDArray[np.float64]
TIMED = 4  # steps between two looks at the clock
ROUNDS = 3
TESTED = 64  # test images
SAMPLED = 5  # networks
PATIENCE = 15.0  # seconds after which no further network is timed
BEYOND = 0.3  # how far a training may be off that is dearer than any that was timed


def seconds_of_training(
    architecture: Architecture,
    template: NetworkTemplate,
    data: TrainingData,
    recipe: Recipe,
    *,
    images: int | None = None,
    timed: int = TIMED,
    rounds: int = ROUNDS,
    alone: bool = False,
) -> Interval:
    """Return how long a training takes here: the median of a few rounds, the fastest and the slowest.

    A round is an epoch of a few steps with its share of the validation; one before them is not timed. What the one pass
    over the test images takes at the end is added; of a short schedule it is the most.

    Args:
        architecture: what would be trained.
        template: of it.
        data: on the device to train on; a few batches do.
        recipe: how.
        images: that an epoch would train on; None where `data` hold all of them.
        timed: steps of a round.
        rounds: that are timed.
        alone: whether it is trained by this process, with all its threads, instead of a worker with one.
    """
    few = min(len(data.train), timed * recipe.batch_size)
    with nullcontext() if alone else one_thread(), torch.random.fork_rng(devices=[]):
        training = Training(architecture, template, data.first(few), recipe, seed=0)
        training.train_epoch()
        taken = [_seconds_of_epoch(training) for _ in range(rounds)]
        tested = _seconds_of_test(training, data)
    steps = (len(data.train) if images is None else images) // recipe.batch_size
    scale = recipe.epochs * steps / (few // recipe.batch_size)
    return Interval(*(scale * float(part) + tested for part in (np.median(taken), min(taken), max(taken))))


def training_seconds(
    architectures: Sequence[Architecture],
    template: NetworkTemplate,
    data: TrainingData,
    recipe: Recipe,
    *,
    most: int = SAMPLED,
    **how: Any,
) -> Interval:
    """Return how long trainings take here, one after the other, from a few of them, evenly over their costs.

    Between two networks that are measured, time is taken for a straight line in FLOPs; beyond the dearest one that is
    measured within a few seconds, it is taken to be proportional to them, with a range that is as much wider.

    Args:
        architectures: what would be trained, one or more.
        template: of all of them.
        data: on the device to train on.
        recipe: how each is trained.
        most: networks that are measured; one alone is the one nearest to their mean cost.
        how: further arguments of `seconds_of_training`.
    """
    costs = np.array([cost(one, template).flops for one in architectures], np.float64)
    if most == 1:
        one = seconds_of_training(architectures[nearest_to_mean(costs)], template, data, recipe, **how)
        return Interval(*(len(costs) * part for part in one))
    order = np.argsort(costs, kind="stable")
    places = np.unique(np.linspace(0, len(order) - 1, min(most, SAMPLED, len(order))).round().astype(int))
    sample, measured, begun = [], [], time.perf_counter()
    for i in order[places]:
        sample.append(i)
        measured.append(seconds_of_training(architectures[i], template, data, recipe, **how))
        if time.perf_counter() - begun > PATIENCE:
            break
    beyond = np.maximum(costs / costs[sample[-1]], 1)
    parts = [np.interp(costs, costs[sample], part) * beyond for part in np.transpose(measured)]
    unsure = (beyond > 1) * BEYOND
    low, high = parts[1] * (1 - unsure), parts[2] * (1 + unsure)
    return Interval(*(float(part.sum()) for part in (parts[0], low, high)))


def nearest_to_mean(costs: FloatArray) -> int:
    """Return the place of the network whose cost, shape (n,), speaks for all where time is a line in cost."""
    return int(np.abs(costs - costs.mean()).argmin())


def _seconds_of_test(training: Training, data: TrainingData) -> float:
    """Return the time of a pass over the test images, from a few of them; nothing is kept of what they say."""
    few = ImageSet(data.test.images[:TESTED], data.test.labels[:TESTED])
    begun = time.perf_counter()
    classification_error(training.network, few, data.normalise)
    return (time.perf_counter() - begun) * len(data.test) / len(few)


def _seconds_of_epoch(training: Training) -> float:
    begun = time.perf_counter()
    training.train_epoch()
    return time.perf_counter() - begun
