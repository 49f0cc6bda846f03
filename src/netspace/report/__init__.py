"""Pictures and tables of the records alone: no torch, no images."""

from netspace.records.nas_file import NAS_FILE
from netspace.report.answer import answer
from netspace.report.figures import all_charts
from netspace.report.material import NEAR, Material, gather
from netspace.report.nas_table import NasCell, nas_cells, nas_tables
from netspace.report.page import render_page, write_report
from netspace.report.standing import Standing, standings
from netspace.report.tables import all_tables, evaluation_tables
from netspace.report.text import TEXTS
from netspace.report.watch import watch_server

__all__ = [
    "NAS_FILE",
    "NEAR",
    "TEXTS",
    "Material",
    "NasCell",
    "Standing",
    "all_charts",
    "all_tables",
    "answer",
    "evaluation_tables",
    "gather",
    "nas_cells",
    "nas_tables",
    "render_page",
    "standings",
    "watch_server",
    "write_report",
]
