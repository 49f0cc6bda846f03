"""One file that opens offline: charts and tables of a run."""

from __future__ import annotations

from pathlib import Path

import plotly.io
from plotly.offline import get_plotlyjs

from netspace.documents import write_atomically
from netspace.errors import NetspaceError
from netspace.names import in_html
from netspace.report.answer import answer
from netspace.report.chart import Chart
from netspace.report.figures import all_charts
from netspace.report.front_figure import front_charts, front_files, front_tables
from netspace.report.interactive import to_plotly
from netspace.report.material import NEAR, Material, gather
from netspace.report.nas_table import nas_charts, nas_folders, nas_tables
from netspace.report.pictures import save_pictures
from netspace.report.policy import policy
from netspace.report.tables import TextTable, all_tables

FIRST = ("Elite Spaces", "Samples needed", "Spaces compared", "Front of spaces")  # tables above the figures
_STYLE = """
:root { color-scheme: light dark; --text: #1b1b1b; --faint: #5c5c5c; --line: #d8d8d8; --ground: #ffffff; }
@media (prefers-color-scheme: dark) {
  :root { --text: #ececec; --faint: #a5a5a5; --line: #3d3d3d; --ground: #16181c; } }
body { margin: 0 auto; padding: 1rem; max-width: 72rem; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .3rem; }
.note, footer { color: var(--faint); font-size: .85rem; margin: .2rem 0; }
.wide { overflow-x: auto; }
pre.wide { white-space: pre-wrap; }
#answer { max-width: 46rem; font-size: 1.05rem; } #answer p { margin: .5rem 0; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
"""
_SCRIPT = """
const dark = matchMedia('(prefers-color-scheme: dark)');
function paint() {
  const text = dark.matches ? '#ececec' : '#1b1b1b', line = dark.matches ? '#3d3d3d' : '#e2e2e2';
  for (const plot of document.querySelectorAll('.js-plotly-plot')) {
    const change = {'font.color': text};
    for (const key of Object.keys(plot.layout)) if (/^[xy]axis/.test(key)) {
      change[key + '.gridcolor'] = line; change[key + '.zerolinecolor'] = line; }
    Plotly.relayout(plot, change);
  }
}
paint(); dark.addEventListener('change', paint);
"""


def write_report(folders: list[Path], out: Path, *, near: float = NEAR) -> list[Path]:
    """Write the page of some runs, and its charts as PNG and SVG in a folder beside it.

    Args:
        folders: of searches and evaluations.
        out: the page's file, such as `report.html`; pictures go to `report-figures/`.
        near: error above the front that is still near it, 0..1.

    Returns:
        the files written, the page first.

    Raises:
        NetspaceError: where a folder holds nothing to report, or the page's place is a folder.
    """
    if out.is_dir():
        raise NetspaceError(f"--out {out} is a folder; give the page's file, such as {out / 'report.html'}")
    material = gather(folders, near=near)
    charts = _charts(material)
    pictures = out.parent / f"{out.stem}-figures"
    pictures.mkdir(parents=True, exist_ok=True)
    drawn = [path for chart in charts for path in save_pictures(chart, pictures)]
    write_atomically(out, render_page(material, charts))  # last: whoever finds the page finds its pictures too
    return [out, *drawn]


def render_page(material: Material, charts: list[Chart] | None = None, *, refresh: int | None = None) -> str:
    """Return the page's HTML.

    Args:
        material: what was gathered.
        charts: of the material; None draws them.
        refresh: seconds after which a browser loads it anew; None is never.
    """
    charts = _charts(material) if charts is None else charts
    tables = [*all_tables(material), *(t for place in nas_folders(material.folders) for t in nas_tables(place))]
    tables += [t for file in front_files(material.folders) for t in front_tables(file)]
    first = [table for table in tables if table.title.split(":")[0] in FIRST]
    rest = [table for table in tables if table not in first]
    meta = "" if refresh is None else f'<meta http-equiv="refresh" content="{refresh}">'
    folders = in_html(", ".join(str(folder) for folder in material.folders))
    figures, library, paint = (
        list(map(_figure, charts)),
        f"<script>{get_plotlyjs()}</script>",
        f"<script>{_SCRIPT}</script>",
    )
    body = "".join([*map(_table, first), *figures, *map(_table, rest)])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{policy([library, *figures, paint])}'
        f"<title>netspace report</title>{meta}"
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style>'
        f"{library}</head><body><h1>Network spaces</h1>"
        f'<p class="note">Made from {folders}. FLOPs are multiply-adds (MACs).{in_html(_progress(material))}</p>'
        f"{_answer(material)}{body}"
        f"{paint}</body></html>"
    )


def _charts(material: Material) -> list[Chart]:
    fronts = [c for file in front_files(material.folders) for c in front_charts(file)]
    return [*fronts, *all_charts(material), *(c for place in nas_folders(material.folders) for c in nas_charts(place))]


def _progress(material: Material) -> str:
    """Say how far runs are that still go on."""
    last, text = (material.epochs[-1] if material.epochs else None), ""
    if last is not None and last["epoch"] < last["epochs"]:
        text += f" Searching: epoch {last['epoch']} of {last['epochs']}."
    if material.waiting:
        done = len(material.networks) + len(material.failures)
        text += f" Training: {done} of {done + len(material.waiting)} networks are done."
    return text


def _answer(material: Material) -> str:
    """Return the answer in words, above all figures; commands as they are to be typed."""
    lines = [
        f'<pre class="wide"><code>{in_html(line)}</code></pre>'
        if line.startswith("netspace ")
        else f"<p>{in_html(line)}</p>"
        for line in answer(material)
    ]
    return f'<section id="answer">{"".join(lines)}</section>' if lines else ""


def _figure(chart: Chart) -> str:
    drawn = plotly.io.to_html(
        to_plotly(chart), full_html=False, include_plotlyjs=False, config={"responsive": True, "displayModeBar": False}
    )
    return f'<h2>{in_html(chart.title)}</h2><p class="note">{in_html(chart.note)}</p><div class="wide">{drawn}</div>'


def _table(table: TextTable) -> str:
    head = "".join(f"<th>{in_html(column)}</th>" for column in table.columns)
    rows = "".join("<tr>" + "".join(f"<td>{in_html(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    return (
        f'<h2>{in_html(table.title)}</h2><div class="wide"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
