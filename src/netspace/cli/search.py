"""The command `netspace search`: from images and budgets to Elite Spaces."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from netspace.cli.bounds import with_constraints
from netspace.cli.options import (
    ConvertTo,
    Dataset,
    Devices,
    ImageColumn,
    Jobs,
    Json,
    LabelColumn,
    Labels,
    Nodes,
    Out,
    PlanOnly,
    PoolName,
    ResizeTo,
    SkipUnreadable,
    data_options,
    pool_of,
    seconds_of,
)
from netspace.cli.output import KINDS, note, per_stage, print_json, print_table, resumable, say, tell
from netspace.cli.ranks import Place, place_of, run_ranks
from netspace.config import resolve
from netspace.cost import Constraint, format_amount
from netspace.documents import to_plain
from netspace.errors import NetspaceError
from netspace.records import EliteSpace
from netspace.runs import Run
from netspace.settings import LARGEST_SEED, Pool, Precision, SearchConfig


@with_constraints
def search_command(
    dataset: Dataset,
    space: Annotated[str, typer.Option(help="A preset (see `netspace spaces`) or a YAML file.")],
    budget: Annotated[
        list[str], typer.Option(help="FLOPs target, as 200M, or another cost's, as params=1.2M; repeatable.")
    ],
    out: Out,
    config: Annotated[Path | None, typer.Option(help="YAML file of settings.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="A setting, as search.epochs=12; repeatable.")] = None,
    estimator: Annotated[
        str | None,
        typer.Option(help="score, gumbel, front or population; default: what the search space's file says."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of every random draw.", min=0, max=LARGEST_SEED)] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"] | None, typer.Option(help="Where to train.")] = None,
    precision: Annotated[
        Precision | None, typer.Option(help="Arithmetic of training; default: auto, the faster one here.")
    ] = None,
    tolerance: Annotated[float | None, typer.Option(help="Relative distance that satisfies a budget.")] = None,
    image_size: ResizeTo = None,
    channels: ConvertTo = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    labels: Labels = None,
    skip_unreadable: SkipUnreadable = False,
    jobs: Jobs = None,
    pool: PoolName = None,
    time_limit: Annotated[
        str | None,
        typer.Option(help="End the trainings of estimator population by then, as 30m."),
    ] = None,
    devices: Devices = 1,
    nodes: Nodes = 1,
    plan: PlanOnly = False,
    json: Json = False,
    constraints: tuple[Constraint, ...] = (),
) -> None:
    """Search for one Elite Space per budget; run the same command again to go on after a stop."""
    columns = (image_column, label_column, labels)
    data = data_options(dataset, image_size, channels, *columns, skip_unreadable=skip_unreadable)
    options: dict[str, Any] = {"data": data, "budgets": budget, "tolerance": tolerance, "seed": seed, "device": device}
    options |= {"precision": precision, "search": {"estimator": estimator}}
    options |= {"constraints": [str(one) for one in constraints] or None}
    resolved = resolve(space, file=config, settings=tuple(set_ or ()), options=options)
    place = place_of(devices, nodes)
    trainers = pool_of(pool, jobs, device=resolved.device, reach=place is not None and not place.rank)
    if plan:
        _print_plan(resolved, out, trainers, json, place)
        return
    if place is None:
        run_ranks(devices, out)
        return
    elites = _found(resolved, out, place, pool=trainers, time_limit=time_limit)
    if place.rank:
        return
    if json:
        print_json([{"file": str(out / elite.filename), **to_plain(elite)} for elite in elites])
        return
    print_elites(elites, out)


def _found(config: SearchConfig, out: Path, place: Place, *, pool: Pool, time_limit: str | None) -> list[EliteSpace]:
    """Search as one of the processes that train together; those other than the first find and say nothing."""
    from netspace.cli.progress import EpochProgress
    from netspace.finding import find_spaces
    from netspace.models import resolve_device
    from netspace.runtime import Runtime, joined

    how: dict[str, Any] = {"pool": pool, "time_limit": seconds_of(time_limit)}
    with joined(Runtime(*place), resolve_device(config.device)) as runtime:
        if not runtime.first:
            return find_spaces(config, out, runtime=runtime, **how)
        with resumable(out, " where it stopped"), EpochProgress() as progress:
            how |= {"on_epoch": progress, "on_progress": tell, "on_note": note}
            return find_spaces(config, out, runtime=runtime, **how)


def _print_plan(config: SearchConfig, out: Path, pool: Pool, json: bool, place: Place | None) -> None:
    if place != Place():
        raise NetspaceError("--plan measures one process; leave out --devices and --nodes")
    from netspace.cli.data import read_timed
    from netspace.cli.plan import print_plan
    from netspace.evaluate import at_a_time
    from netspace.finding import data_settings
    from netspace.planning import plan_search

    images, reading = read_timed(data_settings(config), out)
    run = Run(out) if Run(out).exists else None
    print_plan(plan_search(config, images, jobs=at_a_time(pool), run=run), json, images=images, reading=reading)


def print_elites(elites: list[EliteSpace], out: Path) -> None:
    """Print the best space of each budget, and the files of all of them."""
    rows = []
    for elite in elites:
        best = elite.candidates[0]
        away = best.cost.median / elite.budget.target - 1
        rows.append(
            [
                elite.budget.told,
                *best.space.shown().values(),
                f"{best.probability:.2f}",
                f"{best.hit_rate:.1%}",
                f"{format_amount(best.cost.median, elite.budget.kind)} ({away:+.1%})",
            ]
        )
        if not elite.meets:
            note(
                f"no member of the space for {elite.budget} satisfies it: Θ has not settled; raise search.epochs, or "
                "take --estimator population"
            )
    chance = " or ".join(dict.fromkeys(elite.chance for elite in elites))
    knobs = [per_stage(name) for name in elites[0].space.shown()]
    kinds = " or ".join(dict.fromkeys(KINDS.get(elite.budget.kind, elite.budget.kind) for elite in elites))
    columns = ("budget", *knobs, chance, "hit rate", f"median {kinds}")
    print_table("Elite Spaces", columns, rows)
    for elite in elites:
        say(out / elite.filename)
