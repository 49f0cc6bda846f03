"""The command `netspace auto`: the whole chain, from a folder of images to an exported network."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netspace.cli.bounds import tell_profile, with_constraints
from netspace.cli.export import end_of_export, print_exports
from netspace.cli.nas import print_picked
from netspace.cli.options import (
    ConvertTo,
    ImageColumn,
    Jobs,
    Json,
    LabelColumn,
    Labels,
    Out,
    PlanOnly,
    PoolName,
    ResizeTo,
    Seed,
    SkipUnreadable,
    data_options,
    deadline_of,
    pool_of,
)
from netspace.cli.output import note, tell
from netspace.cli.plan import print_plan
from netspace.cli.profile import RuntimeName
from netspace.cli.report import print_report
from netspace.cli.search import print_elites
from netspace.cli.steps import do_step, do_steps
from netspace.cli.train import print_card
from netspace.config import load_recipe
from netspace.cost import Budget, Constraint, profile_in_use, use_profile
from netspace.cost.device_profile import KEPT, keep_profile
from netspace.documents import from_plain, to_plain, to_yaml, write_atomically
from netspace.errors import NetspaceError
from netspace.settings import DataSettings, Pool
from netspace.spaces import NetworkTemplate, SearchSpace
from netspace.steps import begun_chain
from netspace.wanted import Know, Wanted

if TYPE_CHECKING:
    from netspace.choices import Choices
    from netspace.data import ImageData
    from netspace.finding import Deadline
    from netspace.handover import Exported
    from netspace.planning import PlannedStep

LATER = ("constraints", "target")  # of what is asked: left out of the file where they are not


@partial(with_constraints, profiles=True)
def auto_command(
    data: Annotated[str, typer.Option(help="A folder with one folder of images per class, or as search's --dataset.")],
    out: Out,
    budget: Annotated[
        str | None,
        typer.Option(help="Target, as 5M or params=100K; default: the FLOPs that the bounds leave room for."),
    ] = None,
    space: Annotated[str | None, typer.Option(help="Default: the smallest preset with room around the budget.")] = None,
    recipe: Annotated[
        str | None, typer.Option(help="Of the full training; default: few below 5 000 images, else standard.")
    ] = None,
    time_limit: Annotated[
        str | None, typer.Option(help="Fewer trainings and a shorter schedule, so that all is done by then, as 30m.")
    ] = None,
    jobs: Jobs = None,
    pool: PoolName = None,
    image_size: ResizeTo = None,
    channels: ConvertTo = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    labels: Labels = None,
    skip_unreadable: SkipUnreadable = False,
    target: Annotated[
        RuntimeName | None,
        typer.Option(help="What runs the network in the end: latency is measured with it. Default: torch."),
    ] = None,
    seed: Seed = 0,
    plan: PlanOnly = False,
    json: Json = False,
    constraints: tuple[Constraint, ...] = (),
) -> None:
    """Plan, search, pick, train, export, report; run again to go on after a stop."""
    if json and not plan:
        raise NetspaceError("--json prints a plan; give --plan too, or leave it out")
    wanted = Wanted(None if budget is None else Budget.parse(budget), constraints)
    columns = (image_column, label_column, labels)
    given = data_options(data, image_size, channels, *columns, skip_unreadable=skip_unreadable)
    settings = from_plain(DataSettings, given, "options")
    aim, bounds = None if wanted.budget is None else str(wanted.budget), wanted.bounds or None
    asked = {"budget": aim, "space": space, "recipe": recipe, "time_limit": time_limit, "seed": seed}
    asked |= {"constraints": bounds, "target": target}
    trainers = pool_of(pool, jobs, device="auto")
    _go(settings, wanted, asked, out, pool=trainers, plan=plan, json=json)


def _go(
    settings: DataSettings, wanted: Wanted, asked: dict[str, Any], out: Path, *, pool: Pool, plan: bool, json: bool
) -> None:
    """Choose, or take what was chosen when the folder was begun; then plan, or do what is not done."""
    from netspace.cli.data import read_timed, tell_data
    from netspace.data import FOLDER
    from netspace.evaluate import at_a_time
    from netspace.pipeline import CHOICES, Pipeline

    known = begun_chain(out / CHOICES, asked)
    if known is None:
        _check_target(asked["target"], out)
        _check_int8(wanted, asked["target"])
    if asked["recipe"] is not None:
        load_recipe(asked["recipe"])
    deadline = deadline_of(asked["time_limit"])
    images, reading = read_timed(settings, out)
    profiling = _Profiling(asked, out, plan)
    chosen = _chosen(known, asked, wanted, images, deadline=deadline, jobs=at_a_time(pool), know=profiling)
    pipeline = Pipeline(settings, chosen.budget_of(wanted), chosen, out, asked["seed"], pool, asked["target"])
    for reason in chosen.reasons:
        note(f"chosen: {reason}")
    if plan:
        found = pipeline.plan(images)
        found = replace(found, steps=(*profiling.planned, *found.steps))
        print_plan(found, json, images=images, reading=reading)
        return
    tell_data(images)
    out.mkdir(parents=True, exist_ok=True)
    keep_profile(out)
    written = {key: value for key, value in asked.items() if key not in LATER or value is not None}
    write_atomically(out / CHOICES, to_yaml({**written, "chosen": to_plain(chosen)}))
    images.keep(out / FOLDER)
    started = time.monotonic()
    do_steps("auto", pipeline.steps, _SHOW, out)
    if deadline is not None and deadline.left < 0:
        note(f"this took {-deadline.left:.0f} s more than the time limit of {deadline}")
    print(f"done in {time.monotonic() - started:.0f} s; classify an image with")
    print(f"  netspace predict {shlex.quote(str(out / 'export'))} IMAGE")


def _chosen(
    known: dict[str, Any] | None,
    asked: dict[str, Any],
    wanted: Wanted,
    images: ImageData,
    *,
    deadline: Deadline | None,
    jobs: int,
    know: Know,
) -> Choices:
    """Return what was chosen when the folder was begun, or choose now.

    Args:
        known: what the folder's file says; None where there is none.
        asked: space and recipe, as asked for.
        wanted: of the network.
        images: that were read.
        deadline: of all; None where there is none.
        jobs: networks that the search trains at a time.
        know: makes latency known where nothing says what it is of.
    """
    from netspace.choices import Choices, choose

    if known is not None:
        return from_plain(Choices, known.get("chosen"), "auto.yaml")
    how = {"space": asked["space"], "recipe": asked["recipe"]}
    return choose(wanted, images, **how, deadline=deadline, jobs=jobs, know=know)


def _check_target(target: str | None, out: Path) -> None:
    """Raise NetspaceError where what runs the network in the end is not installed, or contradicts a profile."""
    if target is not None:
        from netspace.profiling import check_target

        check_target(target)
    ours = (out / KEPT).exists()  # of a folder whose beginning was cut short
    if target is not None and not ours and (used := profile_in_use()) is not None:
        raise NetspaceError(f"latency is of {used.device}; leave out --target {target}, or the profile")


def _check_int8(wanted: Wanted, target: str | None) -> None:
    """Raise NetspaceError where a bound is of what the network takes in eight bits, and no format has them here."""
    from netspace.handover import EIGHT_BITS, FORMATS, extra_of, kind_of, needs_of, require, writable

    kinds = [one.kind for one in (wanted.budget, *wanted.constraints) if one is not None]
    asked = [kind for kind in kinds if kind.endswith(EIGHT_BITS)]
    if not asked:
        return
    for name in FORMATS:
        if name == target:
            require(f"target {target} in eight bits", *needs_of(name, int8=True), extra=extra_of(name))
    if all(kind_of(name).int8 is None for name in writable(int8=True)):
        raise NetspaceError(f"{asked[0]} is of a network in eight bits, which needs netspace[export] to be handed over")


@dataclass(frozen=True)
class _Profiling:
    """How latency becomes known where no profile is given: this device is measured, as a step of the chain.

    Args:
        asked: space (None where it is chosen), target and seed.
        out: folder of all results.
        plan: whether nothing may be written.
        planned: what was measured for a plan.
    """

    asked: dict[str, Any]
    out: Path
    plan: bool
    planned: list[PlannedStep] = field(default_factory=list)

    def __call__(self, space: SearchSpace, template: NetworkTemplate) -> None:
        """Measure a space's networks, or take the measurements that are there."""
        from netspace.analysis import Interval
        from netspace.pipeline import profile_step
        from netspace.planning import PlannedStep
        from netspace.profiling import profile_space

        how: dict[str, Any] = {"target": self.asked["target"] or "torch", "seed": self.asked["seed"]}
        step = profile_step(space, template, given=self.asked["space"] or space.name, out=self.out, **how)
        if self.plan and not step.done:
            note("profile: measured for the plan, and not kept")
            begun = time.monotonic()
            found = profile_space(space.full, template, name=space.name, **how, on_progress=tell)
            taken = time.monotonic() - begun
            what = f"blocks and networks of {space.name} timed for its profile"
            self.planned.append(PlannedStep(what, len(found.measurements), Interval(taken, taken, taken)))
            use_profile(found)
        else:
            do_step(step, "auto", lambda found, out: None)
            use_profile(step.result)
        tell_profile()


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
