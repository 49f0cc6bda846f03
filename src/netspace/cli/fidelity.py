"""The command `netspace fidelity`: may the super network's scores be trusted?"""

from __future__ import annotations

from dataclasses import asdict
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from netspace.cli.options import (
    AcceptChangedData,
    Device,
    Jobs,
    Json,
    MovedDataset,
    PoolName,
    RecipeName,
    Seed,
    pool_of,
)
from netspace.cli.output import note, print_json, print_table, resumable
from netspace.config import load_recipe
from netspace.records import notes_on_missing
from netspace.runs import FIDELITY, Run

if TYPE_CHECKING:
    from netspace.analysis import Agreement


def fidelity_command(
    run: Annotated[Path, typer.Argument(help="Folder of a finished search.", metavar="RUN")],
    n: Annotated[
        int | None, typer.Option(help="Networks to train per budget, and across all costs; default 12, or 0.", min=0)
    ] = None,
    trained: Annotated[
        list[Path] | None, typer.Option(help="Evaluation whose networks are taken in; repeatable.")
    ] = None,
    recipe: RecipeName = "quick",
    dataset: MovedDataset = None,
    accept_changed_data: AcceptChangedData = False,
    seed: Seed = 0,
    jobs: Jobs = None,
    pool: PoolName = None,
    device: Device = "auto",
    json: Json = False,
) -> None:
    """Compare the super network's ranking with networks trained from scratch, and with what ranks for free."""
    resolved, trainers = load_recipe(recipe), pool_of(pool, jobs, device=device)
    from netspace.analysis.fidelity import OVERALL, WITHIN
    from netspace.cli.progress import PopulationProgress
    from netspace.fidelity import check_fidelity
    from netspace.records.fidelity_file import SUPERNET

    for text in notes_on_missing(trained or []):
        note(text)
    with resumable(run), PopulationProgress(Run(run).store(FIDELITY)) as progress:
        found = check_fidelity(
            run,
            n if n is not None else 0 if trained else 12,
            recipe=resolved,
            trained=trained or (),
            opening={"dataset": dataset, "accept_changed_data": accept_changed_data, "on_note": note},
            seed=seed,
            pool=trainers,
            device=device,
            on_change=progress,
        )
    if json:
        print_json([asdict(agreement) for agreement in found])
        return
    columns = ("score", "networks", "n", "Kendall τ (95 %)", "Spearman ρ")
    print_table(
        f"Agreement with stand-alone validation error, recipe {resolved.name}", columns, [_row(a) for a in found]
    )
    bands = [a for a in found if a.score == SUPERNET and a.group not in (WITHIN, OVERALL)]
    _verdict({a.score: a for a in found if a.group == WITHIN}, SUPERNET, bands)


def _row(a: Agreement) -> list[str]:
    rho = "" if a.rho.value != a.rho.value else f"{a.rho.value:.2f}"
    return [a.score, a.group, str(a.n), f"{a.tau.value:.2f} ({a.tau.low:.2f}…{a.tau.high:.2f})", rho]


def _verdict(within: dict[str, Agreement], name: str, bands: list[Agreement]) -> None:
    from netspace.analysis import is_open
    from netspace.analysis.fidelity import where_of

    if name not in within:
        return
    gate = within.pop(name)
    interval = f"τ {gate.tau.value:.2f} ({gate.tau.low:.2f}…{gate.tau.high:.2f}) within bands"
    if is_open(gate):
        print(f"The {name} ranks better than chance: {interval}.")
    else:
        where = where_of(gate.tau)
        what = f"{where}: it ranks the wrong way round" if gate.tau.high < 0 else where
        print(f"NOT TRUSTWORTHY: the {name}'s {interval}; the interval {what}. The elite files are marked.")
    closed: dict[str, list[str]] = {}
    for a in bands if len(bands) > 1 else []:
        if not is_open(a):
            closed.setdefault(where_of(a.tau), []).append(f"{a.group}, τ {a.tau.value:.2f}")
    for where, at in closed.items():
        print(f"Within one budget alone the interval {where} at {'; '.join(at)}: give these more networks.")
    ranked = [a for a in within.values() if not isnan(a.tau.value)]  # one value for all networks ranks nothing
    better = [f"{a.score} ({a.tau.value:.2f})" for a in ranked if not a.tau.value < gate.tau.value]
    if better:
        print(f"It does not beat: {', '.join(better)}.")
