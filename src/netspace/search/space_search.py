"""The search for spaces: one super network, and one Θ per budget, trained in turn.

Warm-up epochs train the shared weights alone, on architectures log-uniform in cost with further channels and blocks
switched on at random. Then each step trains the weights on a draw from one budget's Θ and moves that Θ on held-out
images; the budgets take turns. An estimator without Θ leaves the weights to draws from the whole space.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from netspace.cost import Band, LogUniformDraws
from netspace.data import Draws, ImageData, ImageSet, Normalisation, changed
from netspace.errors import NetspaceError
from netspace.models import SubNetwork, SuperNetwork, restore_optimizer
from netspace.runtime import ALONE, Runtime
from netspace.search.checkpoints import Checkpoint, taking_up
from netspace.search.exposure import Exposure
from netspace.search.gradients import GRADIENTS
from netspace.search.run_folder import RunFolder
from netspace.search.shared_training import SharedTraining
from netspace.search.theta_training import ThetaTraining
from netspace.settings import SearchConfig

FEWEST = 16  # images of each part
# Streams of random numbers: each epoch makes its own from (seed, epoch, stream), so a resumed run needs none stored.
_SPLIT, _WEIGHTS, _THETA, _POOL = range(4)


@dataclass(frozen=True)
class EpochRecord:
    """One line of search.jsonl.

    Args:
        epoch: from 1.
        epochs: of the whole search.
        warmup: whether only the weights were trained.
        seconds: wall time.
        loss: mean training cross-entropy of the drawn sub-networks.
        learning_rate: of the weights at the end.
        budgets: per budget `expected_cost`, `entropy` (nats), `held_out_loss` and Θ's `probabilities` per axis;
            empty without Θ.
        exposure: per stage, the share of steps in which each width range's channels and each block were on.
    """

    epoch: int
    epochs: int
    warmup: bool
    seconds: float
    loss: float
    learning_rate: float
    budgets: dict[str, dict[str, Any]]
    exposure: list[dict[str, list[float]]]


class SpaceSearch:
    """A search in progress.

    Args:
        config: as resolved; `device` is `cpu` or `cuda`.
        data: the images.
        runtime: the processes that train together; each draws the same and takes its share of every batch.

    Raises:
        NetspaceError: where a budget is infeasible, the images are too few, or a batch cannot be shared evenly; before
            any training.
    """

    def __init__(self, config: SearchConfig, data: ImageData, runtime: Runtime = ALONE) -> None:
        self.config, self.data, self.runtime = config, data, runtime
        self.device = runtime.device(config.device)
        self.template = config.space.template(*data.shape)
        self.budgets = config.parsed_budgets
        for budget in self.budgets:
            budget.band(config.space.full, self.template)
        self.weights_set, self.theta_set = split(data.train, config, self.device)
        self.normalise = Normalisation.of(self.weights_set.images)
        self._check_shares()
        self.epoch = 0
        self.shared = SharedTraining(config, self.template, rng=self._rng(0, _POOL), runtime=runtime)
        self.exposure = Exposure(config.space, self.template)
        moved = config.search.estimator in GRADIENTS
        self.theta = ThetaTraining(config, self.template, runtime) if moved else None

    def _rng(self, epoch: int, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, epoch, stream])

    @property
    def supernet(self) -> SuperNetwork:
        """The shared weights."""
        return self.shared.supernet

    @property
    def pool(self) -> LogUniformDraws:
        """Architectures log-uniform in cost over the whole space."""
        return self.shared.pool

    @property
    def batch(self) -> int:
        """Images a step."""
        return self.config.search.batch_and_steps(len(self.data.train))[0]

    def _check_shares(self) -> None:
        """Raise NetspaceError where a batch cannot be shared evenly among the processes."""
        world = self.runtime.world
        if self.batch % world:
            raise NetspaceError(
                f"a step takes {self.batch} images, which {world} devices cannot share evenly; give --set "
                f"search.batch_size={max(self.batch // world, 1) * world}, or other --devices"
            )

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.config.search.batch_and_steps(len(self.data.train))[1]

    def run(self, folder: RunFolder) -> Iterator[EpochRecord]:
        """Go on from the folder's last checkpoint to the last epoch; yield a record per epoch, each on disk."""
        self._take_up(folder.resume(), folder.path)
        folder.forget_after(self.epoch)
        while self.epoch < self.config.search.epochs:
            record = self.train_epoch()
            folder.append(asdict(record))
            folder.save(self.checkpoint())
            yield record

    def follow(self, folder: Path) -> None:
        """Train along with the first process, whose `run` alone reads and writes the folder, to the last epoch."""
        self._take_up(None, folder)
        while self.epoch < self.config.search.epochs:
            self.train_epoch()

    def train_epoch(self) -> EpochRecord:
        """Train one epoch and return its record."""
        started, settings = time.perf_counter(), self.config.search
        warmup = self.epoch < settings.warmup_epochs
        weights_rng, theta_rng = self._rng(self.epoch, _WEIGHTS), self._rng(self.epoch, _THETA)
        pixels = torch.Generator().manual_seed(int(weights_rng.integers(2**62)))
        order = self._order(weights_rng)
        losses, held_out = [], [[] for _ in self.budgets]  # type: list[Tensor], list[list[float]]
        self.exposure.reset()
        for step in range(self.steps):
            turn = (self.epoch * self.steps + step) % len(self.budgets)
            progress = self.epoch / settings.epochs + step / self.steps / settings.epochs
            choice = self._choice(step, turn, weights_rng)
            images, labels = self._weights_batch(order[step], pixels)
            losses.append(self.shared.step(images, labels, choice, progress))
            self.exposure.add(choice)
            if self.theta is not None and not warmup:
                held_out[turn].append(self._theta_step(self.theta, turn, progress, theta_rng))
        loss = float(self._averaged(torch.stack(losses)).mean())
        if not np.isfinite(loss):
            raise NetspaceError(
                f"the loss is {loss} in epoch {self.epoch + 1}: training diverged; "
                "lower search.weights.learning_rate (the checkpoint before it stands)"
            )
        self.epoch += 1
        return EpochRecord(
            epoch=self.epoch,
            epochs=settings.epochs,
            warmup=warmup,
            seconds=round(time.perf_counter() - started, 3),
            loss=loss,
            learning_rate=self.shared.learning_rate,
            budgets=self._of_budgets(held_out),
            exposure=self.exposure.shares(),
        )

    def _order(self, rng: np.random.Generator) -> np.ndarray:
        """Return the images of each step: whole passes in random order, shape (steps, batch)."""
        n, batch = len(self.weights_set), self.batch
        passes = -(-self.steps * batch // n)
        return np.concatenate([rng.permutation(n) for _ in range(passes)])[: self.steps * batch].reshape(-1, batch)

    def _weights_batch(self, index: np.ndarray, pixels: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return this process's share of a step's images, changed as is drawn for all of them, and their labels."""
        settings = self.config.augment
        draws = Draws.of(len(index), self.weights_set.images.shape[-1], settings, generator=pixels)
        images, labels = self._batch(self.weights_set, index)
        return changed(images, settings, draws.part(self.runtime.shard(len(index)))), labels

    def _batch(self, images: ImageSet, index: np.ndarray) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(index[self.runtime.shard(len(index))]).to(self.device)
        return self.normalise(images.images[rows]), images.labels[rows]

    def _choice(self, step: int, turn: int, rng: np.random.Generator) -> SubNetwork:
        settings = self.config.search
        if self.epoch < settings.warmup_epochs:
            return self.shared.warmed_up((self.epoch + step / self.steps) / settings.warmup_epochs, rng)
        if self.theta is None:
            return SubNetwork.of(self.shared.anywhere(rng), self.template)
        return self.theta.draw(turn, rng)

    def _theta_step(self, theta: ThetaTraining, turn: int, progress: float, rng: np.random.Generator) -> float:
        images, labels = self.held_out_batch(rng)
        return theta.step(turn, lambda choice: self.shared.loss(images, labels, choice), progress, rng)

    def _of_budgets(self, held_out: list[list[float]]) -> dict[str, dict[str, Any]]:
        theta = self.theta
        if theta is None:
            return {}
        means = [self._averaged(torch.tensor(losses, dtype=torch.float64)).tolist() for losses in held_out]
        return {str(b): theta.record(i, means[i]) for i, b in enumerate(self.budgets)}

    def _averaged(self, losses: Tensor) -> Tensor:
        """Return the losses on whole batches of those on this process's shares."""
        self.runtime.average([losses])
        return losses

    def held_out_batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw images that the weights are not trained on, shape (batch, channels, size, size), and their labels.

        Of several processes each gets its share of them.
        """
        return self._batch(self.theta_set, rng.integers(len(self.theta_set), size=self.batch))

    def finetune(self, band: Band, epochs: int, *, rng: np.random.Generator) -> None:
        """Train the shared weights further on members of a band alone; the learning rate falls from half-way again."""
        pixels = torch.Generator().manual_seed(int(rng.integers(2**62)))
        for epoch in range(epochs):
            order = self._order(rng)
            members = self.template.architectures(band.draw(self.steps, rng=rng))
            for step, rows in enumerate(order):
                images, labels = self._weights_batch(rows, pixels)
                choice = SubNetwork.of(members[step], self.template)
                progress = 0.5 + 0.5 * (epoch + step / self.steps) / epochs
                self.shared.step(images, labels, choice, progress)

    def checkpoint(self) -> Checkpoint:
        """Return the state after the epochs that are done."""
        weights = {name: value.detach().cpu().contiguous() for name, value in self.supernet.state_dict().items()}
        theta = {} if self.theta is None else self.theta.state_dict()
        return Checkpoint(self.epoch, weights, {"optimizer": self.shared.optimizer.state_dict(), **theta})

    def _take_up(self, checkpoint: Checkpoint | None, folder: Path) -> None:
        """Go on from the checkpoint that the first process has."""
        checkpoint = self.runtime.from_first(checkpoint)
        if checkpoint is not None:
            with taking_up(folder, checkpoint):
                self.restore(checkpoint)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take up the state of a checkpoint of the same config."""
        self.epoch = checkpoint.epoch
        self.supernet.load_state_dict(checkpoint.weights)
        restore_optimizer(self.shared.optimizer, checkpoint.state["optimizer"], "optimizer")
        if self.theta is not None:
            self.theta.load_state_dict(checkpoint.state)


def split(train: ImageSet, config: SearchConfig, device: torch.device) -> tuple[ImageSet, ImageSet]:
    """Split training images at random into those for the weights and those for Θ.

    Raises:
        NetspaceError: where a part is smaller than two batches of eight images.
    """
    n = len(train)
    first, _ = config.search.split(n)
    if min(first, n - first) < FEWEST:
        raise NetspaceError(
            f"{n} training images leave {first} for the weights and {n - first} to choose by; a search needs {FEWEST} "
            "of each or more: give more images"
        )
    order = torch.from_numpy(np.random.default_rng([config.seed, 0, _SPLIT]).permutation(n))
    parts = order[:first], order[first:]
    weights, theta = (ImageSet(train.images[rows], train.labels[rows]).to(device) for rows in parts)
    return weights, theta
