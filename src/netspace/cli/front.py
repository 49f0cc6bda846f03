"""The command `netspace front`: the best spaces of the whole grid at any budget, from one set of scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from netspace.cli.bounds import with_constraints
from netspace.cli.options import AcceptChangedData, Device, Jobs, Json, MovedDataset, OwnRecipe, PoolName, Seed, pool_of
from netspace.cli.output import json_text, note, print_json, resumable, say, tell
from netspace.config import load_recipe
from netspace.cost import PAPER_BUDGETS, Budget, Constraint
from netspace.cost.device_profile import keep_profile
from netspace.documents import write_atomically
from netspace.records import FRONT_FILE
from netspace.runs import CALIBRATION, FRONT, Run
from netspace.settings import Pool

if TYPE_CHECKING:
    from netspace.runs import Readings
    from netspace.surrogate import Makers, Refined, Verdict

Refine = Annotated[bool, typer.Option("--refine", help="Move the best space's bounds for a better hit rate.")]


@with_constraints
def front_command(
    run: Annotated[Path, typer.Argument(help="Folder of a finished search.", metavar="RUN")],
    budget: Annotated[list[str] | None, typer.Option(help="FLOPs target, as 200M, or params=1.2M; repeat it.")] = None,
    budgets: Annotated[
        Literal["run", "paper"], typer.Option(help="Without --budget: the run's or the paper's.")
    ] = "run",
    top: Annotated[int, typer.Option(help="Spaces shown and written for each budget.", min=1, max=40)] = 5,
    min_hit_rate: Annotated[
        float, typer.Option(help="Least share of members in band, where the grid allows it.", min=0, max=1)
    ] = 0.5,
    calibrate: Annotated[
        list[Path] | None, typer.Option(help="Folder of `netspace evaluate` to learn stand-alone errors from.")
    ] = None,
    calibrate_n: Annotated[
        int, typer.Option(help="Train so many networks, spread over costs and shapes, in RUN/calibration.", min=0)
    ] = 0,
    recipe: OwnRecipe = None,
    jobs: Jobs = None,
    pool: PoolName = None,
    device: Device = "auto",
    signal: Annotated[
        Literal["auto", "supernet", "population", "both"],
        typer.Option(help="What is trusted; auto: what ranks stand-alone errors best within bands."),
    ] = "auto",
    evaluations: Annotated[int, typer.Option(help="Most architectures that the super network scores.", min=0)] = 200,
    refine_: Refine = False,
    dataset: MovedDataset = None,
    accept_changed_data: AcceptChangedData = False,
    out: Annotated[Path | None, typer.Option(help="Folder of elite files and front.json; default: RUN/front.")] = None,
    seed: Seed = 0,
    json: Json = False,
    constraints: tuple[Constraint, ...] = (),
) -> None:
    """Judge the spaces of the grid at each budget; scores are made once, later budgets need no training."""
    from netspace.surrogate import CONTENDERS, Question, judge_run

    opened, trainers = Run(run), pool_of(pool, jobs, device=device)
    texts = budget or list(opened.config.budgets if budgets == "run" else PAPER_BUDGETS)
    question = Question(
        tuple(one.bounded(constraints) for one in opened.config.several(texts)),
        signal,
        scores=evaluations,
        trainings=calibrate_n,
        earlier=True,
        folders=tuple(calibrate or ()),
        hit_rate=min_hit_rate,
        seed=seed,
    )
    opening = {"dataset": dataset, "accept_changed_data": accept_changed_data, "on_note": note}
    makers = _makers(opened, opening, question.budgets, recipe=recipe, seed=seed, pool=trainers, device=device)
    with resumable(opened.folder / CALIBRATION):
        verdict = judge_run(opened, question, makers, on_note=note)
    refined = verdict.refined() if refine_ else {}
    folder = out or opened.folder / FRONT
    folder.mkdir(parents=True, exist_ok=True)
    keep_profile(folder)
    files = [elite.save(folder) for elite in verdict.elites(top, refined)]
    _show(verdict, refined, files, top=top, json=json, file=folder / FRONT_FILE, kept=CONTENDERS)


def _show(
    verdict: Verdict, refined: dict[str, Refined], files: list[Path], *, top: int, json: bool, file: Path, kept: int
) -> None:
    """Keep the whole answer in a file, and print the best spaces of it."""
    from netspace.cli.front_tables import plain_front, print_front

    plain = partial(plain_front, verdict.judge, verdict.answers, verdict.signals, refined=refined, files=files)
    write_atomically(file, json_text(plain(top=kept)))
    if json:
        print_json(plain(top=top))
        return
    print_front(verdict.judge, verdict.answers, verdict.signals, refined=refined, top=top)
    for elite_file in files:
        say(elite_file)


def _makers(
    run: Run,
    opening: dict[str, Any],
    budgets: Sequence[Budget],
    *,
    recipe: str | None,
    seed: int,
    pool: Pool,
    device: str,
) -> Makers:
    """Return what makes scores and trainings, each going on where it stopped; torch is loaded when one is needed."""
    from netspace.surrogate import Makers

    of_search = {**opening, "device": device}

    def score(n: int) -> Readings:
        if run.score_file.finished(n):
            return run.scores
        from netspace.search.score_run import score_run

        with resumable(run.score_file.file):
            return score_run(run, n, seed=seed, opening=of_search, on_score=partial(tell, "scores"))

    def train(n: int) -> Path:
        from netspace.finding import train_calibration
        from netspace.search import open_data

        images = open_data(run, **opening)
        with resumable(run.folder / CALIBRATION):
            return train_calibration(
                run.folder,
                n,
                search_space=run.space,
                template=run.template,
                images=images,
                recipe=load_recipe(run.recipe_of_trainings(recipe)),
                budgets=budgets,
                seed=seed,
                pool=pool,
                device=device,
                on_trained=partial(tell, "trainings"),
            )

    return Makers(score, train)
