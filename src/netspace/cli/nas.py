"""The command `netspace nas`: networks picked inside a space with a finished run's super network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from netspace.cli.bounds import with_constraints
from netspace.cli.options import (
    AcceptChangedData,
    Device,
    Jobs,
    Json,
    MovedDataset,
    OwnRecipe,
    PoolName,
    Seed,
    load_space,
    pool_of,
)
from netspace.cli.output import KINDS, note, print_json, print_table, resumable
from netspace.config import load_document, load_recipe
from netspace.cost import Budget, Constraint, CostModel, format_amount
from netspace.documents import from_plain
from netspace.errors import NetspaceError
from netspace.records import elite_from_plain
from netspace.runs import Run
from netspace.settings import NasSettings, Pool, SearchConfig
from netspace.spaces import NetworkSpace, NetworkTemplate

if TYPE_CHECKING:
    from netspace.finding import BriefTraining
    from netspace.search import Picked


@with_constraints
def nas_command(
    space: Annotated[str, typer.Argument(help="Elite file, preset or space file.", metavar="SPACE_OR_ELITE")],
    run: Annotated[Path, typer.Option(help="Folder of the finished search whose super network scores.")],
    budget: Annotated[
        str | None, typer.Option(help="Target, as 200M or params=1.2M; default: the elite's own.")
    ] = None,
    method: Annotated[
        Literal["random", "evolution", "differentiable", "model"] | None,
        typer.Option(
            help="How networks are found; model asks the run's model of error instead of its super network. Default: "
            "random, or model where the run has no super network."
        ),
    ] = None,
    samples: Annotated[int, typer.Option(help="Architectures to write, best first.", min=1)] = 5,
    candidates: Annotated[int, typer.Option(help="Architectures that the super network scores.", min=1)] = 40,
    train: Annotated[
        int, typer.Option(help="With model: train so many of the best briefly before choosing.", min=0)
    ] = 0,
    recipe: OwnRecipe = None,
    jobs: Jobs = None,
    pool: PoolName = None,
    finetune_epochs: Annotated[int, typer.Option(help="Epochs on the space's members before scoring.", min=0)] = 0,
    dataset: MovedDataset = None,
    accept_changed_data: AcceptChangedData = False,
    seed: Seed = 0,
    device: Device = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder for the files; default: inside the run.")] = None,
    json: Json = False,
    constraints: tuple[Constraint, ...] = (),
) -> None:
    """Find networks of a space that satisfy a budget and that the run's super network or model of error ranks first."""
    opened, trainers = Run(run), pool_of(pool, jobs, device=device)
    method = method or opened.nas_method
    given = {"samples": samples, "candidates": candidates, "finetune_epochs": finetune_epochs, "train": train}
    settings = from_plain(NasSettings, {"method": method, **given}, "options")
    opening = {"dataset": dataset, "accept_changed_data": accept_changed_data, "on_note": note}
    if method == "model":
        inside, target = _space(space, budget, opened.template, opened.config, constraints)
        folder = out or run / "nas" / _folder_name(space, target, method)
        training = _training(opened, opening, recipe, pool=trainers, device=device) if train else None
        from netspace.finding import pick_by_model

        where = {"source": space, "folder": folder, "seed": seed}
        with resumable(folder):
            picked = pick_by_model(opened, inside, target, settings, training=training, on_note=note, **where)  # type: ignore[arg-type]
    else:
        from netspace.search import open_search, pick_networks

        search = open_search(run, device=device, **opening)  # type: ignore[arg-type]
        inside, target = _space(space, budget, search.template, search.config, constraints)
        folder = out or run / "nas" / _folder_name(space, target, method)
        picked = pick_networks(search, inside, target, settings, run=run, source=space, folder=folder, seed=seed)
    if len(picked.files) < samples:
        note(
            f"{len(picked.files)} networks instead of {samples}: there are no more in the budget, or among --candidates"
        )
    if json:
        print_json(_plain(picked))
        return
    print_picked(picked)


def _folder_name(space: str, target: Budget, method: str) -> str:
    return f"{Path(space).stem.removesuffix(f'-{target}')}-{target}-{method}"


def _training(run: Run, opening: dict[str, Any], recipe: str | None, *, pool: Pool, device: str) -> BriefTraining:
    """Return how the best few are trained: by the recipe of the run's own trainings where none is given."""
    from netspace.finding import BriefTraining
    from netspace.search import open_data

    return BriefTraining(open_data(run, **opening), load_recipe(run.recipe_of_trainings(recipe)), pool, device)


def _space(
    name: str,
    budget: str | None,
    template: NetworkTemplate,
    config: SearchConfig,
    constraints: tuple[Constraint, ...],
) -> tuple[NetworkSpace, Budget]:
    """Return the space, and the budget that was given or is the elite's own.

    Raises:
        NetspaceError: where an elite is of another template than the run, or no budget is known.
    """
    document = load_document(name)
    if "candidates" in document:
        elite = elite_from_plain(document, name)
        if elite.template != template:
            raise NetspaceError(f"{name} has another template than the run; give the run it came from with --run")
        own = elite.budget
        asked = own if budget is None else Budget.parse(budget, own.tolerance, own.constraints)
        return elite.space, asked.bounded(constraints)
    if budget is None:
        raise NetspaceError(f"{name} is no elite file and has no budget; give --budget")
    return load_space(name, template)[0], config.budget(budget).bounded(constraints)


def _plain(picked: Picked) -> dict[str, Any]:
    chosen = picked.chosen
    found = [
        {"file": str(file), **a.plain, "score": error}
        for file, a, error in zip(picked.files, chosen.architectures, chosen.errors, strict=True)
    ]
    return {
        "architectures": found,
        "scored": chosen.scored,
        "draws": chosen.draws,
        "expected_draws": chosen.expected_draws,
    }


def print_picked(picked: Picked) -> None:
    """Print what a NAS found, best first, and how many draws it takes to meet the budget."""
    chosen, target, rows = picked.chosen, picked.budget, []
    model, *others = (CostModel(picked.template, kind) for kind in target.kinds)
    for file, architecture, error in zip(picked.files, chosen.architectures, chosen.errors, strict=True):
        point = picked.template.points([architecture])
        amount = int(model(point)[0])
        bounded = [format_amount(int(one(point)[0]), one.kind) for one in others]
        away = f"{amount / target.target - 1:+.1%}"
        rows.append([str(architecture), format_amount(amount, target.kind), away, *bounded, f"{error:.2%}", str(file)])
    said = "expected error" if picked.method == "model" else "super network's expected error"
    kinds = [KINDS.get(kind, kind) for kind in target.kinds]
    columns = ("architecture", kinds[0], "Δ", *kinds[1:], said, "file")
    print_table(f"Best of {chosen.scored} in band at {target.told}, {picked.method}", columns, rows)
    note(
        f"draws until one is in band: {chosen.draws} this time, {chosen.expected_draws:.1f} on average; "
        "the candidates above were drawn in band directly"
    )
