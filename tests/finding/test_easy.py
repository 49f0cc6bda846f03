"""Easy data, on which networks make no mistakes: a search ends well, and says that everything ties."""

from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netspace import EliteSpace, SearchConfig, find_spaces
from netspace.documents import to_yaml
from netspace.search import score_run
from tests.finding.test_estimators import NAMES, RECIPE, config_of, planting


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    file = tmp_path / "short.yaml"
    file.write_text(to_yaml(RECIPE))
    return str(file)


def best_by_budget(elite: EliteSpace, config: SearchConfig, floor: float) -> None:
    """Check that no other space of sufficient hit rate meets the budget better than the elite."""
    rank, (low, high) = [], elite.budget.interval
    within = range(low, high + 1)
    for choice in np.ndindex(*config.space.shape):
        one = type(elite.candidates[0]).measure(
            config.space.space(choice), 0, budget=elite.budget, template=elite.template
        )
        if one.hit_rate >= floor:
            rank.append((one.cost.median not in within, -one.hit_rate))
    own = elite.candidates[0]
    assert (own.cost.median not in within, -own.hit_rate) == min(rank)


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([0.0], "All 10 scores are the same, 0.00% wrong"),
        ([0.25], "All 10 scores are the same, 25.00% wrong"),
        ([0.0] * 9 + [0.005], "9 of 10 scores are the same, 0.00% wrong"),
    ],
)
def test_scores_that_are_all_but_equal_tie_and_the_budget_decides(
    tmp_path: Path,
    recipe: str,
    monkeypatch: pytest.MonkeyPatch,
    errors: list[float],
    said: str,
) -> None:
    turn = count()
    monkeypatch.setattr(score_run, "architecture_score", lambda *_, **__: errors[next(turn) % len(errors)])
    config = config_of("front", recipe, {"steps_per_epoch": 2})
    notes: list[str] = []
    elites = find_spaces(config, tmp_path / "run", on_note=notes.append)
    (told,) = [note for note in notes if "all of them tie" in note]
    assert told.startswith(said)
    assert not any("NOT TRUSTWORTHY" in note for note in notes)
    for elite in elites:
        best_by_budget(elite, config, floor=0.25)
        chances = {candidate.probability for candidate in elite.candidates}
        assert len(chances) == 1  # spread evenly over what ties
        assert chances.pop() <= 1 / len(elite.candidates)


def test_two_values_in_equal_parts_are_learnt_from_as_any_others(
    tmp_path: Path,
    recipe: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    turn = count()
    monkeypatch.setattr(score_run, "architecture_score", lambda *_, **__: 0.005 * (next(turn) % 2))
    config = config_of("front", recipe, {"steps_per_epoch": 2, "front": {"evaluations": 24, "recipe": recipe}})
    notes: list[str] = []
    assert len(find_spaces(config, tmp_path / "run", on_note=notes.append)) == 2
    assert not any("all of them tie" in note for note in notes)


def test_trainings_without_a_mistake_tie_too(tmp_path: Path, recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.finding.test_estimators.planted", lambda *_: np.zeros(1))
    config = config_of("population", recipe)
    notes: list[str] = []
    with planting():
        elites = find_spaces(config, tmp_path / "run", on_note=notes.append)
    note = notes[-1]
    assert "trainings are the same, 0.00% wrong" in note
    for elite in elites:
        best_by_budget(elite, config, floor=0.25)
        assert elite.chance == "P(best)"


@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_ends_on_images_that_any_network_separates(tmp_path: Path, recipe: str, name: str) -> None:
    rng = np.random.default_rng(0)
    for label, colour in {"ripe": (200, 30, 30), "unripe": (40, 180, 40)}.items():
        (tmp_path / "easy" / label).mkdir(parents=True)
        for i in range(40):
            pixels = np.clip(np.array(colour) + rng.integers(-20, 20, (8, 8, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "easy" / label / f"{i}.png")
    config = config_of(name, recipe, data={"dataset": str(tmp_path / "easy")}, budgets=["200K"], tolerance=0.3)
    search = replace(config.search, front=replace(config.search.front, calibration=8 if name == "front" else 0))
    (elite,) = find_spaces(replace(config, search=search), tmp_path / "run")
    assert 0 <= elite.candidates[0].probability <= 1
