"""The command `netspace auto`: the whole chain, from a folder of images to an exported network."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netspace.cli.export import end_of_export, print_exports
from netspace.cli.nas import print_picked
from netspace.cli.options import (
    ConvertTo,
    ImageColumn,
    Json,
    LabelColumn,
    Labels,
    Out,
    PlanOnly,
    ResizeTo,
    Seed,
    SkipUnreadable,
    data_options,
)
from netspace.cli.output import note
from netspace.cli.plan import print_plan
from netspace.cli.report import print_report
from netspace.cli.search import print_elites
from netspace.cli.steps import do_steps
from netspace.cli.train import print_card
from netspace.config import load_recipe, load_search_space
from netspace.cost import Budget
from netspace.documents import from_plain, to_plain, to_yaml, write_atomically
from netspace.errors import NetspaceError
from netspace.settings import DataSettings
from netspace.steps import begun_with

if TYPE_CHECKING:
    from netspace.choices import Choices
    from netspace.data import ImageData
    from netspace.handover import Exported


def auto_command(
    data: Annotated[str, typer.Option(help="A folder with one folder of images per class, or as search's --dataset.")],
    budget: Annotated[str, typer.Option(help="Target of the network, as 5M or params=100K.")],
    out: Out,
    space: Annotated[str | None, typer.Option(help="Default: the smallest preset with room around the budget.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Of the full training; default: few below 5 000 images, else standard.")
    ] = None,
    time_limit: Annotated[
        str | None, typer.Option(help="Fewer trainings and a shorter schedule, so that all is done by then, as 30m.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(help="Networks that the search trains at a time; default: one per core.", min=1)
    ] = None,
    image_size: ResizeTo = None,
    channels: ConvertTo = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    labels: Labels = None,
    skip_unreadable: SkipUnreadable = False,
    seed: Seed = 0,
    plan: PlanOnly = False,
    json: Json = False,
) -> None:
    """Plan, search, pick, train, export, report; run again to go on after a stop."""
    if json and not plan:
        raise NetspaceError("--json prints a plan; give --plan too, or leave it out")
    target = Budget.parse(budget)
    columns = (image_column, label_column, labels)
    given = data_options(data, image_size, channels, *columns, skip_unreadable=skip_unreadable)
    settings = from_plain(DataSettings, given, "options")
    from netspace.cli.data import read_timed, tell_data
    from netspace.data import FOLDER
    from netspace.finding import parse_duration
    from netspace.pipeline import CHOICES, Pipeline

    jobs = jobs or os.cpu_count() or 1
    asked = {"budget": str(target), "space": space, "recipe": recipe, "time_limit": time_limit, "seed": seed}
    known = begun_with(out / CHOICES, asked)
    if recipe is not None:
        load_recipe(recipe)
    limit = None if time_limit is None else parse_duration(time_limit)
    images, reading = read_timed(settings, out)
    left = None if limit is None else max(limit - reading, 1)
    chosen = _chosen(known, target, images, space=space, recipe=recipe, left=left, jobs=jobs)
    pipeline = Pipeline(settings, target, chosen, out, seed, jobs)
    for reason in chosen.reasons:
        note(f"chosen: {reason}")
    if plan:
        print_plan(pipeline.plan(images), json, images=images, reading=reading)
        return
    tell_data(images)
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / CHOICES, to_yaml({**asked, "chosen": to_plain(chosen)}))
    images.keep(out / FOLDER)
    started = time.monotonic()
    do_steps("auto", pipeline.steps, _SHOW, out)
    print(f"done in {time.monotonic() - started:.0f} s; classify an image with")
    print(f"  netspace predict {shlex.quote(str(out / 'export'))} IMAGE")


def _chosen(
    known: dict[str, Any] | None,
    budget: Budget,
    images: ImageData,
    *,
    space: str | None,
    recipe: str | None,
    left: float | None,
    jobs: int,
) -> Choices:
    """Return what was chosen when the folder was begun, or choose now.

    Args:
        known: what the folder's file says; None where there is none.
        budget: target.
        images: that were read.
        space: as asked for.
        recipe: as asked for.
        left: seconds of the time limit; None where there is none.
        jobs: networks that the search trains at a time.
    """
    from netspace.choices import Choices, choose

    if space is not None:
        whole = load_search_space(space)
        budget.band(whole.full, whole.template(*images.shape))
    if known is not None:
        return from_plain(Choices, known.get("chosen"), "auto.yaml")
    return choose(budget, images, space=space, recipe=recipe, time_limit=left, jobs=jobs)


def _show_exports(done: Exported, out: Path) -> None:
    print_exports(done, out)
    end_of_export(done)


_SHOW: dict[str, Callable[[Any, Path], None]] = {
    "search": print_elites,
    "nas": lambda picked, _: print_picked(picked),
    "train": print_card,
    "export": _show_exports,
    "report": lambda files, _: print_report(files),
}
