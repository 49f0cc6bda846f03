"""The super network and the training of its shared weights.

Each step trains one or more sub-networks on one batch. In the warm-up they are drawn log-uniform in cost from the
whole space, with further channels and blocks switched on at random; what is drawn later is the search's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from netspace.cost import CostModel, LogUniformDraws, SpaceCosts
from netspace.models import Mixture, SubNetwork, SuperNetwork, initialise, warm_up
from netspace.schedules import cosine, linear
from netspace.settings import SearchConfig
from netspace.spaces import Architecture, NetworkTemplate


class SharedTraining:
    """A super network in training.

    Args:
        config: as resolved.
        template: of all networks.
        rng: source of the pool that log-uniform draws come from.
    """

    def __init__(self, config: SearchConfig, template: NetworkTemplate, *, rng: np.random.Generator) -> None:
        self._settings, self._space = config.search, config.space.full
        self._weights, self._augment = config.search.weights, config.augment
        self._mixed = config.precision == "bf16-mixed"
        self.device = torch.device(config.device)
        supernet = SuperNetwork(template, config.space)
        initialise(supernet, generator=torch.Generator().manual_seed(config.seed))
        self.supernet = supernet.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._model = CostModel(template)
        self.pool = LogUniformDraws(self._model, self._space, rng=rng)
        low, high = SpaceCosts(self._model, self._space).bounds
        self._logs = np.log(low), np.log(high)
        self.optimizers = [
            torch.optim.SGD(
                self.supernet.parameters(),
                lr=self._weights.learning_rate,
                momentum=self._weights.momentum,
                weight_decay=self._weights.weight_decay,
            )
            for _ in range(self._weights.momentum_groups)
        ]

    @property
    def learning_rate(self) -> float:
        """Of the step before."""
        return float(self.optimizers[0].param_groups[0]["lr"])

    def anywhere(self, rng: np.random.Generator) -> Architecture:
        """Draw an architecture from the whole space."""
        if self._weights.draws == "uniform":
            depths, widths = self._space.draw(1, rng=rng)
        else:
            depths, widths = self.pool.draw(1, rng=rng)
        return Architecture.of(depths[0], widths[0])

    def warmed_up(self, done: float, rng: np.random.Generator) -> SubNetwork:
        """Draw a sub-network of the warm-up, of which a share `done` lies behind."""
        return warm_up(
            self.anywhere(rng),
            self._space,
            filters=linear(done, self._settings.warmup_filters, 0.0),
            blocks=linear(done, self._settings.warmup_blocks, 0.0),
            rng=rng,
        )

    def several(self, draw: Callable[[], SubNetwork]) -> list[SubNetwork]:
        """Return the sub-networks of a step, each a new draw; in a sandwich after the largest and the smallest."""
        n, stages = self._weights.networks, self._space.stages
        if not self._weights.sandwich:
            return [draw() for _ in range(n)]
        largest = Architecture.of([s.depth.high for s in stages], [s.width.high for s in stages])
        smallest = Architecture.of([s.depth.low for s in stages], [s.width.low for s in stages])
        return [SubNetwork.of(largest), SubNetwork.of(smallest), *(draw() for _ in range(n - 2))]

    def step(self, images: Tensor, labels: Tensor, choices: Sequence[SubNetwork], progress: float) -> Tensor:
        """Train the weights on a batch and return the mean cross-entropy of the sub-networks.

        Args:
            images: shape (batch, channels, size, size), normalised.
            labels: shape (batch,).
            choices: sub-networks; the gradient is the mean of theirs.
            progress: share of the training that is done, 0..1.
        """
        optimizer = self._prepare(choices, progress)
        optimizer.zero_grad(set_to_none=True)
        losses, target = [], None
        for choice in choices:
            with self._precision():
                logits = self.supernet(images, choice)
                loss = F.cross_entropy(logits, labels)
                taught = loss if target is None else F.cross_entropy(logits, target)
            (taught / len(choices)).backward()
            if self._weights.distill and target is None:
                target = logits.detach().softmax(1)
            losses.append(loss.detach())
        torch.nn.utils.clip_grad_norm_(self.supernet.parameters(), self._weights.clip)
        optimizer.step()
        return torch.stack(losses).mean()

    def loss(self, images: Tensor, labels: Tensor, choice: Architecture | Mixture) -> Tensor:
        """Return the cross-entropy of an architecture or of a mixture, a scalar."""
        with self._precision():
            return F.cross_entropy(self.supernet(images, choice), labels)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._mixed)

    def _prepare(self, choices: Sequence[SubNetwork], progress: float) -> torch.optim.Optimizer:
        settings = self._weights
        rate = cosine(progress, settings.learning_rate, settings.final_learning_rate)
        group = 0
        if settings.momentum_groups > 1 or settings.cost_power:
            place = self._place(choices[-1])
            group = min(int(place * settings.momentum_groups), settings.momentum_groups - 1)
            rate *= float(np.exp((place - 0.5) * (self._logs[1] - self._logs[0]) * settings.cost_power))
        optimizer = self.optimizers[group]
        optimizer.param_groups[0]["lr"] = rate
        return optimizer

    def _place(self, choice: SubNetwork) -> float:
        """Return where a sub-network's cost lies between the least and the largest, in logs, 0..1."""
        widths = [c if isinstance(c, int) else len(c) for c in choice.channels]
        cost = self._model(np.array([[len(b) for b in choice.blocks]]), np.array([widths]))[0]
        low, high = self._logs
        return float((np.log(cost) - low) / (high - low))
