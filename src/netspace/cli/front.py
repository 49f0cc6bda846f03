"""The command `netspace front`: the best spaces of the whole grid at any budget, from one set of scores."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from netspace.cli.options import AcceptChangedData, Jobs, Json, MovedDataset, RecipeName, Seed
from netspace.cli.output import json_text, note, notes_on_missing, print_json, resumable, say, tell
from netspace.config import load_recipe
from netspace.cost import Budget, CostModel
from netspace.documents import write_atomically
from netspace.records import FRONT_FILE, NetworkStore, check_complete

if TYPE_CHECKING:
    from netspace.surrogate import BudgetAnswer, Evidence, FinishedRun, Front, Refined

PAPER = ("200M", "400M", "600M", "1.6G", "3.2G", "4G", "6.4G", "8G", "12G", "16G", "24G", "32G")


def front_command(
    run: Annotated[Path, typer.Argument(help="Folder of a finished search.", metavar="RUN")],
    budget: Annotated[list[str] | None, typer.Option(help="FLOPs target, as 200M; repeat it.")] = None,
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
    recipe: RecipeName = "quick",
    jobs: Jobs = 1,
    signal: Annotated[
        Literal["auto", "supernet", "population", "both"],
        typer.Option(help="What is trusted; auto: what ranks stand-alone errors best within bands."),
    ] = "auto",
    evaluations: Annotated[int, typer.Option(help="Most architectures that the super network scores.", min=0)] = 200,
    refine_: Annotated[
        bool, typer.Option("--refine", help="Move the best space's bounds for a better hit rate.")
    ] = False,
    dataset: MovedDataset = None,
    accept_changed_data: AcceptChangedData = False,
    out: Annotated[Path | None, typer.Option(help="Folder of elite files and front.json; default: RUN/front.")] = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Judge every space of the grid at each budget; scores are made once, later budgets need no training."""
    from netspace.cli.front_tables import plain_front, print_front
    from netspace.surrogate import CONTENDERS, Front, open_run

    opened = open_run(run)
    texts = budget or list(opened.config.budgets if budgets == "run" else PAPER)
    targets = [Budget.parse(text, opened.config.tolerance) for text in texts]
    for target in targets:
        target.band(opened.space.full, opened.template)
    opening = {"dataset": dataset, "accept_changed_data": accept_changed_data, "on_note": note}
    folders = [*(calibrate or []), *_calibration(opened, calibrate_n, recipe, seed, jobs, opening)]
    evidence = _evidence(opened, signal, folders, evaluations, seed, opening)
    chosen, signals = evidence.signal(signal, seed=seed)
    front = Front(opened, chosen, hit_rate=min_hit_rate)
    answers = front.answer(targets)
    refined = {str(a.budget): _refine(front, a) for a in answers if refine_}
    folder = out or run / "front"
    folder.mkdir(parents=True, exist_ok=True)
    files = [_save(front, answer, refined.get(str(answer.budget)), top, folder) for answer in answers]
    plain = partial(plain_front, front, answers, signals, refined=refined, files=files)
    write_atomically(folder / FRONT_FILE, json_text(plain(top=CONTENDERS)))
    if json:
        print_json(plain(top=top))
        return
    print_front(front, answers, signals, refined=refined, top=top)
    for file in files:
        say(file)


def _save(front: Front, answer: BudgetAnswer, better: Refined | None, top: int, folder: Path) -> Path:
    return front.elite(answer, top, refined=None if better is None else better.after).save(folder)


def _refine(front: Front, answer: BudgetAnswer) -> Refined:
    from netspace.surrogate import refine

    run, space = front.run, front.space(answer.contenders[0])
    model = CostModel(run.template, answer.budget.kind)
    return refine(space, search_space=run.space, signal=front.signal, model=model, budget=answer.budget)


def _calibration(run: FinishedRun, n: int, recipe: str, seed: int, jobs: int, opening: dict[str, Any]) -> list[Path]:
    """Train what is missing of n networks of the run's own calibration; return its folder where it is there."""
    from netspace.surrogate import CALIBRATION

    folder = run.folder / CALIBRATION
    if not n:
        if not folder.exists():
            return []
        with resumable(folder):
            check_complete(NetworkStore(folder))
        return [folder]
    from netspace.finding import train_calibration
    from netspace.search import open_data

    images = open_data(run.folder, **opening)
    with resumable(folder):
        train_calibration(
            run.folder,
            n,
            search_space=run.space,
            template=run.template,
            images=images,
            recipe=load_recipe(recipe),
            seed=seed,
            jobs=jobs,
            on_trained=partial(tell, "trainings"),
        )
    return [folder]


def _evidence(
    run: FinishedRun, signal: str, folders: list[Path], evaluations: int, seed: int, opening: dict[str, Any]
) -> Evidence:
    """Read what is known, and score architectures where the signal needs scores and there are none yet."""
    from netspace.surrogate import Evidence, ScoreFile, Scores, take_in

    trained, notes = take_in(run, folders)
    for text in (*notes_on_missing(folders), *notes):
        note(text)
    file = ScoreFile(run.folder)
    scores = file.read(len(run.space.stages), run.space)
    if signal == "population" or run.config.search.estimator == "population":
        scores = Scores.none(len(run.space.stages))
    elif evaluations and not file.finished(evaluations):
        from netspace.search.score_run import score_run

        with resumable(file.file):
            told = partial(tell, "scores")
            scores = score_run(run.folder, evaluations, seed=seed, opening=opening, on_score=told)
    return Evidence(run, scores, trained)
