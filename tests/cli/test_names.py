"""Names of others on a terminal: in tables, notes, errors, bars and lines, and exactly in CSV and JSON."""

import csv
import io
import json

import pytest
from rich.console import Console

from netspace import NetspaceError
from netspace.cli import faults
from netspace.cli.output import note, print_json, print_table, say, tell
from netspace.cli.progress import ProgressDisplay
from netspace.report.tables import TextTable
from netspace.report.text import to_csv, to_latex, to_markdown
from tests.test_names import NASTY, STEERING

ALL = {**{name: name for name in NASTY}, **STEERING}


@pytest.mark.parametrize(("name", "wanted"), ALL.items())
def test_a_table_shows_every_name_as_it_is(name: str, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_table(f"of {name}", (f"column {name}", "n"), [[name, "1"]])
    title, *lines = capsys.readouterr().out.splitlines()
    assert title.rstrip() == f"of {wanted}".rstrip()
    assert f"column {wanted}".rstrip() in lines[1]
    assert wanted.strip() in lines[3]
    assert len(lines) == 5


@pytest.mark.parametrize(("name", "wanted"), ALL.items())
def test_notes_and_results_show_every_name_on_one_line(
    name: str, wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    note(f"skipped: {name}")
    tell(name, 10, 10)
    say(name)
    captured = capsys.readouterr()
    assert captured.err == f"skipped: {wanted}\n{wanted} 10/10\n"
    assert captured.out == f"{wanted}\n"


@pytest.mark.parametrize(("name", "wanted"), ALL.items())
def test_an_error_shows_every_name_on_one_line(name: str, wanted: str, capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise NetspaceError(f"class '{name}' has no image; add one")

    assert faults.run(fail) == 2
    assert capsys.readouterr().err == f"error: class '{wanted}' has no image; add one\n"


@pytest.mark.parametrize(("name", "wanted"), ALL.items())
def test_progress_shows_every_name_in_a_line_and_in_a_bar(name: str, wanted: str) -> None:
    for terminal in (False, True):
        stream = io.StringIO()
        with ProgressDisplay("epoch", Console(file=stream, force_terminal=terminal, width=200)) as display:
            display.show(1, 2, f"of {name}.", seconds_left=1.0)
        assert f"of {wanted}." in stream.getvalue()


def test_csv_and_json_hold_every_name_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    table = TextTable("names", ("name",), [[name] for name in ALL])
    assert [row[0] for row in csv.reader(io.StringIO(to_csv(table), newline=""))] == ["name", *ALL]
    print_json(list(ALL))
    assert json.loads(capsys.readouterr().out) == list(ALL)


def test_tables_for_markdown_and_latex_keep_a_line_a_row_and_a_cell_a_name() -> None:
    table = TextTable("of $x_{$ and [ok]", ("a|b", "n"), [[name, "1"] for name in ALL])
    markdown = to_markdown(table).splitlines()
    assert markdown[0] == r"**of \$x\_{\$ and \[ok]**"
    assert len(markdown) == 4 + len(ALL)
    assert {len(line.replace(r"\|", "").split("|")) for line in markdown[2:]} == {4}
    latex = to_latex(table).splitlines()
    assert latex[1] == r"\caption{of \$x\_\{\$ and {[}ok{]}}"
    rows = latex[latex.index(r"\midrule") + 1 : latex.index(r"\bottomrule")]
    assert len(rows) == len(ALL)
    assert all(row.endswith(r" & 1 \\") for row in rows)
    assert not any(row.startswith(("[", "*")) for row in rows)
