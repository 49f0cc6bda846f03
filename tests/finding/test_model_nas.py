"""NAS by the model of error: the best networks in band, without a super network."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netspace import Budget, CostModel, NetspaceError, find_spaces
from netspace.data import ImageData
from netspace.finding import BriefTraining, RunModel, pick_by_model, rank_networks
from netspace.nas_comparison import compare_nas, open_comparison, plan_comparison
from netspace.records import NetworkStore, load_architecture
from netspace.report import nas_cells
from netspace.runs import Run
from netspace.settings import NasSettings
from tests.finding.test_estimators import RECIPE, config_of, planted, planting, recipe

__all__ = ["recipe"]
BUDGET = Budget.parse("2M")


@pytest.fixture
def run(tmp_path: Path, recipe: str) -> Run:
    """A run of `population` whose trainings came to planted errors."""
    config = config_of("population", recipe)
    config = replace(config, search=replace(config.search, front=replace(config.search.front, population=40)))
    with planting():
        find_spaces(config, tmp_path / "run")
    return Run(tmp_path / "run")


def test_the_networks_it_ranks_first_are_among_the_best_in_band(run: Run) -> None:
    whole = run.space.full
    points = whole.enumerate()
    costs = CostModel(run.template)(points)
    inside = points[(costs >= BUDGET.interval[0]) & (costs <= BUDGET.interval[1])]
    every = planted(inside[:, 0::2], inside[:, 1::2])
    found = rank_networks(RunModel.of(run), whole, BUDGET, NasSettings("model", samples=3))
    assert found.scored == len(inside)
    assert found.errors == sorted(found.errors)
    for architecture in found.architectures:
        error = planted([architecture.depths], [architecture.widths])[0]
        assert (every < error).mean() < 0.1


def test_the_best_few_are_trained_and_their_trainings_count(run: Run, fashion: ImageData, tmp_path: Path) -> None:
    settings, training = NasSettings("model", samples=2, train=3), BriefTraining(fashion, RECIPE)
    where = {"source": "tiny", "folder": tmp_path / "nas", "training": training}
    picked = pick_by_model(run, run.space.full, BUDGET, settings, **where)  # type: ignore[arg-type]
    rows = NetworkStore(tmp_path / "nas" / "trained").rows()
    assert len(rows) == 3
    assert len(picked.files) == 2
    trained = {(tuple(row["depth"]), tuple(row["width"])) for row in rows}
    chosen = load_architecture(picked.files[0])
    assert (tuple(chosen.depth), tuple(chosen.width)) in trained
    again = pick_by_model(run, run.space.full, BUDGET, settings, **where)  # type: ignore[arg-type]
    assert again.chosen == picked.chosen


def test_settings_that_do_not_go_together_are_refused(run: Run) -> None:
    with pytest.raises(ValueError, match="method random trains none"):
        NasSettings("random", train=2)
    with pytest.raises(NetspaceError, match="no images"):
        rank_networks(RunModel.of(run), run.space.full, BUDGET, NasSettings("model", train=2))
    wider = tuple(replace(stage, width=replace(stage.width, high=512)) for stage in run.space.full.stages)
    with pytest.raises(NetspaceError, match="exceeds what the run searched"):
        rank_networks(RunModel.of(run), replace(run.space.full, stages=wider), BUDGET, NasSettings("model"))


def test_trainings_that_the_model_cannot_take_in_are_not_begun(run: Run, fashion: ImageData, tmp_path: Path) -> None:
    how = {"training": BriefTraining(fashion, RECIPE), "folder": tmp_path / "nas"}
    settings, model, whole = NasSettings("model", train=2), RunModel.of(run), run.space.full
    odd = replace(whole.stages[0], width=replace(whole.stages[0].width, low=6, high=14))
    between = replace(whole, stages=(odd, *whole.stages[1:]))
    with pytest.raises(NetspaceError, match=r"values that the run did not search, such as 6 of 6\.\.14 by 4"):
        rank_networks(model, between, BUDGET, settings, **how)  # type: ignore[arg-type]
    scores = replace(model, signal=replace(model.signal, name="supernet"))
    with pytest.raises(NetspaceError, match="fitted to scores of its super network, .* --calibrate-n 12"):
        rank_networks(scores, whole, BUDGET, settings, **how)  # type: ignore[arg-type]
    how = {"training": BriefTraining(fashion, replace(RECIPE, learning_rate=0.3)), "folder": tmp_path / "nas"}
    with pytest.raises(NetspaceError, match="recipe 'short' is another one than that of the trainings in"):
        rank_networks(model, whole, BUDGET, settings, **how)  # type: ignore[arg-type]
    assert not (tmp_path / "nas").exists()


def test_table_1_trains_before_it_chooses_as_the_run_did(run: Run, tmp_path: Path) -> None:
    settings, other = NasSettings("model", samples=1, train=2), replace(RECIPE, name="other", learning_rate=0.2)
    comparison = open_comparison(run, recipe=other, settings=settings, seeds=1, out=tmp_path / "table")
    assert [(step.what, step.count) for step in plan_comparison(comparison).steps] == [
        ("NAS by the model of error", 4),
        ("trainings by recipe 'short'", 8),
        ("trainings by recipe 'other'", 4),
    ]
    folder = compare_nas(run, recipe=other, settings=settings, seeds=1, out=tmp_path / "table")
    assert len(nas_cells(folder)) == 4


def test_table_1_can_be_made_without_a_super_network(run: Run, tmp_path: Path) -> None:
    folder = compare_nas(run, recipe=RECIPE, settings=NasSettings("model", samples=1), seeds=2, out=tmp_path / "table")
    cells = nas_cells(folder)
    assert {(cell.side, cell.seeds) for cell in cells} == {("nas-elite", 2), ("nas-expanded", 2)}
    assert all(np.isfinite(cell.error.value) for cell in cells)
