"""NAS inside a space with a finished search's super network."""

from pathlib import Path

import numpy as np
import pytest
import torch

from netspace import Budget, CostModel, NetspaceError, SearchSpace, find_spaces, load_search_space
from netspace.cost import Constraint
from netspace.records import load_architecture
from netspace.search import SpaceSearch, open_search, search_architectures
from netspace.search.architecture_search import first_hit, train_logits
from netspace.search.evolution import back_into_band
from netspace.settings import NasSettings
from tests.conftest import quick_config

BUDGET = Budget(2_000_000)


@pytest.fixture(scope="module")
def search(tmp_path_factory: pytest.TempPathFactory) -> SpaceSearch:
    run = tmp_path_factory.mktemp("nas") / "run"
    find_spaces(quick_config(budgets=["2M"]), run)
    return open_search(run)


@pytest.mark.parametrize("method", ["random", "evolution", "differentiable"])
def test_every_method_returns_members_in_band_the_best_first(search: SpaceSearch, method: str, tmp_path: Path) -> None:
    settings = NasSettings(method=method, samples=3, candidates=8, steps=4)  # type: ignore[arg-type]
    space = search.config.space.full
    found = search_architectures(search, space, BUDGET, settings, seed=1)
    low, high = BUDGET.interval
    costs = CostModel(search.template)(search.template.points(found.architectures))
    assert ((costs >= low) & (costs <= high)).all()
    assert len(set(found.architectures)) == 3
    assert all(a in space for a in found.architectures)
    assert found.errors == sorted(found.errors)
    assert 3 <= found.scored <= 8
    assert found.draws >= 1
    assert found.expected_draws >= 1
    again = search_architectures(search, space, BUDGET, settings, seed=1)
    assert again == found
    files = found.save(tmp_path, search.template, {"space": "tiny"})
    first = load_architecture(files[0])
    assert first.architecture == found.architectures[0]
    assert first.provenance is not None
    assert (first.provenance["space"], first.provenance["rank"]) == ("tiny", 1)
    assert first.provenance["score"] == pytest.approx(found.errors[0], abs=1e-6)


@pytest.mark.parametrize("method", ["random", "evolution", "differentiable"])
def test_every_method_returns_members_that_meet_the_constraints(search: SpaceSearch, method: str) -> None:
    bounds = [Constraint.parse(text) for text in ("params<=10K", "peak_memory<=128KiB")]
    budget, settings = Budget.parse("2M", 0.2, bounds), NasSettings(method=method, samples=3, candidates=8, steps=4)  # type: ignore[arg-type]
    space = search.config.space.full
    found = search_architectures(search, space, budget, settings, seed=1)
    assert len(found.architectures) == 3
    assert budget.satisfied(search.template.points(found.architectures), search.template).all()


def test_the_logits_move_the_expected_cost_to_the_target(search: SpaceSearch) -> None:
    settings = NasSettings(method="differentiable", steps=80, learning_rate=0.2, temperature=(1.0, 0.5))
    rng = np.random.default_rng(0)
    model = CostModel(search.template)
    target = Budget(5_000_000)
    logits = train_logits(search, search.config.space.full, target, settings, rng=rng)
    before = model(search.config.space.full.draw(2000, rng=rng)).mean()
    after = model(logits.draw(2000, rng)).mean()
    assert abs(before / target.target - 1) > 0.2
    assert abs(after / target.target - 1) < 0.2


def test_a_member_out_of_band_comes_back_by_one_stage(tiny: SearchSpace, rng: np.random.Generator) -> None:
    template = tiny.template(28, 1, 10)
    model, band = CostModel(template), BUDGET.band(tiny.full, template)
    values, stages = [axis.values for axis in tiny.full.axes], [[0, 1], [2, 3], [4, 5]]
    moved = 0
    for row in tiny.full.draw(200, rng=rng):
        back = back_into_band(row, values, stages, band, rng=rng)
        assert band.low <= model(back[None])[0] <= band.high
        assert all(x in v for x, v in zip(back, values, strict=True))
        inside = band.low <= model(row[None])[0] <= band.high
        changed = {int(i) // 2 for i in np.flatnonzero(back != row)}
        assert len(changed) <= 1 if inside or _one_stage_suffices(row, values, band, model) else changed
        moved += bool(changed)
    assert moved > 50


def _one_stage_suffices(row: np.ndarray, values: list[np.ndarray], band: object, model: CostModel) -> bool:
    for stage in range(len(values) // 2):
        for d in values[2 * stage]:
            for w in values[2 * stage + 1]:
                other = row.copy()
                other[2 * stage : 2 * stage + 2] = d, w
                if band.low <= model(other[None])[0] <= band.high:  # type: ignore[attr-defined]
                    return True
    return False


def test_draws_until_one_is_in_band_average_to_the_inverse_hit_rate(
    tiny: SearchSpace, rng: np.random.Generator
) -> None:
    template = tiny.template(28, 1, 10)
    band = BUDGET.band(tiny.full, template)
    counts = [first_hit(band, rng) for _ in range(400)]
    expected = 1 / band.hit_rate
    assert abs(np.mean(counts) - expected) < 4 * np.sqrt(expected * (expected - 1) / 400)


def test_finetuning_trains_the_weights_on_members_in_band(search: SpaceSearch, tmp_path: Path) -> None:
    before = {name: value.clone() for name, value in search.supernet.state_dict().items()}
    settings = NasSettings(samples=1, candidates=1, finetune_epochs=1)
    search_architectures(search, search.config.space.full, BUDGET, settings)
    after = search.supernet.state_dict()
    assert not all(torch.equal(before[name], after[name]) for name in before)
    search.supernet.load_state_dict(before)


def test_a_space_beyond_the_super_network_is_refused(search: SpaceSearch) -> None:
    with pytest.raises(NetspaceError, match="exceeds what the run searched"):
        search_architectures(search, load_search_space("small").full, BUDGET, NasSettings())


def test_more_samples_than_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="samples 9 exceed candidates 4"):
        NasSettings(samples=9, candidates=4)
