"""The command `netspace table`: the paper's Table 1 on a run."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from netspace.cli.bounds import with_constraints
from netspace.cli.options import (
    AcceptChangedData,
    Device,
    Jobs,
    Json,
    PlanOnly,
    PoolName,
    RecipeName,
    deadline_of,
    pool_of,
)
from netspace.cli.output import note, print_json, print_table, resumable
from netspace.config import load_recipe
from netspace.cost import Constraint, format_amount
from netspace.documents import from_plain
from netspace.records import gone_wrong
from netspace.runs import TABLE, Run
from netspace.settings import NasSettings

if TYPE_CHECKING:
    from netspace.finding import Deadline


@with_constraints
def table_command(
    run: Annotated[Path, typer.Argument(help="Folder of a finished search.", metavar="RUN")],
    dataset: Annotated[
        str | None, typer.Option(help="Data to train on: the run's own where they moved, or others of their shape.")
    ] = None,
    accept_changed_data: AcceptChangedData = False,
    budgets: Annotated[str, typer.Option(help="Targets, as 200M,400M, or `all` of the run's.")] = "all",
    recipe: RecipeName = "quick",
    seeds: Annotated[int, typer.Option(help="Repetitions of NAS and training.", min=1)] = 3,
    method: Annotated[
        Literal["random", "evolution", "differentiable", "model"] | None,
        typer.Option(help="NAS, the same for both spaces. Default: random, or model where there is no super network."),
    ] = None,
    candidates: Annotated[int, typer.Option(help="Architectures that each NAS scores.", min=1)] = 40,
    train: Annotated[int, typer.Option(help="With model: networks trained before one is chosen.", min=0)] = 0,
    jobs: Jobs = None,
    pool: PoolName = None,
    device: Device = "auto",
    format: Annotated[Literal["table", "markdown", "csv", "latex"], typer.Option(help="How it is printed.")] = "table",
    out: Annotated[Path | None, typer.Option(help="Folder of the results; default: `table` in the run.")] = None,
    time_limit: Annotated[
        str | None, typer.Option(help="Fewer seeds, so that all is done by then, as 30m; one at least.")
    ] = None,
    plan: PlanOnly = False,
    json: Json = False,
    constraints: tuple[Constraint, ...] = (),
) -> None:
    """Compare NAS in the Elite Spaces with NAS in the whole search space; run again to go on after a stop."""
    resolved, trainers, config = load_recipe(recipe), pool_of(pool, jobs, device=device), Run(run).config
    method = method or Run(run).nas_method
    settings = from_plain(
        NasSettings, {"method": method, "samples": 1, "candidates": candidates, "train": train}, "options"
    )
    deadline = deadline_of(time_limit)
    asked = config.budgets if budgets == "all" else budgets.split(",")
    targets = [config.budget(text).bounded(constraints) for text in asked]
    folder = out or run / TABLE
    comparison: dict[str, Any] = {"recipe": resolved, "settings": settings, "seeds": seeds, "budgets": targets}
    comparison |= {"dataset": dataset, "out": folder, "pool": trainers, "device": device}
    comparison |= {"opening": {"accept_changed_data": accept_changed_data, "on_note": note}}
    if plan:
        _print_plan(run, comparison, deadline, json)
        return
    from netspace.cli.progress import PopulationProgress
    from netspace.nas_comparison import compare_nas

    with resumable(folder), PopulationProgress(Run(folder).store()) as progress:
        compare_nas(run, **comparison, deadline=deadline, on_found=_say, on_change=progress, on_note=note)
    print_nas(folder, format, json=json)


def _print_plan(run: Path, comparison: dict[str, Any], deadline: Deadline | None, json: bool) -> None:
    from netspace.cli.plan import print_plan
    from netspace.nas_comparison import open_comparison, plan_comparison, seeds_within

    begun = time.perf_counter()
    opened = seeds_within(deadline, open_comparison(run, **comparison), note)
    reading = time.perf_counter() - begun
    print_plan(plan_comparison(opened), json, images=opened.data, reading=reading)


def _say(found: dict[str, Any]) -> None:
    chosen = f"d={found['depth']} w={found['width']}, score {found['score']:.2%}"
    note(f"{found['side']} at {format_amount(found['target'])}, seed {found['place']}: {chosen}")


def print_nas(folder: Path, format: str = "table", *, json: bool = False) -> None:
    """Print a run's Table 1, as text of a format or as one JSON value."""
    from netspace.report import TEXTS, nas_tables

    for text in gone_wrong(Run(folder).store()):
        note(text)
    if json:
        print_json(nas_plain(folder))
        return
    for table in nas_tables(folder):
        if format == "table":
            print_table(table.title, table.columns, table.rows)
        else:
            print(TEXTS[format](table), end="")


def nas_plain(folder: Path) -> list[dict[str, Any]]:
    """Return a run's Table 1 as plain data, one entry for each target and side."""
    from netspace.report import nas_cells

    return [{**asdict(cell), "error": cell.error._asdict()} for cell in nas_cells(folder)]
