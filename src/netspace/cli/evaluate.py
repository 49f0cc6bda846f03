"""The commands `netspace evaluate` and `netspace results`: train populations, and show what came of them."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from netspace.cli.options import Json, Out, Seed
from netspace.cli.output import note, print_json, print_table
from netspace.config import load_document, load_recipe, load_search_space
from netspace.cost import Budget
from netspace.documents import from_plain, parse_yaml, read_text
from netspace.errors import NetspaceError
from netspace.records import EliteSpace, NetworkStore, elite_from_plain, population_name
from netspace.settings import DataSettings
from netspace.spaces import SearchSpace


def evaluate_command(
    elites: Annotated[list[str], typer.Argument(help="Elite files.", metavar="ELITE…")],
    dataset: Annotated[str, typer.Option(help="The data that the spaces were searched on.")],
    out: Out,
    baseline: Annotated[
        list[str] | None,
        typer.Option(help="expanded, random-spaces, uniform-width or linear-width, at equal budget, n and seeds."),
    ] = None,
    n: Annotated[int, typer.Option(help="Networks per population.", min=2)] = 32,
    budget: Annotated[str | None, typer.Option(help="Another budget than the spaces' own.")] = None,
    recipe: Annotated[str, typer.Option(help="quick, standard, paper, or a YAML file.")] = "quick",
    space: Annotated[str | None, typer.Option(help="Search space of the baselines; default: the elites' own.")] = None,
    seed: Seed = 0,
    jobs: Annotated[
        int, typer.Option(help="Processes, of one thread each; the results do not depend on it.", min=1)
    ] = 1,
    json: Json = False,
) -> None:
    """Train networks of spaces and of baselines at equal budget; run again to go on after a stop."""
    loaded = {name: elite_from_plain(load_document(name), name) for name in elites}
    first = next(iter(loaded.values()))
    for name, elite in loaded.items():
        if elite.template != first.template:
            raise NetspaceError(f"{name} has another template than {elites[0]}; evaluate them in separate runs")
    from netspace.cli.progress import PopulationProgress
    from netspace.evaluate import Subject, evaluate_spaces

    subjects = []
    for elite in loaded.values():
        target = elite.budget if budget is None else Budget.parse(budget, elite.budget.tolerance)
        subjects.append(Subject(population_name("elite", target), elite.space, target))
    shape = {"image_size": first.template.image_size, "channels": first.template.channels}
    try:
        evaluate_spaces(
            subjects,
            baselines=tuple(baseline or ()),
            search_space=_search_space(space, elites[0], first),
            template=first.template,
            data=from_plain(DataSettings, {"dataset": dataset, **shape}, "options"),
            recipe=load_recipe(recipe),
            n=n,
            out=out,
            seed=seed,
            jobs=jobs,
            on_change=PopulationProgress(NetworkStore(out)),
        )
    except KeyboardInterrupt:
        note(f"stopped; what is done is in {out}. Run the same command again to go on.")
        raise typer.Exit(130) from None
    _print(out, json)


def results_command(
    folder: Annotated[Path, typer.Argument(help="Run folder of an evaluation.", metavar="DIR")],
    format: Annotated[Literal["table", "json", "csv", "parquet"], typer.Option(help="Parquet needs --out.")] = "table",
    out: Annotated[Path | None, typer.Option(help="File to write; default: stdout.")] = None,
) -> None:
    """Show or export an evaluation's networks, one row each."""
    rows = NetworkStore(folder).rows()
    if format == "table":
        _print(folder, json=False)
    elif format == "json":
        print_json(rows)
    elif format == "csv":
        with out.open("w", newline="") if out else sys.stdout as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    else:
        if out is None:
            raise NetspaceError("--format parquet writes a file; name it with --out")
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), out)


def _search_space(name: str | None, file: str, elite: EliteSpace) -> SearchSpace:
    """Return the search space that was asked for, or the one beside an elite file, or its preset."""
    if name is not None:
        return load_search_space(name)
    config = Path(file).parent / "config.yaml"
    if config.exists():
        document = parse_yaml(read_text(config), str(config))
        return from_plain(SearchSpace, document["config"]["space"], str(config))
    return load_search_space(elite.provenance.search_space)


def _print(folder: Path, json: bool) -> None:
    from netspace.analysis import compare_all, summarise
    from netspace.report import evaluation_tables, gather, pairs_at_equal_budget

    material = gather([folder])
    if not json:
        for table in evaluation_tables(material):
            print_table(table.title, table.columns, table.rows)
        return
    errors = material.errors()
    print_json(
        {
            "populations": [
                {"name": s.name, "n": s.n, "mean": s.mean._asdict(), "median": s.median._asdict()}
                for s in summarise(errors)
            ],
            "comparisons": [
                {"a": a, "b": b, "beats": c.beats._asdict(), "p": c.mann_whitney_p, "p_holm": p}
                for a, b, c, p in compare_all(errors, pairs_at_equal_budget(errors))
            ],
            "networks": NetworkStore(folder).rows(),
        }
    )
