"""The entry point: one app of all commands, and the one place that turns errors into exit codes."""

from __future__ import annotations

import typer

from netspace.allocator import keep_freed_memory
from netspace.cli.auto import auto_command
from netspace.cli.data import data_command
from netspace.cli.evaluate import evaluate_command
from netspace.cli.export import export_command, predict_command
from netspace.cli.faults import Commands, leave, run
from netspace.cli.fidelity import fidelity_command
from netspace.cli.front import front_command
from netspace.cli.nas import nas_command
from netspace.cli.paper import paper_command
from netspace.cli.profile import profile_command
from netspace.cli.report import report_command, watch_command
from netspace.cli.results import results_command
from netspace.cli.search import search_command
from netspace.cli.spaces import cost_command, sample_command, spaces_command
from netspace.cli.table import table_command
from netspace.cli.train import train_command

app = typer.Typer(
    cls=Commands,
    help="Search for network spaces: families of Pareto-efficient networks for your data and budget.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("auto")(auto_command)
app.command("data")(data_command)
app.command("search")(search_command)
app.command("evaluate")(evaluate_command)
app.command("results")(results_command)
app.command("fidelity")(fidelity_command)
app.command("front")(front_command)
app.command("nas")(nas_command)
app.command("table")(table_command)
app.command("paper")(paper_command)
app.command("train")(train_command)
app.command("export")(export_command)
app.command("predict")(predict_command)
app.command("report")(report_command)
app.command("watch")(watch_command)
app.command("cost")(cost_command)
app.command("sample")(sample_command)
app.command("profile")(profile_command)
app.command("spaces")(spaces_command)


def main() -> None:
    """Run the command line; what goes wrong ends in one line on stderr and exit code 1, 2, 3 or 130."""
    keep_freed_memory()
    leave(run(app))
