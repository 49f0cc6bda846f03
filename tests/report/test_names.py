"""Names of others in a report: on the page, in its charts, and in picture files."""

import html
import re
import threading
import urllib.request
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from netspace import SearchSpace
from netspace.names import shown
from netspace.report import watch_server, write_report
from netspace.report.chart import Chart, HeatMap, Series
from netspace.report.interactive import to_plotly
from netspace.report.page import _table
from netspace.report.pictures import save_pictures
from netspace.report.tables import TextTable
from tests.report.test_page import runs, write_networks
from tests.test_names import NASTY, STEERING

__all__ = ["runs"]
ALL = {**{name: name for name in NASTY}, **STEERING}


def plane(*names: str) -> Chart:
    """Every kind of series, a title, a note, axes and ticks of these names."""
    kinds = ("points", "steps", "line", "intervals", "band")
    series = [
        Series(name, [1.0, 2.0], [0.1, 0.2], kind, upper=[0.3, 0.4], hover=[f"{name}\nd=1"] * 2)
        for name in names
        for kind in kinds
    ]
    ticks = {float(k + 1): name for k, name in enumerate(names)}
    return Chart("plane", names[0], names[0], f"x of {names[0]}", f"y of {names[0]}", series, x_ticks=ticks)


def grid(name: str) -> Chart:
    return Chart("grid", name, name, name, name, heat_maps=[HeatMap(name, [name, "b"], [[0.1, 0.2], [0.3, 0.4]])])


@pytest.mark.parametrize(("name", "wanted"), ALL.items())
def test_plotly_is_given_no_tag_of_a_name(name: str, wanted: str) -> None:
    figure = to_plotly(plane(name))
    drawn = html.escape(wanted, quote=False)
    assert {trace.name for trace in figure.data} == {drawn, None}
    lines = [html.escape(shown(line), quote=False) for line in f"{name}\nd=1".split("\n")]
    assert list(figure.data[0].text) == ["<br>".join(lines)] * 2
    assert figure.layout.xaxis.title.text == f"x of {drawn}"
    assert figure.layout.xaxis.ticktext == (drawn,)
    (heat_map,) = to_plotly(grid(name)).data
    assert heat_map.y[0] == drawn


def test_pictures_are_drawn_with_every_name_in_legend_title_and_ticks(tmp_path: Path) -> None:
    for chart in (plane(*ALL), *map(grid, ("$x_{$", "_hidden", "<b>\x1b[2J"))):
        for file in save_pictures(chart, tmp_path):
            assert file.stat().st_size > 2000
            if file.suffix == ".svg":
                ElementTree.parse(file)


def test_a_legend_names_every_series_even_those_that_begin_with_an_underscore(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *args, **kwargs: drawn.append(figure))
    save_pictures(plane(*ALL), tmp_path)
    texts = [text._preprocess_math(text.get_text()) for text in drawn[0].axes[0].get_legend().get_texts()]
    assert texts == [(wanted, False) for wanted in ALL.values() for _ in range(4)]


@pytest.mark.parametrize(("name", "wanted"), ALL.items())
def test_a_table_of_the_page_shows_a_name_and_no_element_of_it(name: str, wanted: str) -> None:
    text = _table(TextTable(name, (name,), [[name]]))
    root = ElementTree.fromstring(f"<page>{text}</page>")
    assert {"".join(root.find(place).itertext()) for place in ("h2", ".//th", ".//td")} == {wanted}  # type: ignore[union-attr]


def test_a_page_of_runs_and_populations_with_such_names_is_whole(
    runs: list[Path], tmp_path: Path, tiny: SearchSpace
) -> None:
    odd = tmp_path / "<b>run $x_{$ \x1b[2J"
    odd.mkdir()
    names = {f"{name}-3M": 0.2 + k / 100 for k, name in enumerate(ALL) if "\udcff" not in name}
    write_networks(odd, tiny, {"elite-3M": 0.2, **names})
    page, *pictures = write_report([runs[0], odd], tmp_path / "report.html")
    assert pictures
    text = page.read_text()
    assert text.count("<script") == text.count("</script>")
    assert "document.title='x'</script>" not in text
    own = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    assert "<b>" not in own
    assert html.escape("<b>run $x_{$ \\x1b[2J") in own
    for name, wanted in ALL.items():
        assert "\udcff" in name or html.escape(f"{wanted}-3M") in own
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", own)


def test_watching_shows_an_error_as_text(tmp_path: Path) -> None:
    place = tmp_path / "<b>bold\x1b[2J"
    place.mkdir()
    server = watch_server([place], 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with urllib.request.urlopen(f"http://127.0.0.1:{server.server_address[1]}/") as answer:
        text = answer.read().decode()
    server.shutdown()
    server.server_close()
    assert "&lt;b&gt;bold\\x1b[2J holds no run" in text
    assert "<b>" not in text
