"""The commands `netspace report` and `netspace watch`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from netspace.cli.options import Json, Near
from netspace.cli.output import note, print_json, say

Runs = Annotated[list[Path], typer.Argument(help="Folders of searches and evaluations.", metavar="RUN…")]


def report_command(
    runs: Runs,
    out: Annotated[Path, typer.Option(help="The page; pictures go to a folder beside it.")] = Path("report.html"),
    near: Near = 1.0,
    json: Json = False,
) -> None:
    """Write one page that opens offline, and its figures as PNG and SVG."""
    from netspace.report import write_report

    files = write_report(runs, out, near=near / 100)
    if json:
        print_json([str(file) for file in files])
        return
    print_report(files)


def print_report(files: list[Path]) -> None:
    """Print where a page is, and its pictures."""
    say(f"{files[0]}  ({len(files) - 1} pictures in {files[0].parent / f'{files[0].stem}-figures'})")


def watch_command(
    runs: Runs,
    port: Annotated[int, typer.Option(help="On 127.0.0.1; 0 takes a free one.", min=0, max=65535)] = 0,
) -> None:
    """Show the report of runs that go on, on this machine alone; Ctrl-C ends it."""
    from netspace.report import watch_server

    server = watch_server(runs, port)
    note(f"http://127.0.0.1:{server.server_address[1]}/  (Ctrl-C ends it)")
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
