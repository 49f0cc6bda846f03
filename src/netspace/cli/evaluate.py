"""The command `netspace evaluate`: train networks of spaces and of baselines at equal budget."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netspace.cli.bounds import with_constraints
from netspace.cli.options import (
    ConvertTo,
    Device,
    ImageColumn,
    Jobs,
    Json,
    LabelColumn,
    Labels,
    Near,
    Out,
    PlanOnly,
    PoolName,
    RecipeName,
    ResizeTo,
    Seed,
    SkipUnreadable,
    data_options,
    deadline_of,
    load_space,
    pool_of,
)
from netspace.cli.output import note, resumable
from netspace.cli.results import print_evaluation
from netspace.config import load_document, load_recipe, load_search_space
from netspace.cost import Budget, Constraint
from netspace.documents import from_plain
from netspace.errors import NetspaceError
from netspace.records import EliteSpace, NetworkStore, elite_from_plain, population_name
from netspace.runs import Run
from netspace.settings import DataSettings, Pool, Recipe
from netspace.spaces import NetworkTemplate, SearchSpace

if TYPE_CHECKING:
    from netspace.data import ImageData
    from netspace.evaluate import Subject
    from netspace.finding import Deadline
    from netspace.planning import Foresight, Plan
    from netspace.within import LimitedEvaluation

NOT_REPEATED = ("n", "time_limit", "out", "json", "near", "plan")


Spaces = Annotated[list[str], typer.Argument(help="Elite files, or spaces with --budget.", metavar="SPACE_OR_ELITE…")]


@with_constraints
def evaluate_command(
    context: typer.Context,
    spaces: Spaces,
    dataset: Annotated[str, typer.Option(help="The data that the spaces were searched on.")],
    out: Out,
    baseline: Annotated[
        list[str] | None,
        typer.Option(help="expanded, random-spaces, uniform-width or linear-width, at equal budget, n and seeds."),
    ] = None,
    n: Annotated[int, typer.Option(help="Networks per population.", min=2)] = 32,
    budgets: Annotated[
        list[str] | None, typer.Option("--budget", help="Another budget than the elites' own; one a command.")
    ] = None,
    recipe: RecipeName = "quick",
    space: Annotated[str | None, typer.Option(help="Search space of the baselines; default: the elites' own.")] = None,
    image_size: ResizeTo = None,
    channels: ConvertTo = None,
    image_column: ImageColumn = None,
    label_column: LabelColumn = None,
    labels: Labels = None,
    skip_unreadable: SkipUnreadable = False,
    seed: Seed = 0,
    jobs: Jobs = None,
    pool: PoolName = None,
    device: Device = "auto",
    near: Near = 1.0,
    time_limit: Annotated[
        str | None, typer.Option(help="Fewer networks of each population, so that all are done by then, as 30m.")
    ] = None,
    plan: PlanOnly = False,
    json: Json = False,
    constraints: tuple[Constraint, ...] = (),
) -> None:
    """Train networks of spaces and of baselines at equal budget; run again to go on after a stop."""
    budget = _one(budgets)
    elites = _elites(spaces, budget)
    search_space = _search_space(space, spaces[0], elites.get(spaces[0]))
    resolved, trainers = load_recipe(recipe), pool_of(pool, jobs, device=device)
    columns = (image_column, label_column, labels)
    given = data_options(dataset, image_size, channels, *columns, skip_unreadable=skip_unreadable)
    given |= _shape(given, list(elites.values()))
    from netspace.cli.data import read_timed

    deadline = deadline_of(time_limit)
    images, reading = read_timed(from_plain(DataSettings, given, "options"), out, *(Path(e).parent for e in elites))
    template = next((elite.template for elite in elites.values()), search_space.template(*images.shape))
    subjects = [_subject(name, elites.get(name), budget, template, constraints) for name in spaces]
    asked: dict[str, Any] = {"baselines": tuple(baseline or ()), "search_space": search_space, "template": template}
    asked |= {"images": images, "n": n, "out": out, "seed": seed}
    how: dict[str, Any] = {"recipe": resolved, "pool": trainers, "device": device}
    limited = None if deadline is None else _limited(deadline, subjects, asked, how)
    if plan:
        return _print_plan(subjects, asked, reading, **how, json=json)
    _evaluate(subjects, asked, how, limited, _command(context, spaces, out))
    print_evaluation(out, near, json=json)


def _one(budgets: list[str] | None) -> str | None:
    """Return the budget that was given; of several, one alone would be taken, and the others left out in silence."""
    if budgets and len(budgets) > 1:
        raise NetspaceError(
            f"--budget {' and '.join(budgets)}: give one; run the command again for another, with the same --out"
        )
    return budgets[0] if budgets else None


def _limited(
    deadline: Deadline, subjects: list[Subject], asked: dict[str, Any], how: dict[str, Any]
) -> LimitedEvaluation:
    """Ask for as many networks as there is time for, and say so."""
    from netspace.within import LimitedEvaluation

    limited, n = LimitedEvaluation(deadline, subjects, asked, **how), asked["n"]
    if limited.n < n:
        note(f"within {deadline}: {limited.n} networks of each population instead of {n}")
    asked["n"] = limited.n
    return limited


def _evaluate(
    subjects: list[Subject],
    asked: dict[str, Any],
    how: dict[str, Any],
    limited: LimitedEvaluation | None,
    command: list[str],
) -> None:
    from netspace.cli.progress import PopulationProgress
    from netspace.evaluate import evaluate_spaces
    from netspace.planning import Foresight, glance_at_store

    out, images, foresight = asked["out"], asked["images"], Foresight(note)
    store = NetworkStore(out)
    start = partial(_start, images, foresight, partial(glance_at_store, store, asked["template"], images, **how))
    with resumable(out), PopulationProgress(store) as progress:
        told = progress if limited is None else limited.watch(progress)
        evaluate_spaces(subjects, **asked, **how, command=command, on_start=start, on_change=told)
        foresight.end()
    if limited is not None and limited.withdrawn:
        note(f"time was up before {limited.withdrawn} more networks; the same command trains more of them")


def _start(images: ImageData, foresight: Foresight, glance: Callable[[], Plan | None]) -> None:
    """Say what the data hold and how long it is about to take, once nothing is at fault."""
    from netspace.cli.data import tell_data

    tell_data(images)
    foresight.begin(glance)


def _elites(spaces: list[str], budget: str | None) -> dict[str, EliteSpace]:
    """Return those of the files that are elites, by name; the others need a budget."""
    documents = {name: load_document(name) for name in spaces}
    elites = {name: elite_from_plain(d, name) for name, d in documents.items() if "candidates" in d}
    if budget is None and (plain := documents.keys() - elites):
        raise NetspaceError(f"{next(iter(plain))} is no elite file and has no budget; give --budget")
    return elites


def _print_plan(
    subjects: list[Subject],
    asked: dict[str, Any],
    reading: float,
    *,
    recipe: Recipe,
    pool: Pool,
    device: str,
    json: bool,
) -> None:
    from netspace.cli.plan import print_plan
    from netspace.evaluate import at_a_time, missing_networks
    from netspace.planning import measured_on, plan_populations

    networks = [network.architecture for network in missing_networks(subjects, **asked)]
    template, images, on = asked["template"], asked["images"], measured_on(pool, device)
    plan = plan_populations(networks, template, images, recipe, jobs=at_a_time(pool), device=on)
    print_plan(plan, json, images=images, reading=reading)


def _shape(given: dict[str, Any], elites: list[EliteSpace]) -> dict[str, int]:
    """Return image size and channels as the elites have them; nothing where there are none."""
    for elite in elites:
        own = {"image_size": elite.template.image_size, "channels": elite.template.channels}
        if any(given[key] not in (None, own[key]) for key in own):
            raise NetspaceError(f"elite files hold their images' shape, {own}; leave out --image-size and --channels")
        return {**own}
    return {}


def _subject(
    name: str,
    elite: EliteSpace | None,
    budget: str | None,
    template: NetworkTemplate,
    constraints: tuple[Constraint, ...],
) -> Subject:
    """Return a space under the name of its population: `elite`, or the preset's or file's own name."""
    from netspace.evaluate import Subject

    if elite is None:
        assert budget is not None
        found, _ = load_space(name, template)
        target = Budget.parse(budget, constraints=constraints)
        return Subject(population_name(Path(name).stem, target), found, target, name)
    if elite.template != template:
        raise NetspaceError(f"{name} has another template than the other elite files; evaluate them in separate runs")
    own = elite.budget
    target = own if budget is None else Budget.parse(budget, own.tolerance, own.constraints)
    return Subject.of(elite, name, target.bounded(constraints))


def _command(context: typer.Context, spaces: list[str], out: Path) -> list[str]:
    """Return the arguments that would ask for the same again, but for n: options that differ from their defaults."""
    words = ["evaluate", *spaces]
    for option in context.command.params:
        value = context.params.get(option.name or "")
        if option.param_type_name != "option" or option.name in NOT_REPEATED or value in (option.default, None, ()):
            continue
        for one in value if isinstance(value, (list, tuple)) else [value]:
            words += [option.opts[0]] if one is True else [option.opts[0], str(one)]
    return [*words, "--out", str(out)]


def _search_space(name: str | None, file: str, elite: EliteSpace | None) -> SearchSpace:
    """Return the search space that was asked for, or the one beside an elite file, or its preset."""
    if name is not None or elite is None:
        return load_search_space(name or file)
    return Run(Path(file).parent).stored_space or load_search_space(elite.provenance.search_space)
