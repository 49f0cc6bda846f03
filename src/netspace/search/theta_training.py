"""One Θ per budget, and how each is moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from netspace.cost import CostModel
from netspace.models import SubNetwork, check_form, restore_optimizer
from netspace.runtime import ALONE, Runtime
from netspace.search.constraint import expected_cost, penalties
from netspace.search.distribution import SpaceDistribution
from netspace.search.gradients import GRADIENTS, Evaluate, draw_member
from netspace.settings import SearchConfig
from netspace.spaces import NetworkTemplate


class ThetaTraining:
    """The distributions over spaces in training.

    Args:
        config: as resolved.
        template: of all networks.
        runtime: the processes that train together; each has every Θ.
    """

    def __init__(self, config: SearchConfig, template: NetworkTemplate, runtime: Runtime = ALONE) -> None:
        settings, space = config.search, config.space
        self._runtime = runtime
        self._space, self._template = space, template
        found = penalties(space, template, config.parsed_budgets, settings.penalty_form)
        self.thetas = [SpaceDistribution(space.shape) for _ in found]
        self._estimators = [GRADIENTS[settings.estimator](space, penalty, settings) for penalty in found]
        self._optimizers = [
            torch.optim.Adam(
                theta.parameters(),
                lr=settings.theta.learning_rate,
                betas=settings.theta.betas,
                weight_decay=settings.theta.weight_decay,
            )
            for theta in self.thetas
        ]
        self._kinds = [budget.kind for budget in config.parsed_budgets]
        self._costs = {kind: expected_cost(CostModel(template, kind), space) for kind in set(self._kinds)}

    def expected_cost(self, turn: int) -> float:
        """Return the expected cost under the Θ of a budget, of the budget's kind."""
        return float(self._costs[self._kinds[turn]](self.thetas[turn]).detach())

    def draw(self, turn: int, rng: np.random.Generator) -> SubNetwork:
        """Draw a space from the Θ of a budget, and an architecture from the space."""
        choice = self.thetas[turn].sample(1, rng=rng)[0]
        return SubNetwork.of(draw_member(self._space, choice, rng=rng), self._template)

    def step(self, turn: int, evaluate: Evaluate, progress: float, rng: np.random.Generator) -> float:
        """Move the Θ of a budget and return the mean held-out cross-entropy that moved it, on this process's share.

        The losses of both estimators are linear in what is evaluated, so that their gradients are averaged.

        Args:
            turn: index of the budget.
            evaluate: held-out cross-entropy of an architecture or of a mixture.
            progress: share of the search that is done, 0..1.
            rng: source of randomness.
        """
        theta = self.thetas[turn]
        loss, held_out = self._estimators[turn].loss(theta, evaluate, progress=progress, rng=rng)
        gradients = torch.autograd.grad(loss, list(theta.logits))
        self._runtime.average(gradients)
        for logits, gradient in zip(theta.logits, gradients, strict=True):
            logits.grad = gradient
        self._optimizers[turn].step()
        return held_out

    def record(self, turn: int, held_out: list[float]) -> dict[str, Any]:
        """Return what an epoch's record says of a budget."""
        theta = self.thetas[turn]
        return {
            "expected_cost": round(self.expected_cost(turn)),
            "entropy": round(theta.entropy(), 6),
            "held_out_loss": float(np.mean(held_out)) if held_out else None,
            "probabilities": [[round(p, 6) for p in axis.tolist()] for axis in theta.probabilities()],
        }

    def state_dict(self) -> dict[str, Any]:
        """Return the logits and their optimisers' states."""
        return {
            "thetas": [theta.state_dict() for theta in self.thetas],
            "theta_optimizers": [optimizer.state_dict() for optimizer in self._optimizers],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up a state.

        Raises:
            NetspaceError: where it is none of such a training.
        """
        check_form(state["thetas"], self.state_dict()["thetas"], "thetas")
        for theta, logits in zip(self.thetas, state["thetas"], strict=True):
            theta.load_state_dict(logits)
        for place, (optimizer, saved) in enumerate(zip(self._optimizers, state["theta_optimizers"], strict=True)):
            restore_optimizer(optimizer, saved, f"theta_optimizers.{place}")
