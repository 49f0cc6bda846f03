"""NAS inside a space: members within a budget, ranked with a finished search's super network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from netspace.cost import Band, Budget, CostModel
from netspace.errors import NetspaceError
from netspace.models import Mixture
from netspace.records import ChosenArchitecture
from netspace.schedules import linear
from netspace.search.constraint import expected_cost
from netspace.search.distribution import SpaceDistribution
from netspace.search.evolution import evolve
from netspace.search.scoring import Scorer
from netspace.search.space_search import SpaceSearch
from netspace.settings import NasSettings
from netspace.spaces import (
    Architecture,
    GridAxis,
    KnobAxis,
    Layout,
    NetworkSpace,
    NetworkTemplate,
    Points,
    SearchSpace,
    StageGrid,
)

SAMPLED = 100_000


@dataclass(frozen=True)
class Chosen:
    """What a NAS found.

    Args:
        architectures: the best, best first; at most as many as asked for.
        errors: their scores: share of held-out images that the shared weights get wrong.
        scored: architectures that were scored.
        draws: networks that one series of draws took until the first lay in band, as the paper's "#samples" counts:
            draws from the logits for `differentiable`, uniform draws from the space for the others.
        expected_draws: its expectation; exact for uniform draws, over 100 000 draws for `differentiable`.
    """

    architectures: list[Architecture]
    errors: list[float]
    scored: int
    draws: int
    expected_draws: float

    def save(self, folder: Path, template: NetworkTemplate, provenance: dict[str, Any]) -> list[Path]:
        """Write `architecture-1.yaml` (the best), `architecture-2.yaml`, … into a folder; return the files.

        Files of an earlier NAS there are replaced.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("architecture-*.yaml"):
            old.unlink()
        files = []
        for rank, (architecture, error) in enumerate(zip(self.architectures, self.errors, strict=True), start=1):
            about = {**provenance, "rank": rank, "score": round(error, 6), "draws": self.draws}
            files.append(folder / f"architecture-{rank}.yaml")
            ChosenArchitecture.of(architecture, template, provenance=about).save(files[-1])
        return files


def search_architectures(
    search: SpaceSearch, space: NetworkSpace, budget: Budget, settings: NasSettings, *, seed: int = 0
) -> Chosen:
    """Find architectures of a space that satisfy a budget and score well on a super network.

    Candidates are in band by construction; each is scored on held-out images with BatchNorm recalibrated for it.

    Args:
        search: a finished search; its shared weights are left as they are, but by `finetune_epochs`.
        space: inside of the super network's.
        budget: what the architectures satisfy.
        settings: the method and its effort.
        seed: of every random draw.

    Raises:
        NetspaceError: where the space exceeds the super network, or has no member in band.
    """
    check_inside(space, search.config.space)
    band = budget.band(space, search.template)
    rng = np.random.default_rng([seed, budget.target])
    if settings.finetune_epochs:
        search.finetune(band, settings.finetune_epochs, rng=rng)
    model = CostModel(search.template, budget.kind)
    scorer = Scorer(search.supernet, search.theta_set, search.normalise)
    n = min(settings.candidates, band.size)
    draws, expected = first_hit(band, rng), 1 / band.hit_rate
    if settings.method == "evolution":
        evolve(band, space, model, score=scorer, evaluations=n, rng=rng)
    elif settings.method == "differentiable":
        points = train_logits(search, space, budget, settings, rng=rng).draw(SAMPLED, rng)
        hits = band.holds(points)
        draws, expected = (int(hits.argmax()) + 1, 1 / hits.mean()) if hits.any() else (SAMPLED, float("inf"))
        scorer(_likeliest(points[hits], band, space.layout, n, rng))
    else:
        scorer(band.draw(n, rng=rng, replace=False))
    best = scorer.best(settings.samples)
    return Chosen([a for a, _ in best], [e for _, e in best], len(scorer.errors), draws, expected)


class ArchitectureLogits:
    """One logit per value of each axis of a space: a distribution over its members.

    Args:
        space: whose members.
    """

    def __init__(self, space: NetworkSpace) -> None:
        self.layout, self.values = space.layout, [axis.values for axis in space.axes]
        self.theta = SpaceDistribution(tuple(len(v) for v in self.values))

    def mixture(self, weights: list[Tensor]) -> Mixture:
        """Return the relaxed network of one weight per value, one tensor per axis."""
        values = tuple(torch.from_numpy(v) for v in self.values)
        return Mixture(self.layout, values, tuple(w.float() for w in weights))

    def draw(self, n: int, rng: np.random.Generator) -> Points:
        """Draw n members, shape (n, axes)."""
        picked = self.theta.sample(n, rng=rng)
        return np.stack([values[picked[:, axis]] for axis, values in enumerate(self.values)], axis=1)


def train_logits(
    search: SpaceSearch, space: NetworkSpace, budget: Budget, settings: NasSettings, *, rng: np.random.Generator
) -> ArchitectureLogits:
    """Move the logits by Gumbel-Softmax on the search's objective, weights fixed.

    Each step minimises cross-entropy of the relaxed network on held-out images + λ·|log of its expected cost over
    the target|; the temperature falls linearly.
    """
    logits = ArchitectureLogits(space)
    cost = expected_cost(CostModel(search.template, budget.kind), _one_value_ranges(space, search.config.space))
    optimizer = torch.optim.Adam(logits.theta.parameters(), lr=settings.learning_rate)
    parameters = list(logits.theta.parameters())
    for step in range(settings.steps):
        temperature = linear(step / settings.steps, *settings.temperature)
        weights = logits.theta.relaxed(temperature, rng=rng)
        images, labels = search.held_out_batch(rng)
        loss = F.cross_entropy(search.supernet(images, logits.mixture(weights)), labels).double().cpu()
        loss = loss + search.config.search.penalty * (cost.of(weights) / budget.target).log().abs()
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = gradient
        optimizer.step()
    return logits


def _likeliest(points: Points, band: Band, layout: Layout, n: int, rng: np.random.Generator) -> Points:
    """Return the n members drawn most often, filled up with uniform draws from the band.

    Of those drawn equally often the smaller ones come first: by their depths, then their widths, then further knobs.
    """
    order = [layout.column(i, knob) for knob in layout.each for i in range(layout.stages)]
    order += [layout.columns - 1] * layout.image_size
    rows, counts = np.unique(points[:, order], axis=0, return_counts=True)
    rows = rows[np.argsort(-counts, kind="stable")][:n][:, np.argsort(order)]
    more = band.draw(n, rng=rng, replace=False)
    known = {tuple(row) for row in rows.tolist()}
    fresh = [row for row in more.tolist() if tuple(row) not in known][: n - len(rows)]
    return np.concatenate([rows, np.array(fresh, np.int64).reshape(-1, layout.columns)])


def first_hit(band: Band, rng: np.random.Generator) -> int:
    """Return how many uniform draws one series took until the first lay in band, as the paper's "#samples" counts.

    It is drawn from the law that it follows, the geometric one of the hit rate: where one network in a hundred million
    is in band, drawing the networks would take hours.
    """
    return int(rng.geometric(band.hit_rate))


def _one_value_ranges(space: NetworkSpace, searched: SearchSpace) -> SearchSpace:
    """Return the grid in which every value of a space is a range of its own."""
    stages = []
    for stage in space.stages:
        depth, width = (GridAxis(axis.low, axis.high, len(axis), axis.step) for axis in (stage.depth, stage.width))
        stages.append(StageGrid(depth, width, tuple((name, KnobAxis(values)) for name, values in stage.knobs)))
    size = None if space.image_size is None else KnobAxis(space.image_size)
    return replace(searched, name="one value a range", stages=tuple(stages), image_size=size)


def check_inside(space: NetworkSpace, search_space: SearchSpace) -> None:
    """Raise NetspaceError where a space reaches beyond what was searched."""
    full = search_space.full
    inside = space.layout == full.layout and all(
        own.high <= most.high for own, most in zip(space.axes, full.axes, strict=True)
    )
    if not inside:
        raise NetspaceError(f"the space {space} exceeds what the run searched, {full}; give a space inside of it")
