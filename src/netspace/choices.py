"""What `netspace auto` chooses where nobody says it, each with its reason: search space, trainings, recipes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass

from netspace.config import load_recipe, load_search_space, preset_names
from netspace.cost import Budget, CostModel, SpaceCosts, format_amount
from netspace.data import ImageData
from netspace.errors import NetspaceError
from netspace.evaluate import TrainingData
from netspace.finding import format_duration
from netspace.models import resolve_device
from netspace.planning import seconds_of_training, stand_ins
from netspace.settings import Recipe
from netspace.spaces import Architecture, NetworkTemplate
from netspace.spaces.ranges import STRICT
from netspace.surrogate.validation import LEAST_ROWS

ROOM = 2.0  # between a budget and the dearest network of a preset
BLOCK = "basic"  # of the presets to choose from: what the choice was tried with
TOY = 1000  # spaces: a preset of fewer has little to choose from
COARSE = 1000  # times a budget: the spaces of a preset that goes beyond it are too wide to meet the budget
MANY = 5000  # training images
SHORTEST = 10  # epochs of a full training
KEPT = 0.9  # of a time limit for search and training; the rest is for export and report


@dataclass(frozen=True, config=STRICT)
class Choices:
    """What is searched, and how networks are trained.

    Args:
        space: search space, a preset's name or a file.
        recipe: of the full training.
        trainings: stand-alone ones that the search learns from; None searches as the space's own settings say.
        search_recipe: of these.
        epochs: of the full training where time is short; None are the recipe's own.
        search_seconds: for the trainings of the search where time is short; None is as long as they take.
        reasons: a sentence for each choice.
    """

    space: str
    recipe: str
    trainings: Annotated[int, Field(ge=LEAST_ROWS)] | None = None
    search_recipe: str = "honest"
    epochs: int | None = None
    search_seconds: float | None = None
    reasons: tuple[str, ...] = ()


def choose(
    budget: Budget,
    images: ImageData,
    *,
    space: str | None = None,
    recipe: str | None = None,
    time_limit: float | None = None,
    jobs: int = 1,
    device: str = "auto",
) -> Choices:
    """Choose by the budget, the data and the time.

    Args:
        budget: target of any cost.
        images: that will be trained on.
        space: search space, which is searched as its own settings say where there is time; None chooses one.
        recipe: of the full training; None chooses one.
        time_limit: seconds for all; None is as long as it takes.
        jobs: networks that the search trains at a time.
        device: `cpu`, `cuda` or `auto`.

    Raises:
        NetspaceError: where no preset holds the budget, or the time is too short.
    """
    reasons = []
    count, n = f"{len(images.train):,} training images", len(images.train)
    trainings: int | None
    trainings, search_recipe = (12, "scant") if n < MANY else (24, "honest")
    if space is not None and time_limit is None:
        trainings = None
    else:
        told = f"search by {trainings} stand-alone trainings (recipe {search_recipe})"
        reasons.append(f"{told}: of {count} they see about as many as one full training or two")
    if space is None:
        space, reason = choose_space(budget, images.shape)
        reasons.insert(0, f"search space {space}: {reason}")
    if recipe is None:
        recipe = choose_recipe(n)
        reasons.append(
            f"full training by recipe {recipe}: {count} are {'fewer than' if n < MANY else 'at least'} {MANY:,}"
        )
    chosen = Choices(space, recipe, trainings, search_recipe, reasons=tuple(reasons))
    return chosen if time_limit is None else _within(chosen, time_limit, budget, images, jobs=jobs, device=device)


def choose_recipe(images: int) -> str:
    """Return the recipe of the full training for so many training images."""
    return "few" if images < MANY else "standard"


def choose_space(budget: Budget, shape: tuple[int, int, int]) -> tuple[str, str]:
    """Return the smallest preset of basic blocks that holds the budget with room to both sides, and why it is that one.

    A preset of few spaces is taken only where no other one holds the budget, or one that is far too coarse.

    Args:
        budget: target of any cost.
        shape: image size (pixels), channels, classes of the data.

    Raises:
        NetspaceError: where no preset can meet the budget.
    """
    spaces = {name: load_search_space(name) for name in preset_names()}
    spaces = {name: space for name, space in spaces.items() if space.block == BLOCK}
    costs = {name: SpaceCosts(CostModel(s.template(*shape), budget.kind), s.full) for name, s in spaces.items()}
    bounds = {name: cost.bounds for name, cost in costs.items()}
    fit = [name for name, (low, high) in bounds.items() if low <= budget.target and budget.target * ROOM <= high]
    if not fit:
        spans = ", ".join(f"{name} {format_amount(a)} to {format_amount(b)}" for name, (a, b) in bounds.items())
        raise NetspaceError(
            f"budget {budget} is outside of what the presets hold for images of {shape[0]}×{shape[0]}×{shape[1]} "
            f"({spans}); give another --budget, another --image-size, or a --space of your own"
        )
    size = {name: spaces[name].num_spaces for name in fit}
    name = min(fit, key=lambda n: (bounds[n][1] > COARSE * budget.target, size[n] < TOY, bounds[n][1]))
    low, high = map(format_amount, bounds[name])
    few, smallest = "the preset that is fine enough, though it has few spaces,", "the smallest preset with room"
    return name, f"{few if size[name] < TOY else smallest} around {budget} ({low} to {high}, {size[name]:,} spaces)"


def stand_in(budget: Budget, space: str, images: ImageData) -> tuple[Architecture, NetworkTemplate]:
    """Return a network in band, drawn from the whole search space, for one that is not chosen yet, and its template."""
    searched = load_search_space(space)
    template = searched.template(*images.shape)
    return stand_ins(searched, template, [budget], 1)[0], template


def _within(chosen: Choices, limit: float, budget: Budget, images: ImageData, *, jobs: int, device: str) -> Choices:
    """Return choices that fit into a time: the full training takes half of it at most, the search what is left.

    Raises:
        NetspaceError: where that is too little for either; says what would be needed.
    """
    network, template = stand_in(budget, chosen.space, images)

    def seconds(recipe: Recipe) -> float:
        data = TrainingData.of(images, recipe, torch.device(resolve_device(device)))
        return seconds_of_training(network, template, data, recipe).value

    recipe = load_recipe(chosen.recipe)
    whole, each = seconds(recipe), seconds(load_recipe(chosen.search_recipe))
    searching, least = math.ceil(LEAST_ROWS / jobs) * each, whole * min(SHORTEST / recipe.epochs, 1)
    room = KEPT * limit
    if searching + least > room or least > room / 2:
        needed = max(searching + least, 2 * least) / KEPT
        raise NetspaceError(
            f"a time limit of {format_duration(limit)} is too short: {LEAST_ROWS} trainings, the fewest that a search "
            f"learns from, take about {format_duration(searching)} here, and {SHORTEST} epochs of the full training "
            f"{format_duration(least)}; give {format_duration(needed)} or more, or a smaller --budget"
        )
    training = min(whole, max(room / 2, least), room - searching)
    epochs = max(int(recipe.epochs * training / whole), 1)
    left = room - whole * epochs / recipe.epochs
    told = f"within {format_duration(limit)}: {format_duration(left)} for the search's trainings"
    told += f", {epochs} epochs of the full training instead of {recipe.epochs}" if epochs < recipe.epochs else ""
    short = epochs if epochs < recipe.epochs else None
    return replace(chosen, epochs=short, search_seconds=round(left, 1), reasons=(*chosen.reasons, told))
