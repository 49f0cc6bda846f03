"""The command `netspace auto`: the whole chain, from a folder of images to an exported network."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from typing import Annotated

import typer

from netspace.cli.options import Out, ResizeTo, Seed
from netspace.cli.output import note
from netspace.config import load_recipe, load_search_space
from netspace.cost import Budget
from netspace.documents import from_plain
from netspace.pipeline import Pipeline, Step, choose_recipe, choose_space
from netspace.settings import DataSettings

Run = Callable[[tuple[str, ...]], None]


def auto_command(
    context: typer.Context,
    data: Annotated[str, typer.Option(help="A folder with one folder of images per class, or as search's --dataset.")],
    budget: Annotated[str, typer.Option(help="FLOPs target of the network, as 5M.")],
    out: Out,
    space: Annotated[str | None, typer.Option(help="Default: the smallest preset that holds the budget.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Of the full training; default: few below 5 000 images, else standard.")
    ] = None,
    image_size: ResizeTo = None,
    seed: Seed = 0,
) -> None:
    """Plan, search, pick, train, export, report; run again to go on after a stop."""
    target = Budget.parse(budget)
    settings = from_plain(DataSettings, {"dataset": data, "image_size": image_size}, "options")
    from netspace.data import load_images

    images = load_images(settings)
    size, channels, classes = images.shape
    names = ", ".join(images.classes)
    note(f"{len(images.train)} training images of {size}×{size}×{channels}, {classes} classes: {names}")
    if space is None:
        space = choose_space(target, images.shape)
    recipe = recipe or choose_recipe(len(images.train))
    load_recipe(recipe)
    whole = load_search_space(space)
    target.band(whole.full, whole.template(*images.shape))
    options = () if image_size is None else ("--image-size", str(image_size))
    pipeline = Pipeline(data, target, space, recipe, out, options, seed)
    note("plan:")
    for step in pipeline.steps():
        note(f"  {step.name}: {step.purpose}")
        note(f"    {_shown(step)}")
    app = context.find_root().command
    started = time.monotonic()
    for step in pipeline.steps():
        _do(step, lambda args: app.main(list(args), standalone_mode=False))
    print(f"done in {time.monotonic() - started:.0f} s; classify an image with")
    print(f"  netspace predict {shlex.quote(str(out / 'export'))} IMAGE")


def _do(step: Step, run: Run) -> None:
    if step.result.exists():
        note(f"{step.name}: done already, {step.result}")
        return
    note(f"{step.name}: {_shown(step)}")
    started = time.monotonic()
    run(step.command)
    note(f"{step.name}: {time.monotonic() - started:.0f} s")


def _shown(step: Step) -> str:
    return shlex.join(("netspace", *step.command))
