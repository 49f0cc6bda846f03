"""The front of spaces in the report: drawn from the file that `netspace front` leaves, and absent without it."""

import json
from pathlib import Path
from typing import Any

import pytest

from netspace import NetspaceError
from netspace.report import Material, render_page, write_report
from netspace.report.front_figure import front_charts, front_files, front_tables
from netspace.report.interactive import to_plotly
from netspace.report.pictures import save_pictures


def space(error: float, *, tied: bool) -> dict[str, Any]:
    stages = [{"depth": "1..2", "width": "4..16 by 4"}, {"depth": "3..4", "width": "20..32 by 4"}]
    around = {"value": error, "low": error - 0.02, "high": error + 0.02}
    return {"space": {"stages": stages}, "error": around, "tied": tied, "hit_rate": 0.25}


def answer(budget: str, target: int, error: float, searched: float | None) -> dict[str, Any]:
    own = space(0, tied=False)["space"]
    return {
        **{"budget": budget, "target": target, "band": [0.9 * target, 1.1 * target], "ties": 2},
        "spaces": [space(error + k / 100, tied=k < 3) for k in range(5)],
        "able": {"spaces": 70, "errors": [error + k / 200 for k in range(30)]},
        "searched": None if searched is None else {"space": own, "error": searched, "hit_rate": 0.2},
    }


def leave_front(run: Path, *, trustworthy: bool = True, within: float | None = 0.4) -> Path:
    """Write a front at three budgets; the one in the middle is worse than the cheapest, the dearest comes first."""
    budgets = [
        answer("9M", 9_000_000, 0.3, None),
        answer("1M", 1_000_000, 0.4, 0.42),
        answer("3M", 3_000_000, 0.41, 0.43),
    ]
    interval = {"value": within, "low": within, "high": within}
    document = {
        **{"signal": "population", "trustworthy": trustworthy},
        "warnings": [] if trustworthy else ["NOT TRUSTWORTHY: it ranks no better."],
        "signals": [
            {"name": name, "against": "stand-alone errors", "models": [{"model": model, "within": interval}]}
            for name, model in (("supernet", "linear"), ("population", "gaussian process"))
        ],
        "budgets": budgets,
    }
    (run / "front").mkdir(parents=True)
    (run / "front" / "front.json").write_text(json.dumps(document))
    return run / "front" / "front.json"


def test_the_front_joins_the_best_spaces_that_no_cheaper_one_equals(tmp_path: Path) -> None:
    (chart,) = front_charts(leave_front(tmp_path / "run"))
    by = {series.name: series for series in chart.series}
    assert list(by) == [
        "spaces of sufficient hit rate (n = 70)",
        "tied with the best",
        "front",
        "95 % interval of the best",
        "best space of a budget",
        "elite of the search, same predictor",
    ]
    assert by["front"].x == [1_000_000, 9_000_000]
    assert by["best space of a budget"].y == [0.4, 0.41, 0.3]
    assert by["95 % interval of the best"].y == pytest.approx([0.38, 0.39, 0.28])
    assert by["95 % interval of the best"].upper == pytest.approx([0.42, 0.43, 0.32])
    assert by["tied with the best"].y == pytest.approx([0.41, 0.42, 0.42, 0.43, 0.31, 0.32])
    assert by["elite of the search, same predictor"].x == [1_000_000, 3_000_000]
    assert "d=1..2 · 3..4\nw=4..16 by 4 · 20..32 by 4\npredicted error 40.00%" in by["best space of a budget"].hover[0]
    assert chart.x_ticks == {1_000_000: "1M", 3_000_000: "3M", 9_000_000: "9M"}


def test_a_budgets_spaces_are_drawn_inside_its_band(tmp_path: Path) -> None:
    (chart,) = front_charts(leave_front(tmp_path / "run"))
    for x in (chart.series[0].x, chart.series[1].x):
        assert all(any(0.9 * t <= v <= 1.1 * t for t in (1e6, 3e6, 9e6)) for v in x)
    assert len(set(chart.series[0].x)) == 90


def test_the_caption_says_what_the_signal_is_and_whether_it_is_trustworthy(tmp_path: Path) -> None:
    (good,) = front_charts(leave_front(tmp_path / "good"))
    assert (
        "Signal population: gaussian process, τ within bands 0.40 (0.40…0.40) against stand-alone errors." in good.note
    )
    assert "Within bands it ranks better than FLOPs alone." in good.note
    bad = leave_front(tmp_path / "bad", trustworthy=False, within=None)
    (chart,), (table,) = front_charts(bad), front_tables(bad)
    assert "τ within bands unknown" in chart.note
    assert "NOT TRUSTWORTHY" in chart.note
    assert "better than FLOPs alone" not in chart.note
    assert all(row[3].endswith(" (!)") for row in table.rows)


def test_the_table_has_the_best_space_of_each_budget(tmp_path: Path) -> None:
    (table,) = front_tables(leave_front(tmp_path / "run"))
    assert table.title == "Front of spaces: the best of each budget (run)"
    assert [row[0] for row in table.rows] == ["1M", "3M", "9M"]
    error = "40.00% (38.00%…42.00%)"
    own = "42.00% (20.0%)"
    assert table.rows[0][1:] == ["1..2 · 3..4", "4..16 by 4 · 20..32 by 4", error, "2 of the next 4", "25.0%", own]
    assert table.rows[2][-1] == ""


def test_a_report_has_the_section_where_there_is_a_front_and_none_without(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    assert "Front of spaces" not in render_page(Material([run]), [])
    file = leave_front(run)
    assert front_files([run]) == front_files([run, file.parent]) == [file]
    (run / "search.jsonl").write_text("")
    (tmp_path / "run" / "elite-1M.yaml").write_text(Path("tests/golden/elite-schema-2.yaml").read_text())
    files = write_report([run], tmp_path / "report.html")
    text = files[0].read_text()
    assert text.index("Front of spaces: the best of each budget") < text.index("Front of spaces: predicted error")
    assert [f.name for f in files[1:]] == ["front-run.png", "front-run.svg"]


def test_intervals_and_ticks_are_drawn_on_the_page_and_in_the_picture(tmp_path: Path) -> None:
    (chart,) = front_charts(leave_front(tmp_path / "run"))
    figure = to_plotly(chart)
    (bars,) = [trace for trace in figure.data if trace.name == "95 % interval of the best"]
    assert list(bars.x[:4]) == [1_000_000, 1_000_000, None, 3_000_000]
    assert list(figure.layout.xaxis.ticktext) == ["1M", "3M", "9M"]
    picture = save_pictures(chart, tmp_path)[1].read_text()
    assert "LineCollection" in picture
    assert "Date" not in picture.split("<defs>")[0]


def test_stages_of_unequal_knobs_are_refused(tmp_path: Path) -> None:
    file = leave_front(tmp_path)
    document = json.loads(file.read_text())
    document["budgets"][0]["spaces"][0]["space"]["stages"][0]["kernel"] = 3
    file.write_text(json.dumps(document))
    with pytest.raises(NetspaceError, match="stage 2 has the knobs depth, width, and the first depth, width, kernel"):
        front_tables(file)
