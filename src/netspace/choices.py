"""What `netspace auto` chooses where nobody says it, each with its reason: search space, trainings, recipes."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated

import torch
from pydantic import Field
from pydantic.dataclasses import dataclass

from netspace.config import MANY, load_recipe, load_search_space, recipe_by_data
from netspace.cost import Budget, profile_in_use
from netspace.data import ImageData
from netspace.documents import later
from netspace.evaluate import TrainingData
from netspace.finding import Deadline, format_duration
from netspace.models import resolve_device
from netspace.planning import seconds_of_training, stand_ins
from netspace.settings import AUTO, Recipe
from netspace.spaces import Architecture, NetworkTemplate
from netspace.spaces.ranges import STRICT
from netspace.surrogate.validation import LEAST_ROWS
from netspace.wanted import Fit, Know, Wanted, choose_space, fit_in
from netspace.within import KEPT, SHORTEST

AFTER = 15.0  # seconds of what comes after both trainings: export, its checks and the page


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
        budget: target of the network where constraints alone were given; empty where it was given.
    """

    space: str
    recipe: str
    trainings: Annotated[int, Field(ge=LEAST_ROWS)] | None = None
    search_recipe: str = "honest"
    epochs: int | None = None
    search_seconds: float | None = None
    reasons: tuple[str, ...] = ()
    budget: str = later("")

    def budget_of(self, wanted: Wanted) -> Budget:
        """Return what the search aims at, with all constraints."""
        return (wanted.budget or Budget.parse(self.budget)).bounded(wanted.constraints)


def choose(
    wanted: Wanted,
    images: ImageData,
    *,
    space: str | None = None,
    recipe: str | None = None,
    deadline: Deadline | None = None,
    jobs: int = 1,
    device: str = "auto",
    know: Know = lambda space, template: None,
) -> Choices:
    """Choose by what is wanted, the data and the time.

    Args:
        wanted: of the network.
        images: that will be trained on.
        space: search space, which is searched as its own settings say where there is time; None chooses one.
        recipe: of the full training; None chooses one.
        deadline: of all; None is as long as it takes.
        jobs: networks that the search trains at a time.
        device: `cpu`, `cuda` or `auto`.
        know: uses a profile of the space that it is given, where latency is asked for and nothing says what it is of.

    Raises:
        NetspaceError: where no preset, or not the space, holds what is wanted, or the time is too short.
    """
    asked, reasons = space, []
    if space is None:
        fit = choose_space(wanted, images.shape, know)
        space, budget = fit.space.name, fit.budget
        reasons.append(f"search space {space}: {fit.reason}")
    else:
        budget = _known(space, wanted, images, know).budget
    if wanted.budget is None:
        reasons.append(f"budget {budget}: {wanted.why}")
    count, n = f"{len(images.train):,} training images", len(images.train)
    trainings: int | None
    trainings, search_recipe = 12 if n < MANY else 24, recipe_by_data(AUTO, n)
    if asked is not None and deadline is None:
        trainings = None
    else:
        told = f"search by {trainings} stand-alone trainings (recipe {search_recipe})"
        reasons.append(f"{told}: of {count} they see about as many as one full training or two")
    if recipe is None:
        recipe = choose_recipe(n)
        reasons.append(
            f"full training by recipe {recipe}: {count} are {'fewer than' if n < MANY else 'at least'} {MANY:,}"
        )
    target = "" if wanted.budget is not None else str(budget)
    chosen = Choices(space, recipe, trainings, search_recipe, reasons=tuple(reasons), budget=target)
    if deadline is None:
        return chosen
    return _within(chosen, deadline, budget, images, jobs=jobs, device=device)


def _known(space: str, wanted: Wanted, images: ImageData, know: Know) -> Fit:
    """Return what a space holds that was given, when its latency is known where that is asked for."""
    whole = load_search_space(space)
    template = whole.template(*images.shape)
    if wanted.of_latency and profile_in_use() is None:
        know(whole, template)
    return fit_in(whole, wanted, template)


def choose_recipe(images: int) -> str:
    """Return the recipe of the full training for so many training images."""
    return "few" if images < MANY else "standard"


def stand_in(budget: Budget, space: str, images: ImageData) -> tuple[Architecture, NetworkTemplate]:
    """Return a network in band, drawn from the whole search space, for one that is not chosen yet, and its template."""
    searched = load_search_space(space)
    template = searched.template(*images.shape)
    return stand_ins(searched, template, [budget], 1)[0], template


def _within(
    chosen: Choices, deadline: Deadline, budget: Budget, images: ImageData, *, jobs: int, device: str
) -> Choices:
    """Return choices that fit into a time: the full training takes half of it at most, the search what is left.

    Raises:
        NetspaceError: where that is too little for either; says what would be needed.
    """
    network, template = stand_in(budget, chosen.space, images)

    def seconds(recipe: Recipe, alone: bool) -> float:
        data = TrainingData.of(images, recipe, torch.device(resolve_device(device)))
        return seconds_of_training(network, template, data, recipe, alone=alone).value

    recipe = load_recipe(chosen.recipe)
    whole, each = seconds(recipe, alone=True), seconds(load_recipe(chosen.search_recipe), alone=False)
    searching, least = math.ceil(LEAST_ROWS / jobs) * each, whole * min(SHORTEST / recipe.epochs, 1)
    room = KEPT * (deadline.left - AFTER)
    if searching + least > room or least > room / 2:
        needed = max(searching + least, 2 * least) / KEPT + AFTER
        why = (
            f"{LEAST_ROWS} trainings, the fewest that a search learns from, take about {format_duration(searching)} "
            f"here, and {SHORTEST} epochs of the full training {format_duration(least)}"
        )
        raise deadline.too_short(needed, why, "a smaller --budget")
    training = min(whole, max(room / 2, least), room - searching)
    epochs = max(int(recipe.epochs * training / whole), 1)
    left = room - whole * epochs / recipe.epochs
    told = f"within {deadline}: {format_duration(left)} for the search's trainings"
    told += f", {epochs} epochs of the full training instead of {recipe.epochs}" if epochs < recipe.epochs else ""
    short = epochs if epochs < recipe.epochs else None
    return replace(chosen, epochs=short, search_seconds=round(left, 1), reasons=(*chosen.reasons, told))
