"""Training one network from scratch, in plain sight: an epoch at a time, with a state that can be kept and taken up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, update_bn

from netspace.arithmetic import settled
from netspace.cost import cost
from netspace.data import Draws, ImageSet, Normalisation, changed
from netspace.errors import NetspaceError
from netspace.evaluate.step import Step
from netspace.evaluate.training_data import TrainingData
from netspace.models import Network, Outcome, check_form, initialise, initialise_nested, outcome_of, resized
from netspace.records import TrainedNetwork
from netspace.schedules import SCHEDULES, linear
from netspace.settings import Recipe
from netspace.spaces import Architecture, NetworkTemplate

BATCH, GPU_BATCH = 512, 4096
_ENTRY = {"loss": 0.0, "validation_error": 0.0}  # of a curve, at least


class DivergedError(NetspaceError):
    """A loss was not finite."""


class Training:
    """One network's training in progress; equal arguments give equal weights, also where it was stopped and taken up.

    Args:
        architecture: what to train.
        template: all that is not searched.
        data: images, on the device to train on.
        recipe: how; precision `auto` is settled by what the machine is known for.
        seed: of initialisation, order and augmentation.
    """

    def __init__(
        self, architecture: Architecture, template: NetworkTemplate, data: TrainingData, recipe: Recipe, *, seed: int
    ) -> None:
        device = data.device
        recipe = replace(recipe, precision=settled(recipe.precision, architecture, template, device))
        self._data, self._recipe, self._device, self._size = data, recipe, device, architecture.image_size
        self._generator, self._rng = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
        self._network = _network(architecture, template, recipe, self._generator, seed).to(device)
        ema = recipe.ema
        self._average = None if ema is None else AveragedModel(self._network, avg_fn=moving_average(ema))
        self._step = Step(self._network, recipe, device)
        self.curve: list[dict[str, Any]] = []

    @property
    def epoch(self) -> int:
        """Epochs that are done."""
        return len(self.curve)

    @property
    def network(self) -> Network:
        """The network as it is tested after an epoch: the average where the recipe asks for one."""
        network: Network = self._network if self._average is None else self._average.module  # type: ignore[assignment]
        return network

    def train_epoch(self) -> dict[str, Any]:
        """Train one epoch and return its entry of the curve: `loss`, `validation_error` and `validation_loss`.

        Raises:
            DivergedError: where the mean loss is not finite.
        """
        data, recipe = self._data, self._recipe
        order = torch.from_numpy(self._rng.permutation(len(data.train))).to(self._device)
        losses = []
        self._network.train()
        for progress, images, labels in _batches(self.epoch, order, data, recipe, self._generator):
            losses.append(self._step(resized(images, self._size), labels, learning_rate(progress, recipe)))
            if self._average is not None:
                self._average.update_parameters(self._network)
        mean = float(torch.stack(losses).mean())
        if not np.isfinite(mean):
            raise DivergedError(f"the loss is {mean} in epoch {self.epoch + 1}; lower the recipe's learning_rate")
        if self._average is not None:
            _measure_statistics(self._average, data, self._size)
        error, loss_on = outcome_on(self.network, data.validation, data.normalise)
        self.curve.append({"loss": mean, "validation_error": error, "validation_loss": loss_on})
        return self.curve[-1]

    def state(self) -> dict[str, Any]:
        """Return all but the weights that the rest of the training depends on, as plain data and tensors."""
        return {
            "optimizer": self._step.state(),
            "average": None if self._average is None else self._average.state_dict(),
            "generator": self._generator.get_state(),
            "rng": self._rng.bit_generator.state,
            "curve": self.curve,
        }

    def weights(self) -> dict[str, Tensor]:
        """Return the weights that are trained, by name, on the CPU."""
        return weights_of(self._network)

    def restore(self, weights: dict[str, Tensor], state: dict[str, Any]) -> None:
        """Take up the training where the same training returned these weights and this state.

        Raises:
            NetspaceError: where they are not of such a training.
        """
        own = self.state()
        for name in ("average", "generator", "rng"):
            check_form(state[name], own[name], name)
        for place, entry in enumerate(state["curve"]):
            check_form({key: entry[key] for key in _ENTRY}, _ENTRY, f"curve.{place}")
        self._network.load_state_dict(weights)
        self._step.restore(state["optimizer"])
        if self._average is not None:
            self._average.load_state_dict(state["average"])
        self._generator.set_state(state["generator"])
        self._rng.bit_generator.state = state["rng"]
        self.curve = state["curve"]


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
    started, device = time.perf_counter(), data.device
    record = TrainedNetwork(
        architecture, cost(architecture, template), seed, fingerprint, data.fingerprint, "ok", device=device.type
    )
    training = Training(architecture, template, data, recipe, seed=seed)
    try:
        while training.epoch < recipe.epochs:
            entry = training.train_epoch()
            on_epoch(training.epoch, entry)
    except DivergedError as error:
        return replace(record, status="diverged", reason=str(error), curve=training.curve, seconds=_since(started))
    return replace(
        record,
        validation_error=training.curve[-1]["validation_error"],
        test_error=classification_error(training.network, data.test, data.normalise),
        curve=training.curve,
        seconds=_since(started),
    )


def _network(
    architecture: Architecture, template: NetworkTemplate, recipe: Recipe, generator: torch.Generator, seed: int
) -> Network:
    """Return a network with initial weights; those that are shared take nothing from the generator of augmentation."""
    network = Network(architecture, template)
    if recipe.common:
        initialise_nested(network, seed=seed)
    else:
        initialise(network, generator=generator)
    layout = torch.channels_last if recipe.channels_last else torch.contiguous_format
    return network.to(memory_format=layout)  # type: ignore[call-overload]


def _batches(
    epoch: int, order: Tensor, data: TrainingData, recipe: Recipe, generator: torch.Generator
) -> Iterator[tuple[float, Tensor, Tensor]]:
    """Yield the point of the training in epochs, augmented images and labels, for each step of one epoch.

    On a GPU many batches are changed at once, for a batch alone leaves it idle; what is drawn for each is the same.
    """
    batch, size = recipe.batch_size, data.train.images.shape[-1]
    steps = len(data.train) // batch
    together = max(_at_once(data.device) // (batch * data.train.images[0].numel()), 1)
    for first in range(0, steps, together):
        many = range(first, min(first + together, steps))
        rows = order[many.start * batch : many.stop * batch]
        draws = Draws.joined([Draws.of(batch, size, recipe.augment, generator=generator) for _ in many])
        images = changed(data.normalise(data.train.images[rows]), recipe.augment, draws).split(batch)
        for step, part, labels in zip(many, images, data.train.labels[rows].split(batch), strict=True):
            yield epoch + step / steps, part, labels


def _at_once(device: torch.device) -> int:
    """Return how many pixel values are changed at once: 128 MB as float32 on a GPU, one batch on a CPU."""
    return 2**25 if device.type == "cuda" else 0


def learning_rate(epoch: float, recipe: Recipe) -> float:
    """Return the learning rate at a point of the training, in epochs: a linear rise, then the recipe's fall to 0."""
    if epoch < recipe.warmup_epochs:
        return linear(epoch / recipe.warmup_epochs, 0.0, recipe.learning_rate)
    progress = (epoch - recipe.warmup_epochs) / (recipe.epochs - recipe.warmup_epochs)
    return SCHEDULES[recipe.schedule](progress, recipe.learning_rate, 0.0)


def outcome_on(network: Network, images: ImageSet, normalise: Normalisation) -> Outcome:
    """Return error and cross-entropy on images, in evaluation mode, at the network's image size."""
    batch = BATCH if images.images.device.type == "cpu" else GPU_BATCH
    parts = zip(images.images.split(batch), images.labels.split(batch), strict=True)
    size = network.architecture.image_size
    return outcome_of(network, ((resized(normalise(a), size), b) for a, b in parts))


def classification_error(network: Network, images: ImageSet, normalise: Normalisation) -> float:
    """Return the share of images whose likeliest class is wrong, in evaluation mode, at the network's image size."""
    return outcome_on(network, images, normalise).error


def moving_average(decay: float) -> Callable[[Tensor, Tensor, Tensor | int], Tensor]:
    """Return the update of an exponential moving average whose decay grows to its value with the steps n.

    average ← d·average + (1 − d)·weights, d = min(decay, (1 + n) / (10 + n)): a short training forgets its
    initial weights too.
    """

    def update(average: Tensor, weights: Tensor, steps: Tensor | int) -> Tensor:
        n = float(steps)
        return torch.lerp(weights, average, min(decay, (1 + n) / (10 + n)))

    return update


def _measure_statistics(average: AveragedModel, data: TrainingData, size: int | None) -> None:
    """Measure BatchNorm's statistics for averaged weights."""
    update_bn((resized(data.normalise(part), size) for part in data.train.images[: 8 * BATCH].split(BATCH)), average)


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    """Return a network's weights by name, on the CPU, as they are written to files."""
    return {name: value.detach().cpu().clone().contiguous() for name, value in network.state_dict().items()}


def _since(started: float) -> float:
    return round(time.perf_counter() - started, 3)
