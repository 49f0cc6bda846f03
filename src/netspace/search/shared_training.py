"""The super network and the training of its shared weights.

Each step trains one sub-network. In the warm-up it is drawn log-uniform in cost from the whole space, with further
channels and blocks switched on at random; what is drawn later is the search's to say.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from netspace.arithmetic import settled
from netspace.cost import CostModel, LogUniformDraws
from netspace.models import Mixture, SubNetwork, SuperNetwork, initialise, warm_up
from netspace.runtime import ALONE, Runtime
from netspace.schedules import cosine, linear
from netspace.settings import AUTO, BF16, Precision, SearchConfig
from netspace.spaces import Architecture, NetworkTemplate

DRAWN = 16  # networks, of which the cheapest one tells which arithmetic is faster


class SharedTraining:
    """A super network in training.

    Args:
        config: as resolved.
        template: of all networks.
        rng: source of the pool that log-uniform draws come from.
        runtime: the processes that train together.
    """

    def __init__(
        self, config: SearchConfig, template: NetworkTemplate, *, rng: np.random.Generator, runtime: Runtime = ALONE
    ) -> None:
        self._settings, self._space = config.search, config.space.full
        self._weights = config.search.weights
        self._runtime, self.device = runtime, runtime.device(config.device)
        self._mixed = settled_search(config, template) == BF16
        supernet = SuperNetwork(template, config.space, runtime)
        initialise(supernet, generator=torch.Generator().manual_seed(config.seed))
        self.supernet = supernet.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.pool = LogUniformDraws(CostModel(template), self._space, rng=rng)
        self.optimizer = torch.optim.SGD(
            self.supernet.parameters(),
            lr=self._weights.learning_rate,
            momentum=self._weights.momentum,
            weight_decay=self._weights.weight_decay,
        )

    @property
    def learning_rate(self) -> float:
        """Of the step before."""
        return float(self.optimizer.param_groups[0]["lr"])

    def anywhere(self, rng: np.random.Generator) -> Architecture:
        """Draw an architecture from the whole space, log-uniform in cost."""
        return self._space.layout.architecture(self.pool.draw(1, rng=rng)[0])

    def warmed_up(self, done: float, rng: np.random.Generator) -> SubNetwork:
        """Draw a sub-network of the warm-up, of which a share `done` lies behind."""
        return warm_up(
            self.anywhere(rng),
            self.supernet.limits,
            self.supernet.template,
            filters=linear(done, self._settings.warmup_filters, 0.0),
            blocks=linear(done, self._settings.warmup_blocks, 0.0),
            rng=rng,
        )

    def step(self, images: Tensor, labels: Tensor, choice: SubNetwork, progress: float) -> Tensor:
        """Train the weights of a sub-network on a batch and return its cross-entropy on this process's share.

        Args:
            images: this process's share of the batch, shape (n, channels, size, size), normalised.
            labels: shape (n,).
            choice: the channels and blocks in use.
            progress: share of the training that is done, 0..1.
        """
        settings = self._weights
        rate = cosine(progress, settings.learning_rate, settings.final_learning_rate)
        self.optimizer.param_groups[0]["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(images, labels, choice)
        loss.backward()
        used = [p.grad for p in self.supernet.parameters() if p.grad is not None]  # the same in every process
        self._runtime.average(used)
        torch.nn.utils.clip_grad_norm_(self.supernet.parameters(), settings.clip)
        self.optimizer.step()
        return loss.detach()

    def loss(self, images: Tensor, labels: Tensor, choice: Architecture | SubNetwork | Mixture) -> Tensor:
        """Return the cross-entropy of a sub-network or of a mixture, a scalar."""
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self._mixed):
            return F.cross_entropy(self.supernet(images, choice), labels)


def settled_search(config: SearchConfig, template: NetworkTemplate) -> Precision:
    """Return the arithmetic of a search: what its config asks for, and for `auto` the faster one for its networks."""
    if config.precision != AUTO:
        return config.precision
    whole = config.space.full
    drawn = whole.draw(DRAWN, rng=np.random.default_rng(0))
    cheap = whole.layout.architecture(drawn[CostModel(template)(drawn).argmin()])
    return settled(config.precision, cheap, template, torch.device(config.device))
