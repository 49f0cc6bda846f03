"""One network trained fully, in a folder: checkpointed each epoch, resumed after a kill, tested once at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass as plain_dataclass
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass
from safetensors.torch import save
from torch import Tensor

from netspace.arithmetic import settled
from netspace.data import RULES, ImageData
from netspace.documents import naming, write_atomically
from netspace.errors import NetspaceError
from netspace.evaluate import Training, TrainingData, classification_error, learning_rate, weights_of
from netspace.handover.card import CARD, ModelCard, load_card
from netspace.handover.latency import device_name, measure_latency
from netspace.models import Network, check_fits, check_form
from netspace.planning import Foresight, Plan, epochs_done, glance_at_training
from netspace.records import ChosenArchitecture
from netspace.runs import Run
from netspace.search import Checkpoint, RunFolder, environment, taking_up
from netspace.settings import DataSettings, Recipe, Seed
from netspace.spaces.ranges import STRICT

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

WEIGHTS, CURVE = "model.safetensors", "curve"
LATENCY_BATCHES = (1, 64)


@dataclass(frozen=True, config=STRICT)
class TrainingConfig:
    """All that a full training depends on; two of equal configs give equal weights on the CPU.

    Args:
        architecture: with its template.
        data: as resolved.
        recipe: how it is trained.
        seed: of initialisation, order and augmentation.
        device: where.
        patience: stop after so many epochs without a better validation error, and take the best epoch's weights;
            None trains to the end and takes the last epoch's.
    """

    architecture: ChosenArchitecture
    data: DataSettings
    recipe: Recipe
    seed: Seed = 0
    device: Literal["cpu", "cuda"] = "cpu"
    patience: Annotated[int, Field(ge=1)] | None = None


@plain_dataclass(frozen=True)
class TrainingEpoch:
    """What is shown of an epoch: its place, wall time in seconds, training loss, and validation error 0..1."""

    epoch: int
    epochs: int
    seconds: float
    loss: float
    validation_error: float


class Best(NamedTuple):
    """The epoch whose weights count so far, its validation error and those weights."""

    epoch: int
    error: float
    weights: dict[str, Tensor]


def train_fully(
    config: TrainingConfig,
    images: ImageData,
    out: Path,
    *,
    on_epoch: Callable[[TrainingEpoch], None] = lambda epoch: None,
    on_note: Callable[[str], None] | None = None,
) -> ModelCard:
    """Train a network in a folder, or go on where it was stopped, and write model.safetensors and its card.

    Args:
        config: what to train, and how.
        images: of the shape that the template says.
        out: the folder; made where it is not there.
        on_epoch: called after each epoch, when it is on disk.
        on_note: called with how long the training is about to take where that is a while, and with what must be said of
            the folder, such as that a checkpoint is broken; None warns.

    Raises:
        NetspaceError: where the data do not fit the template, the folder holds something else, or the loss is not
            finite.
    """
    check_data(config.architecture, images)
    folder = RunFolder(out, on_note)
    config = _settled(config, folder)
    data = TrainingData.of(images, config.recipe, torch.device(config.device))
    if config.device == "cuda" and not (out / CARD).exists():
        _check_fits(config)
    with folder.opened(config, images):
        if (out / CARD).exists():
            folder.drop_checkpoints()
            return load_card(out)
        foresight = Foresight(on_note)
        foresight.begin(partial(_glance, config, images, Run(out)))
        training = FullTraining(config, data)
        for epoch in training.run(folder):
            on_epoch(epoch)
        card = training.card(images)
        write_atomically(out / WEIGHTS, save(training.best.weights))
        card.save(out)
        folder.drop_checkpoints()
        foresight.end()
        return card


def _settled(config: TrainingConfig, folder: RunFolder) -> TrainingConfig:
    """Return a config with the arithmetic that the folder's training was begun with; a new one's is settled now."""
    chosen = config.architecture
    assert chosen.template is not None
    asked = folder.as_begun(config.recipe.precision, "recipe", "precision")
    precision = settled(asked, chosen.architecture, chosen.template, torch.device(config.device))
    return replace(config, recipe=replace(config.recipe, precision=precision))


def _check_fits(config: TrainingConfig) -> None:
    """Raise NetspaceError where a step does not fit on the GPU, before anything is written."""
    architecture, template, recipe = config.architecture.architecture, config.architecture.template, config.recipe
    assert template is not None
    check_fits([architecture], template, recipe.batch_size, precision=recipe.precision)


def _glance(config: TrainingConfig, images: ImageData, run: Run) -> Plan | None:
    architecture, template = config.architecture.architecture, config.architecture.template
    assert template is not None
    how: dict[str, Any] = {"device": config.device, "done": epochs_done(run)}
    return glance_at_training(architecture, template, images, config.recipe, **how)


def check_data(chosen: ChosenArchitecture, images: ImageData) -> None:
    """Raise NetspaceError where images do not have the size, channels and number of classes of a template."""
    template = chosen.template
    assert template is not None
    instead = "give the data that it was chosen for, or an architecture for these"
    images.check_shape(template.data_shape, "the architecture's template", instead)


class FullTraining:
    """A full training in progress.

    Args:
        config: what to train, and how.
        data: on the device to train on.
    """

    def __init__(self, config: TrainingConfig, data: TrainingData) -> None:
        self._config, self._data = config, data
        assert config.architecture.template is not None
        architecture, template = config.architecture.architecture, config.architecture.template
        self._training = Training(architecture, template, data, config.recipe, seed=config.seed)
        self._seconds = 0.0
        self.best = Best(0, float("inf"), {})

    def run(self, folder: RunFolder) -> Iterator[TrainingEpoch]:
        """Go on from the folder's last checkpoint to the end; yield each epoch, when it is on disk."""
        checkpoint = folder.resume()
        if checkpoint is not None:
            with taking_up(folder.path, checkpoint):
                self.restore(checkpoint)
        with naming(folder.path / CURVE):
            curve = _curve(folder.path, self._training.epoch)
        while not self._is_over():
            started = time.perf_counter()
            entry = self._training.train_epoch()
            self._judge(entry["validation_error"])
            epoch, epochs = self._training.epoch, self._config.recipe.epochs
            with naming(folder.path / CURVE):
                for name, value in {**entry, "learning_rate": learning_rate(epoch, self._config.recipe)}.items():
                    curve.add_scalar(name, value, epoch)
                curve.flush()
            seconds = time.perf_counter() - started
            self._seconds += seconds
            folder.save(self._checkpoint())
            yield TrainingEpoch(epoch, epochs, seconds, entry["loss"], entry["validation_error"])
        with naming(folder.path / CURVE):
            curve.close()

    def _is_over(self) -> bool:
        epoch, patience = self._training.epoch, self._config.patience
        stalled = patience is not None and epoch - self.best.epoch >= patience
        return stalled or epoch == self._config.recipe.epochs

    def _judge(self, error: float) -> None:
        """Keep this epoch's weights: always without patience, else where the validation error is lower."""
        if self._config.patience is None or error < self.best.error:
            self.best = Best(self._training.epoch, error, weights_of(self._training.network))

    def _checkpoint(self) -> Checkpoint:
        state = {"training": self._training.state(), "best": tuple(self.best), "seconds": self._seconds}
        return Checkpoint(self._training.epoch, self._training.weights(), state)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take up the state of a checkpoint of the same config."""
        state = checkpoint.state
        check_form(state["best"], (0, 0.0, self._training.weights()), "best")
        check_form(state["seconds"], 0.0, "seconds")
        self._training.restore(checkpoint.weights, state["training"])
        if self._training.epoch != checkpoint.epoch:
            raise NetspaceError(f"curve has {self._training.epoch} epochs, and should have {checkpoint.epoch}")
        self.best, self._seconds = Best(*state["best"]), state["seconds"]

    def card(self, images: ImageData) -> ModelCard:
        """Test the weights that count, once, measure their latency, and return the card."""
        config, data, device = self._config, self._data, torch.device(self._config.device)
        chosen = config.architecture
        assert chosen.template is not None
        assert chosen.cost is not None
        network = Network(chosen.architecture, chosen.template)
        network.load_state_dict(self.best.weights)
        network = network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]
        rows = (torch.arange(n, device=device) % len(data.test) for n in LATENCY_BATCHES)
        batches = [data.normalise(data.test.images[chosen_rows]) for chosen_rows in rows]
        return ModelCard(
            architecture=chosen,
            macs=chosen.cost.flops,
            data=images.settings,
            fingerprint=images.fingerprint,
            classes=tuple(images.classes),
            images={"train": len(data.train), "validation": len(data.validation), "test": len(data.test)},
            mean=tuple(data.normalise.mean.tolist()),
            deviation=tuple(data.normalise.deviation.tolist()),
            recipe=config.recipe,
            seed=config.seed,
            epochs=self._training.epoch,
            epoch=self.best.epoch,
            patience=config.patience,
            validation_error=self.best.error,
            test_error=classification_error(network, data.test, data.normalise),
            latency=tuple(measure_latency(network, batch) for batch in batches),
            curve=self._training.curve,
            seconds=round(self._seconds, 1),
            device=device_name(device),
            environment=environment(),
            reading=RULES,
        )


def _curve(folder: Path, epoch: int) -> SummaryWriter:
    """Return a TensorBoard writer that goes on after an epoch; what a killed run wrote beyond it no longer counts."""
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder / CURVE), purge_step=epoch + 1 if epoch else None)
