"""The command `netspace paper`: the paper's whole experiment on a data set."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from netspace.cli.options import (
    ConvertTo,
    Dataset,
    Device,
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
from netspace.cli.output import note, print_json
from netspace.cli.report import print_report
from netspace.cli.results import print_evaluation
from netspace.cli.search import print_elites
from netspace.cli.steps import Show, do_steps
from netspace.cli.table import nas_plain, print_nas
from netspace.documents import from_plain
from netspace.runs import TABLE
from netspace.settings import DataSettings

if TYPE_CHECKING:
    from netspace.data import ImageData
    from netspace.finding import Deadline
    from netspace.paper import PaperExperiment


def paper_command(
    dataset: Dataset,
    out: Out,
    budgets: Annotated[
        str, typer.Option(help="Targets, as 200M,400M, or `paper`: its twelve, in proportion to the pixels.")
    ] = "paper",
    space: Annotated[str, typer.Option(help="A preset (see `netspace spaces`) or a YAML file.")] = "expanded",
    faithful: Annotated[
        bool, typer.Option("--faithful", help="Search by the super network and Θ as published, train by recipe paper.")
    ] = False,
    share: Annotated[
        float, typer.Option(help="Part of the published effort of each training.", min=1e-6, max=1)
    ] = 0.01,
    n: Annotated[int, typer.Option(help="Networks of each elite, and of the whole space at each budget.", min=2)] = 16,
    seeds: Annotated[int, typer.Option(help="Repetitions of NAS and training in Table 1.", min=1)] = 3,
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
    time_limit: Annotated[
        str | None,
        typer.Option(help="Fewer networks than --n, and a smaller share than --share, to be done by then, as 8h."),
    ] = None,
    plan: PlanOnly = False,
    json: Json = False,
) -> None:
    """Do the paper's experiment: elites of its budgets, figures S3 and S4, Table 1, one page; run again to go on."""
    columns = (image_column, label_column, labels)
    given = data_options(dataset, image_size, channels, *columns, skip_unreadable=skip_unreadable)
    from netspace.cli.data import read_timed, tell_data
    from netspace.data import FOLDER
    from netspace.paper import PAGE, PaperExperiment, published_budgets

    deadline = deadline_of(time_limit)
    settings, trainers = from_plain(DataSettings, given, "options"), pool_of(pool, jobs, device=device)
    images, reading = read_timed(settings, out)
    targets = published_budgets(images.shape[0]) if budgets == "paper" else tuple(budgets.split(","))
    fixed: dict[str, Any] = {"space": space, "faithful": faithful, "share": share, "n": n, "seeds": seeds}
    experiment = PaperExperiment(settings, targets, out, **fixed, seed=seed, pool=trainers, device=device)
    experiment = experiment if deadline is None else _within(deadline, experiment, images)
    if plan:
        from netspace.cli.plan import print_plan

        print_plan(experiment.plan(images), json, images=images, reading=reading)
        return
    tell_data(images)
    experiment.begin(images)
    images.keep(out / FOLDER)
    started = time.monotonic()
    do_steps("paper", lambda: experiment.steps(images), _QUIET if json else _SHOW, out)
    if json:
        print_json({"report": str(out / PAGE), "table": nas_plain(out / TABLE)})
    else:
        print(f"done in {time.monotonic() - started:.0f} s")


def _within(deadline: Deadline, experiment: PaperExperiment, images: ImageData) -> PaperExperiment:

    limited = experiment.within(deadline, images)
    note(f"within {deadline}: {limited.n} networks (--n), --share {limited.share:g}")
    return limited


_SHOW: dict[str, Show] = {
    "search": print_elites,
    "networks": lambda _, folder: print_evaluation(folder),
    "table": lambda folder, _: print_nas(folder),
    "report": lambda files, _: print_report(files),
}
_QUIET: dict[str, Show] = dict.fromkeys(_SHOW, lambda result, folder: None)
