"""NAS in elites against NAS in the whole space, on a run of seconds."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspace import Architecture, NetspaceError, find_spaces
from netspace.cost import Constraint, CostModel
from netspace.nas_comparison import compare_nas
from netspace.records import NetworkStore
from netspace.report import TEXTS, gather, nas_cells, nas_tables, render_page
from netspace.runs import Run
from netspace.settings import NasSettings, Recipe
from tests.conftest import quick_config

RECIPE = Recipe("test", epochs=1, batch_size=32, warmup_epochs=0, train_images=256, validation_share=0.25)
SETTINGS = NasSettings(samples=1, candidates=3)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    find_spaces(quick_config(budgets=["2M", "3M"], tolerance=0.6), folder)
    compare_nas(folder, recipe=RECIPE, settings=SETTINGS, seeds=2)
    return folder


def test_each_target_and_side_has_a_network_per_seed_and_the_table_is_made_of_their_rows(run: Path) -> None:
    cells = nas_cells(run / "table")
    assert [(c.target, c.side, c.seeds) for c in cells] == [
        (target, side, 2) for target in (2_000_000, 3_000_000) for side in ("nas-elite", "nas-expanded")
    ]
    rows = {row["id"]: row for row in NetworkStore(run / "table").rows()}
    for cell in cells:
        own = [rows[i] for i in cell.rows]
        assert cell.error.value == pytest.approx(np.mean([row["test_error"] for row in own]))
        assert cell.away == pytest.approx(np.mean([abs(row["flops"] / cell.target - 1) for row in own]))
        assert cell.away <= 0.6
        assert cell.draws >= 1
    own, *published = nas_tables(run / "table")
    assert not published  # neither the paper's data nor its space
    assert own.rows[-1][0] == "average"
    mean = np.mean([cell.error.value for cell in cells if cell.side == "nas-elite"])
    assert own.rows[-1][3] == f"{mean:.2%}"


def test_going_on_searches_and_trains_nothing_anew(run: Path) -> None:
    before = (run / "table" / "nas.json").read_text(), NetworkStore(run / "table").rows()
    found: list[object] = []
    compare_nas(run, recipe=RECIPE, settings=SETTINGS, seeds=2, on_found=found.append)
    assert not found
    assert ((run / "table" / "nas.json").read_text(), NetworkStore(run / "table").rows()) == before


def test_a_comparison_that_fine_tunes_finds_the_same_when_it_is_stopped_and_goes_on(run: Path, tmp_path: Path) -> None:
    settings = NasSettings(samples=1, candidates=3, finetune_epochs=1)
    asked = {"recipe": RECIPE, "settings": settings, "seeds": 1, "budgets": Run(run).config.parsed_budgets[:1]}

    def stop(_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare_nas(run, **asked, out=tmp_path / "parts", on_found=stop)
    files = [compare_nas(run, **asked, out=tmp_path / name) / "nas.json" for name in ("whole", "parts")]
    whole, parts = (json.loads(file.read_text()) for file in files)
    assert whole == parts


def test_targets_that_are_none_of_the_runs_or_named_twice_are_refused(run: Path, tmp_path: Path) -> None:
    asked: dict[str, Any] = {"recipe": RECIPE, "settings": SETTINGS, "out": tmp_path / "out"}
    for texts, message in (
        (["2M", "2e6"], "budgets 2M, 2M name one target twice; give each once"),
        (["2M", "9M"], "has no Elite Space for 9M; its budgets are 2M, 3M"),
    ):
        with pytest.raises(NetspaceError, match=message):
            compare_nas(run, **asked, budgets=[Run(run).config.budget(text) for text in texts])
    assert not (tmp_path / "out").exists()


def test_other_settings_in_the_same_folder_are_refused(run: Path) -> None:
    with pytest.raises(NetspaceError, match="was made with another nas"):
        compare_nas(run, recipe=RECIPE, settings=NasSettings(samples=1, candidates=2), seeds=2)


def test_further_constraints_are_kept_by_every_network_and_need_a_folder_of_their_own(
    run: Path, tmp_path: Path
) -> None:
    own = Run(run).config.budget("2M")
    flash = CostModel(Run(run).template, "flash")
    members = own.band(Run(run).elite(own).space, Run(run).template).draw(50, rng=np.random.default_rng(0))
    bound = int(np.median(flash(members)))
    asked = own.bounded([Constraint("flash", bound)])
    compare_nas(run, recipe=RECIPE, settings=SETTINGS, seeds=1, budgets=[asked], out=tmp_path / "bounded")
    rows = NetworkStore(tmp_path / "bounded").rows()
    assert len(rows) == 2
    points = Run(run).template.points([Architecture.of(row["depth"], row["width"]) for row in rows])
    assert (flash(points) <= bound).all()
    with pytest.raises(NetspaceError, match="was made with another constraints"):
        compare_nas(run, recipe=RECIPE, settings=SETTINGS, seeds=1, budgets=[asked])
    with pytest.raises(NetspaceError, match="was made with another constraints"):
        compare_nas(run, recipe=RECIPE, settings=SETTINGS, seeds=1, budgets=[own], out=tmp_path / "bounded")


def test_the_table_is_in_the_report_and_writes_itself_as_markdown_csv_and_latex(run: Path) -> None:
    page = render_page(gather([run]))
    assert "NAS (random) in Elite Spaces and in the whole space, recipe test, 2 seeds" in page
    assert "Networks that NAS chose" in page
    (table,) = nas_tables(run / "table")
    assert list(csv.reader(io.StringIO(TEXTS["csv"](table))))[1:] == table.rows
    assert TEXTS["markdown"](table).splitlines()[2].startswith("| target | elite FLOPs (Δ) |")
    latex = TEXTS["latex"](table)
    assert r"\#samples" in latex
    assert "%" not in latex.replace(r"\%", "")


def test_the_papers_rows_stand_beside_a_table_of_its_data_space_and_targets(run: Path, tmp_path: Path) -> None:
    document = json.loads((run / "table" / "nas.json").read_text())
    document |= {"dataset": "../data/CIFAR-10", "search_space": "expanded", "image_size": 32}
    for found in document["found"]:
        found["target"] = {2_000_000: 200_000_000, 3_000_000: 300_000_000}[found["target"]]
    (tmp_path / "nas.json").write_text(json.dumps(document))
    (tmp_path / "networks.sqlite").write_bytes((run / "table" / "networks.sqlite").read_bytes())
    _, published = nas_tables(tmp_path)
    assert published.rows == [["200M", "183M (8.5 %)", "5", "4.98 %", "213M (6.5 %)", "1228", "6.83 %"]]
    assert "another recipe" in published.title
