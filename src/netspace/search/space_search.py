"""The search for spaces: one super network, one Θ per budget, trained in turn.

Warm-up epochs train the shared weights alone, on architectures log-uniform in cost with further channels and blocks
switched on at random. Then each step trains the weights on a draw from one budget's Θ and moves that Θ on held-out
images; the budgets take turns.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from netspace.cost import Band, CostModel, LogUniformDraws
from netspace.data import ImageData, ImageSet, Normalisation, augment
from netspace.errors import NetspaceError
from netspace.models import Mixture, SubNetwork, SuperNetwork, initialise, warm_up
from netspace.schedules import cosine, linear
from netspace.search.constraint import ExpectedCost, penalty_tables
from netspace.search.distribution import SpaceDistribution
from netspace.search.estimators import ESTIMATORS, draw_member
from netspace.search.exposure import Exposure
from netspace.search.run_folder import Checkpoint, RunFolder
from netspace.settings import SearchConfig
from netspace.spaces import Architecture

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
        budgets: per budget `expected_cost`, `entropy` (nats), `held_out_loss` and Θ's `probabilities` per axis.
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

    Raises:
        NetspaceError: where a budget is infeasible or the images are too few; before any training.
    """

    def __init__(self, config: SearchConfig, data: ImageData) -> None:
        self.config, self.data = config, data
        self.device = torch.device(config.device)
        self.template = config.space.template(*data.shape)
        self.budgets = config.parsed_budgets
        for budget in self.budgets:
            budget.band(config.space.full, self.template)
        self.weights_set, self.theta_set = split(data.train, config, self.device)
        self.normalise = Normalisation.of(self.weights_set.images)
        self.epoch = 0
        self._build_model()
        self._build_distributions()

    def _build_model(self) -> None:
        settings, seed = self.config.search.weights, self.config.seed
        supernet = SuperNetwork(self.template, self.config.space)
        initialise(supernet, generator=torch.Generator().manual_seed(seed))
        self.supernet = supernet.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimizer = torch.optim.SGD(
            self.supernet.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )
        model = CostModel(self.template)
        self.exposure = Exposure(self.config.space)
        self.pool = LogUniformDraws(model, self.config.space.full, rng=self._rng(0, _POOL))
        self.expected_cost = ExpectedCost(model, self.config.space)

    def _build_distributions(self) -> None:
        settings, space = self.config.search, self.config.space
        tables = penalty_tables(space, CostModel(self.template), self.budgets, settings.penalty_form)
        self.thetas = [SpaceDistribution(space.shape) for _ in self.budgets]
        self.estimators = [ESTIMATORS[settings.estimator](space, table, settings) for table in tables]
        self.theta_optimizers = [
            torch.optim.Adam(
                theta.parameters(),
                lr=settings.theta.learning_rate,
                betas=settings.theta.betas,
                weight_decay=settings.theta.weight_decay,
            )
            for theta in self.thetas
        ]

    def _rng(self, epoch: int, stream: int) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, epoch, stream])

    @property
    def steps(self) -> int:
        """Steps of an epoch."""
        return self.config.search.steps_per_epoch or len(self.weights_set) // self.config.search.batch_size

    def run(self, folder: RunFolder) -> Iterator[EpochRecord]:
        """Go on from the folder's last checkpoint to the last epoch; yield a record per epoch, each on disk."""
        checkpoint = folder.load()
        if checkpoint is not None:
            self.restore(checkpoint)
        folder.forget_after(self.epoch)
        while self.epoch < self.config.search.epochs:
            record = self.train_epoch()
            folder.append(asdict(record))
            folder.save(self.checkpoint())
            yield record

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
            turn = step % len(self.budgets)
            progress = self.epoch / settings.epochs + step / self.steps / settings.epochs
            choice = self._warmup_choice(step, weights_rng) if warmup else self._theta_choice(turn, weights_rng)
            images, labels = self._batch(self.weights_set, order[step])
            images = augment(images, self.config.augment, generator=pixels)
            losses.append(self._weights_step(images, labels, choice, progress))
            self.exposure.add(choice)
            if not warmup:
                held_out[turn].append(self._theta_step(turn, progress, theta_rng))
        loss = float(torch.stack(losses).mean())
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
            learning_rate=self.optimizer.param_groups[0]["lr"],
            budgets={str(b): self._theta_record(i, held_out[i]) for i, b in enumerate(self.budgets)},
            exposure=self.exposure.shares(),
        )

    def _order(self, rng: np.random.Generator) -> np.ndarray:
        """Return the images of each step: whole passes in random order, shape (steps, batch)."""
        n, batch = len(self.weights_set), self.config.search.batch_size
        passes = -(-self.steps * batch // n)
        return np.concatenate([rng.permutation(n) for _ in range(passes)])[: self.steps * batch].reshape(-1, batch)

    def _batch(self, images: ImageSet, index: np.ndarray) -> tuple[Tensor, Tensor]:
        rows = torch.from_numpy(index).to(self.device)
        return self.normalise(images.images[rows]), images.labels[rows]

    def _warmup_choice(self, step: int, rng: np.random.Generator) -> SubNetwork:
        settings = self.config.search
        done = (self.epoch + step / self.steps) / settings.warmup_epochs
        depths, widths = self.pool.draw(1, rng=rng)
        return warm_up(
            Architecture.of(depths[0], widths[0]),
            self.config.space.full,
            filters=linear(done, settings.warmup_filters, 0.0),
            blocks=linear(done, settings.warmup_blocks, 0.0),
            rng=rng,
        )

    def _theta_choice(self, turn: int, rng: np.random.Generator) -> SubNetwork:
        choice = self.thetas[turn].sample(1, rng=rng)[0]
        return SubNetwork.of(draw_member(self.config.space, choice, rng=rng))

    def _weights_step(self, images: Tensor, labels: Tensor, choice: SubNetwork, progress: float) -> Tensor:
        settings = self.config.search.weights
        self.optimizer.param_groups[0]["lr"] = cosine(progress, settings.learning_rate, settings.final_learning_rate)
        self.optimizer.zero_grad(set_to_none=True)
        with self._autocast():
            loss = F.cross_entropy(self.supernet(images, choice), labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.supernet.parameters(), settings.clip)
        self.optimizer.step()
        return loss.detach()

    def _theta_step(self, turn: int, progress: float, rng: np.random.Generator) -> float:
        theta, optimizer = self.thetas[turn], self.theta_optimizers[turn]
        images, labels = self.held_out_batch(rng)

        def evaluate(choice: Architecture | Mixture) -> Tensor:
            with self._autocast():
                return F.cross_entropy(self.supernet(images, choice), labels)

        loss, held_out = self.estimators[turn].loss(theta, evaluate, progress=progress, rng=rng)
        for logits, gradient in zip(theta.logits, torch.autograd.grad(loss, list(theta.logits)), strict=True):
            logits.grad = gradient
        optimizer.step()
        return held_out

    def held_out_batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Draw images that the weights are not trained on, shape (batch, channels, size, size), and their labels."""
        return self._batch(self.theta_set, rng.integers(len(self.theta_set), size=self.config.search.batch_size))

    def finetune(self, band: Band, epochs: int, *, rng: np.random.Generator) -> None:
        """Train the shared weights further on members of a band alone; the learning rate falls from half-way again."""
        pixels = torch.Generator().manual_seed(int(rng.integers(2**62)))
        for epoch in range(epochs):
            order = self._order(rng)
            depths, widths = band.draw(self.steps, rng=rng)
            for step, rows in enumerate(order):
                images, labels = self._batch(self.weights_set, rows)
                images = augment(images, self.config.augment, generator=pixels)
                choice = SubNetwork.of(Architecture.of(depths[step], widths[step]))
                progress = 0.5 + 0.5 * (epoch + step / self.steps) / epochs
                self._weights_step(images, labels, choice, progress)

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.config.precision == "bf16-mixed")

    def _theta_record(self, turn: int, held_out: list[float]) -> dict[str, Any]:
        theta = self.thetas[turn]
        return {
            "expected_cost": round(float(self.expected_cost(theta).detach())),
            "entropy": round(theta.entropy(), 6),
            "held_out_loss": float(np.mean(held_out)) if held_out else None,
            "probabilities": [[round(p, 6) for p in axis.tolist()] for axis in theta.probabilities()],
        }

    def checkpoint(self) -> Checkpoint:
        """Return the state after the epochs that are done."""
        weights = {name: value.detach().cpu().contiguous() for name, value in self.supernet.state_dict().items()}
        state = {
            "optimizer": self.optimizer.state_dict(),
            "thetas": [theta.state_dict() for theta in self.thetas],
            "theta_optimizers": [optimizer.state_dict() for optimizer in self.theta_optimizers],
        }
        return Checkpoint(self.epoch, weights, state)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Take up the state of a checkpoint of the same config."""
        self.epoch = checkpoint.epoch
        self.supernet.load_state_dict(checkpoint.weights)
        self.optimizer.load_state_dict(checkpoint.state["optimizer"])
        for theta, state in zip(self.thetas, checkpoint.state["thetas"], strict=True):
            theta.load_state_dict(state)
        for optimizer, state in zip(self.theta_optimizers, checkpoint.state["theta_optimizers"], strict=True):
            optimizer.load_state_dict(state)


def split(train: ImageSet, config: SearchConfig, device: torch.device) -> tuple[ImageSet, ImageSet]:
    """Split training images at random into those for the weights and those for Θ.

    Raises:
        NetspaceError: where a part is smaller than a batch.
    """
    n, batch = len(train), config.search.batch_size
    first = round(n * config.search.weights_share)
    if min(first, n - first) < batch:
        raise NetspaceError(
            f"{n} training images leave {first} for the weights and {n - first} for Θ, fewer than a batch of {batch}; "
            "set search.batch_size lower or give more images"
        )
    order = torch.from_numpy(np.random.default_rng([config.seed, 0, _SPLIT]).permutation(n))
    parts = order[:first], order[first:]
    weights, theta = (ImageSet(train.images[rows], train.labels[rows]).to(device) for rows in parts)
    return weights, theta
