"""The command `netspace train`: one architecture, trained fully, with its model card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netspace.cli.options import (
    ConvertTo,
    Dataset,
    Device,
    ImageColumn,
    LabelColumn,
    Labels,
    Out,
    PlanOnly,
    RecipeName,
    RecipeSettings,
    ResizeTo,
    Seed,
    SkipUnreadable,
    data_options,
    deadline_of,
)
from netspace.cli.output import note, print_json, resumable, say
from netspace.config import load_recipe, load_search_space
from netspace.documents import from_plain, to_plain
from netspace.errors import NetspaceError
from netspace.records import ChosenArchitecture, load_architecture
from netspace.settings import DataSettings, Recipe
from netspace.spaces import NetworkTemplate, SearchSpace

if TYPE_CHECKING:
    from netspace.data import ImageData
    from netspace.finding import Deadline
    from netspace.handover import ModelCard, TrainingEpoch


def train_command(
    architecture: Annotated[Path, typer.Argument(help="YAML of `netspace nas`, or just depth: [..] and width: [..].")],
    dataset: Dataset,
    out: Out,
    recipe: RecipeName = "standard",
    set_: RecipeSettings = None,
    space: Annotated[
        str | None, typer.Option(help="Search space whose stem and strides a file without a template takes.")
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(help="Stop after so many epochs without a better validation error; take the best epoch.", min=1),
    ] = None,
    seed: Seed = 0,
    device: Device = "auto",
    image_size: ResizeTo = None,
    channels: ConvertTo = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    labels: Labels = None,
    skip_unreadable: SkipUnreadable = False,
    time_limit: Annotated[
        str | None, typer.Option(help="Fewer epochs, so that it is done by then, as 30m; ten at least.")
    ] = None,
    plan: PlanOnly = False,
    json: Annotated[bool, typer.Option("--json", help="Print the model card as one JSON value.")] = False,
) -> None:
    """Train one network fully; run the same command again to go on after a stop."""
    chosen, resolved = load_architecture(architecture), load_recipe(recipe, tuple(set_ or ()))
    if chosen.template is not None and space is not None:
        raise NetspaceError(f"{architecture} holds its own template; leave out --space {space}")
    _check_shape(architecture, _shape(chosen), {"image_size": image_size, "channels": channels})
    columns = (image_column, label_column, labels)
    given = data_options(dataset, image_size, channels, *columns, skip_unreadable=skip_unreadable)
    settings = from_plain(DataSettings, given | _shape(chosen), "options")
    search_space = None if space is None else load_search_space(space)
    from netspace.cli.data import read_timed
    from netspace.models import resolve_device
    from netspace.search import RunFolder

    RunFolder(out).check_writable()
    deadline = deadline_of(time_limit)
    on = resolve_device(device)
    images, reading = read_timed(settings, out, *_run(chosen))
    chosen = chosen if chosen.template is not None else chosen.within(_template(images, search_space))
    if deadline is not None:
        resolved = _within(deadline, resolved, chosen, images, on, out)
    if plan:
        _print_plan(chosen, images, resolved, on, reading=reading, json=json)
        return
    plain = {"architecture": chosen, "data": images.settings, "recipe": resolved, "device": on}
    card = _train({**plain, "seed": seed, "patience": patience}, images, out)
    if json:
        print_json(to_plain(card))
    else:
        print_card(card, out)


def _within(
    deadline: Deadline, recipe: Recipe, chosen: ChosenArchitecture, images: ImageData, device: str, out: Path
) -> Recipe:
    """Return the recipe with the epochs that there is time for, or those that a folder's training was begun with."""
    from netspace.handover import check_data
    from netspace.search import RunFolder
    from netspace.within import recipe_within

    epochs = RunFolder(out).begun("recipe", "epochs")
    if isinstance(epochs, int):
        if epochs < recipe.epochs:
            note(f"{out} was begun with {epochs} epochs, and goes on with them")
        return replace(recipe, epochs=min(epochs, recipe.epochs))
    check_data(chosen, images)
    training = {"architecture": chosen.architecture, "template": chosen.template, "images": images, "device": device}
    found = recipe_within(deadline, recipe, **training)
    if found != recipe:
        note(f"within {deadline}: {found.epochs} epochs instead of {recipe.epochs}")
    return found


def _print_plan(
    chosen: ChosenArchitecture, images: ImageData, recipe: Recipe, device: str, *, reading: float, json: bool
) -> None:
    from netspace.cli.plan import print_plan
    from netspace.handover import check_data
    from netspace.planning import plan_training

    check_data(chosen, images)
    assert chosen.template is not None
    plan = plan_training(chosen.architecture, chosen.template, images, recipe, device=device)
    print_plan(plan, json, images=images, reading=reading)


def describe_training(epoch: TrainingEpoch) -> str:
    """Return loss and validation error on one line."""
    return f"loss {epoch.loss:.3f}  validation error {epoch.validation_error:.2%}"


def _train(plain: dict[str, Any], images: ImageData, out: Path) -> ModelCard:
    from netspace.cli.data import tell_data
    from netspace.cli.progress import EpochProgress
    from netspace.handover import CARD, TrainingConfig, check_data, train_fully

    config = from_plain(TrainingConfig, plain, "options")
    check_data(config.architecture, images)
    tell_data(images)
    if (out / CARD).exists():
        note(f"{out} is trained already")
    with resumable(out, " from its last epoch"), EpochProgress(describe_training) as progress:
        return train_fully(config, images, out, on_epoch=progress, on_note=note)


def _run(chosen: ChosenArchitecture) -> list[Path]:
    """Return the run that an architecture was chosen in, which may have kept the images."""
    run = (chosen.provenance or {}).get("run")
    return [Path(run)] if isinstance(run, str) else []


def _shape(chosen: ChosenArchitecture) -> dict[str, Any]:
    template = chosen.template
    return {} if template is None else {"image_size": template.image_size, "channels": template.channels}


def _check_shape(file: Path, own: dict[str, Any], given: dict[str, int | None]) -> None:
    """Raise NetspaceError where an option asks for images that an architecture's template does not take."""
    for name, value in given.items():
        if value is not None and own.get(name, value) != value:
            option = f"--{name.replace('_', '-')} {value}"
            raise NetspaceError(f"{file} holds its own template, of {name} {own[name]}; leave out {option}")


def _template(images: ImageData, space: SearchSpace | None) -> NetworkTemplate:
    size, channels, classes = images.shape
    if space is not None:
        return space.template(size, channels, classes)
    return NetworkTemplate(image_size=size, channels=channels, classes=classes)


def print_card(card: ModelCard, out: Path) -> None:
    """Print what a trained network costs and how well it does, and its files."""
    cost = card.architecture.cost
    assert cost is not None
    print(f"{card.architecture.architecture}: {cost.flops:,} FLOPs (multiply-adds, MACs), {cost.params:,} params")
    for latency in card.latency:
        print(f"latency           {latency.milliseconds:.3g} ms for a batch of {latency.batch} on {latency.device}")
    print(f"validation error  {card.validation_error:.2%} at epoch {card.epoch} of {card.recipe.epochs}")
    print(f"test error        {card.test_error:.2%} on {card.images['test']:,} images, read once")
    for name in ("model.safetensors", "card.md", "card.json"):
        say(out / name)
