"""The command `netspace auto`: the whole chain, from a folder of images to an exported network."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netspace.cli.export import end_of_export, print_exports
from netspace.cli.nas import print_picked
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
from netspace.cli.output import note, resumable, tell
from netspace.cli.report import print_report
from netspace.cli.search import print_elites
from netspace.cli.train import describe_training, print_card
from netspace.config import load_recipe, load_search_space
from netspace.cost import Budget
from netspace.documents import from_plain
from netspace.errors import UnfinishedError
from netspace.settings import DataSettings

if TYPE_CHECKING:
    from netspace.handover import Exported
    from netspace.pipeline import Listener, Step

AGAIN = "run the same command again to go on with it"


def auto_command(
    data: Annotated[str, typer.Option(help="A folder with one folder of images per class, or as search's --dataset.")],
    budget: Annotated[str, typer.Option(help="Target of the network, as 5M or params=100K.")],
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
    from netspace.pipeline import Pipeline, choose_recipe, choose_space

    images = read_images(settings, out)
    if space is None:
        space = choose_space(target, images.shape)
    recipe = recipe or choose_recipe(len(images.train))
    load_recipe(recipe)
    whole = load_search_space(space)
    target.band(whole.full, whole.template(*images.shape))
    tell_data(images)
    images.keep(out / FOLDER)
    pipeline = Pipeline(settings, target, space, recipe, out, seed)
    note("plan:")
    for step in pipeline.steps():
        note(f"  {step.name}: {step.purpose}")
        note(f"    {_shown(step)}")
    started = time.monotonic()
    with resumable(out):
        for step in pipeline.steps():
            _do(step)
    print(f"done in {time.monotonic() - started:.0f} s; classify an image with")
    print(f"  netspace predict {shlex.quote(str(out / 'export'))} IMAGE")


def _do(step: Step) -> None:
    """Do a step that is not done; end with its exit code where it is not 0, and say which step it was."""
    if step.done:
        step.tidy()
        note(f"{step.name}: done already, {step.result}")
        return
    note(f"{step.name}: {_shown(step)}")
    started = time.monotonic()
    try:
        with step.cleared():
            code = _code(step)
    except Exception:
        note(f"auto stopped in step '{step.name}'; {AGAIN}")
        raise
    if code:
        note(f"auto stopped in step '{step.name}', which ended with exit code {code}; {AGAIN}")
        raise typer.Exit(code)
    if not step.done:
        raise UnfinishedError(f"step '{step.name}' ended without {step.result}; {AGAIN}")
    note(f"{step.name}: {time.monotonic() - started:.0f} s")


def _code(step: Step) -> int:
    """Do a step as its command would, show what came of it, and return the exit code."""
    try:
        with _listening(step) as listener:
            result = step.work(listener)
        _SHOW[step.name](result, step.result.parent)
    except typer.Exit as end:
        return end.exit_code
    except KeyboardInterrupt:
        note("stopped")
        return 130
    return 0


@contextmanager
def _listening(step: Step) -> Iterator[Listener]:
    """Show how far a step has come, as its command does."""
    from netspace.cli.progress import EpochProgress, describe
    from netspace.pipeline import Listener

    going: dict[str, tuple[str, Callable[[Any], str]]]
    going = {"search": (" where it stopped", describe), "train": (" from its last epoch", describe_training)}
    if step.name not in going:
        yield Listener(on_note=note)
        return
    how, described = going[step.name]
    with resumable(step.result.parent, how), EpochProgress(described) as progress:
        yield Listener(progress, tell, note)


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


def _shown(step: Step) -> str:
    return shlex.join(("netspace", *step.command))
