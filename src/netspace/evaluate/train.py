"""Training one network from scratch, in plain sight, and the record that comes of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn, update_bn

from netspace.cost import cost
from netspace.data import ImageData, ImageSet, Normalisation, augment
from netspace.errors import NetspaceError
from netspace.models import Network, error_rate, initialise
from netspace.records import TrainedNetwork
from netspace.schedules import cosine, linear
from netspace.settings import Recipe
from netspace.spaces import Architecture, NetworkTemplate

BATCH = 512


@dataclass(frozen=True)
class TrainingData:
    """The images of a training, on a device.

    Args:
        train: what the weights are trained on.
        validation: held out of the training split.
        test: the sealed test split, read once to report.
        normalise: measured on `train`.
        fingerprint: of the whole training split.
    """

    train: ImageSet
    validation: ImageSet
    test: ImageSet
    normalise: Normalisation
    fingerprint: str

    @classmethod
    def of(cls, data: ImageData, recipe: Recipe, device: torch.device) -> TrainingData:
        """Split a data set as a recipe says; every training of a recipe sees the same split.

        Raises:
            NetspaceError: where a part would be smaller than a batch.
        """
        n = len(data.train) if recipe.train_images is None else min(recipe.train_images, len(data.train))
        held_out = round(n * recipe.validation_share)
        if n - held_out < recipe.batch_size or not held_out:
            raise NetspaceError(
                f"{n} training images leave {n - held_out} to train on and {held_out} to validate; a batch of "
                f"{recipe.batch_size} needs more: give more images or a recipe with a smaller batch_size"
            )
        order = torch.from_numpy(np.random.default_rng(0).permutation(len(data.train)))[:n]
        train, validation = (
            ImageSet(data.train.images[rows], data.train.labels[rows]).to(device)
            for rows in (order[held_out:], order[:held_out])
        )
        test = data.sealed_test().to(device)
        return cls(train, validation, test, Normalisation.of(train.images), data.fingerprint)


def train_network(
    architecture: Architecture,
    template: NetworkTemplate,
    data: TrainingData,
    recipe: Recipe,
    *,
    seed: int,
    fingerprint: str = "",
    on_epoch: Callable[[int, dict[str, Any]], None] = lambda epoch, entry: None,
) -> TrainedNetwork:
    """Train an architecture from scratch and return its record; the last epoch counts, never the best.

    Args:
        architecture: what to train.
        template: all that is not searched.
        data: images, on the device to train on.
        recipe: how.
        seed: of initialisation, order and augmentation.
        fingerprint: of the recipe, for the record.
        on_epoch: called with the epoch (from 1) and its entry of the curve.
    """
    started, device = time.perf_counter(), data.train.images.device
    record = TrainedNetwork(
        architecture, cost(architecture, template), seed, fingerprint, data.fingerprint, "ok", device=device.type
    )
    generator, rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    network = _network(architecture, template, recipe, generator).to(device)
    average = None if recipe.ema is None else AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema))
    model: nn.Module = torch.compile(network) if recipe.compile else network  # type: ignore[assignment]
    optimizer = _optimizer(network, recipe)
    curve: list[dict[str, Any]] = []
    for epoch in range(recipe.epochs):
        order = torch.from_numpy(rng.permutation(len(data.train))).to(device)
        losses = []
        for progress, images, labels in _batches(epoch, order, data, recipe, generator):
            optimizer.param_groups[0]["lr"] = learning_rate(progress, recipe)
            model.train()
            with torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bf16-mixed"):
                loss = F.cross_entropy(model(images), labels, label_smoothing=recipe.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), recipe.clip or float("inf"))
            optimizer.step()
            if average is not None:
                average.update_parameters(network)
            losses.append(loss.detach())
        mean = float(torch.stack(losses).mean())
        if not np.isfinite(mean):
            reason = f"the loss is {mean} in epoch {epoch + 1}; lower the recipe's learning_rate"
            return replace(record, status="diverged", reason=reason, curve=curve, seconds=_since(started))
        tested = network if average is None else _averaged(average, data)
        curve.append({"loss": mean, "validation_error": classification_error(tested, data.validation, data.normalise)})
        on_epoch(epoch + 1, curve[-1])
    return replace(
        record,
        validation_error=curve[-1]["validation_error"],
        test_error=classification_error(tested, data.test, data.normalise),
        curve=curve,
        seconds=_since(started),
    )


def _network(
    architecture: Architecture, template: NetworkTemplate, recipe: Recipe, generator: torch.Generator
) -> Network:
    network = Network(architecture, template)
    initialise(network, generator=generator)
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    return network.to(memory_format=layout)  # type: ignore[call-overload]


def _batches(
    epoch: int, order: Tensor, data: TrainingData, recipe: Recipe, generator: torch.Generator
) -> Iterator[tuple[float, Tensor, Tensor]]:
    """Yield the point of the training in epochs, augmented images and labels, for each step of one epoch."""
    steps = len(data.train) // recipe.batch_size
    for step in range(steps):
        rows = order[step * recipe.batch_size : (step + 1) * recipe.batch_size]
        images = augment(data.normalise(data.train.images[rows]), recipe.augment, generator=generator)
        yield epoch + step / steps, images, data.train.labels[rows]


def learning_rate(epoch: float, recipe: Recipe) -> float:
    """Return the learning rate at a point of the training, in epochs: a linear rise, then the recipe's fall to 0."""
    if epoch < recipe.warmup_epochs:
        return linear(epoch / recipe.warmup_epochs, 0.0, recipe.learning_rate)
    progress = (epoch - recipe.warmup_epochs) / (recipe.epochs - recipe.warmup_epochs)
    fall = {"cosine": cosine, "linear": linear}[recipe.schedule]
    return fall(progress, recipe.learning_rate, 0.0)


def classification_error(network: nn.Module, images: ImageSet, normalise: Normalisation) -> float:
    """Return the share of images whose likeliest class is wrong, in evaluation mode."""
    parts = zip(images.images.split(BATCH), images.labels.split(BATCH), strict=True)
    return error_rate(network, ((normalise(a), b) for a, b in parts))


def _optimizer(network: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    if recipe.optimizer == "rmsprop":
        return torch.optim.RMSprop(network.parameters(), lr=rate, weight_decay=decay, momentum=recipe.momentum)
    nesterov = recipe.momentum > 0
    return torch.optim.SGD(
        network.parameters(), lr=rate, weight_decay=decay, momentum=recipe.momentum, nesterov=nesterov
    )


def _averaged(average: AveragedModel, data: TrainingData) -> nn.Module:
    """Return the averaged weights with BatchNorm's statistics measured for them."""
    update_bn((data.normalise(part) for part in data.train.images[: 8 * BATCH].split(BATCH)), average)
    return average


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
