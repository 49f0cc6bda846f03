"""The command `netspace auto`: the whole chain, from a folder of images to an exported network."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from typing import Annotated

import typer

from netspace.cli.options import (
    ConvertTo,
    ImageColumn,
    LabelColumn,
    Labels,
    Out,
    ResizeTo,
    Seed,
    SkipUnreadable,
    data_options,
)
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
    channels: ConvertTo = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    labels: Labels = None,
    skip_unreadable: SkipUnreadable = False,
    seed: Seed = 0,
) -> None:
    """Plan, search, pick, train, export, report; run again to go on after a stop."""
    target = Budget.parse(budget)
    columns = (image_column, label_column, labels)
    given = data_options(data, image_size, channels, *columns, skip_unreadable=skip_unreadable)
    settings = from_plain(DataSettings, given, "options")
    from netspace.cli.data import read_images, tell_data
    from netspace.data import FOLDER

    images = read_images(settings, out)
    if space is None:
        space = choose_space(target, images.shape)
    recipe = recipe or choose_recipe(len(images.train))
    load_recipe(recipe)
    whole = load_search_space(space)
    target.band(whole.full, whole.template(*images.shape))
    options = _given(image_size=image_size, channels=channels, image_column=image_column, label_column=label_column)
    options += _given(labels=labels) + (("--skip-unreadable",) if skip_unreadable else ())
    tell_data(images)
    images.keep(out / FOLDER)
    pipeline = Pipeline(data, target, space, recipe, out, options, seed)
    note("plan:")
    for step in pipeline.steps():
        note(f"  {step.name}: {step.purpose}")
        note(f"    {_shown(step)}")
    app = context.find_root().command
    started = time.monotonic()
    with resumable(out):
        for step in pipeline.steps():
            _do(step, lambda args: app.main(list(args), standalone_mode=False))
    print(f"done in {time.monotonic() - started:.0f} s; classify an image with")
    print(f"  netspace predict {shlex.quote(str(out / 'export'))} IMAGE")


def _given(**options: object) -> tuple[str, ...]:
    """Return options of a command line, without those that were not given."""
    told = {f"--{name.replace('_', '-')}": str(value) for name, value in options.items() if value is not None}
    return tuple(part for option in told.items() for part in option)


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
