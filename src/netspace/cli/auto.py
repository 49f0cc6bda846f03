"""The command `netspace auto`: the whole chain, from a folder of images to an exported network."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from typing import Annotated

import typer

from netspace.cli.options import Out, ResizeTo, Seed
from netspace.cli.output import note, resumable
from netspace.config import load_recipe, load_search_space
from netspace.cost import Budget
from netspace.documents import from_plain
from netspace.errors import UnfinishedError
from netspace.pipeline import Pipeline, Step, choose_recipe, choose_space
from netspace.settings import DataSettings

Run = Callable[[tuple[str, ...]], object]
AGAIN = "run the same command again to go on with it"


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
    note("plan:\n" + "\n".join(f"  {step.name}: {step.purpose}\n    {_shown(step)}" for step in pipeline.steps()))
    app = context.find_root().command
    started = time.monotonic()
    with resumable(out):
        for step in pipeline.steps():
            _do(step, lambda args: app.main(list(args), standalone_mode=False))
    print(f"done in {time.monotonic() - started:.0f} s; classify an image with")
    print(f"  netspace predict {shlex.quote(str(out / 'export'))} IMAGE")


def _do(step: Step, run: Run) -> None:
    """Run a step that is not done; end with its exit code where it is not 0, and say which step it was."""
    if step.done:
        step.tidy()
        note(f"{step.name}: done already, {step.result}")
        return
    note(f"{step.name}: {_shown(step)}")
    started = time.monotonic()
    try:
        with step.cleared():
            code = run(step.command)
    except Exception:
        note(f"auto stopped in step '{step.name}'; {AGAIN}")
        raise
    if isinstance(code, int) and code:
        note(f"auto stopped in step '{step.name}', which ended with exit code {code}; {AGAIN}")
        raise typer.Exit(code)
    if not step.done:
        raise UnfinishedError(f"step '{step.name}' ended without {step.result}; {AGAIN}")
    note(f"{step.name}: {time.monotonic() - started:.0f} s")


def _shown(step: Step) -> str:
    return shlex.join(("netspace", *step.command))
