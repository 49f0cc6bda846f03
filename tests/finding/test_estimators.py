"""What every estimator has to keep: the same suite for all of them."""

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch
from torch import Tensor

from netspace import Architecture, Budget, NetspaceError, Pool, SearchConfig, SearchSpace, cost, find_spaces, load_elite
from netspace.cost import CostModel
from netspace.data import ImageData
from netspace.documents import to_yaml
from netspace.finding import ESTIMATORS
from netspace.models import Mixture, SubNetwork
from netspace.records import NetworkStore, TrainedNetwork
from netspace.runs import CALIBRATION, Run
from netspace.search import open_search, score_run
from netspace.search.shared_training import SharedTraining
from netspace.settings import Augmentation, Recipe
from netspace.spaces import NetworkTemplate
from netspace.surrogate import plan_calibration
from tests.conftest import quick_config
from tests.data.test_images import write_parquet

NAMES = sorted(ESTIMATORS)
RECIPE = Recipe("short", epochs=1, batch_size=32, warmup_epochs=0, train_images=100, augment=Augmentation(crop=0))


class Stop(Exception):
    """Stands for a kill."""


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    file = tmp_path / "short.yaml"
    file.write_text(to_yaml(RECIPE))
    return str(file)


def config_of(name: str, recipe: str, search: dict[str, object] | None = None, **options: object) -> SearchConfig:
    front = {"evaluations": 10, "population": 8, "recipe": recipe}
    steps = 40 if name == "front" else 4  # a model of scores needs a super network that ranks something
    given = {"estimator": name, "front": front, "steps_per_epoch": steps, **(search or {})}
    return quick_config(search=given, **options)


def elite_bytes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.glob("elite-*.yaml"))}


@pytest.mark.parametrize("name", NAMES)
def test_one_elite_per_budget_with_candidates_of_the_grid(tmp_path: Path, recipe: str, name: str) -> None:
    config = config_of(name, recipe)
    elites = find_spaces(config, tmp_path / "run")
    assert [str(elite.budget) for elite in elites] == ["1M", "2M"]
    grid = {config.space.space(choice) for choice in np.ndindex(*config.space.shape)}
    for elite in elites:
        assert load_elite(tmp_path / "run" / elite.filename) == elite
        assert name in elite.provenance.estimator
        assert {candidate.space for candidate in elite.candidates} <= grid
        assert all(0 <= candidate.probability <= 1 for candidate in elite.candidates)


@pytest.mark.parametrize("rate", [0.01, 0.3])
def test_a_search_whose_theta_can_hardly_move_says_so_before_it_begins(
    tmp_path: Path, recipe: str, rate: float
) -> None:
    said: list[str] = []
    config = config_of("gumbel", recipe, {"theta": {"learning_rate": rate}})
    find_spaces(config, tmp_path / "run", on_note=said.append)
    told = "Θ of a budget takes 4 steps of about 0.01, so its logits move by 0.04 at most: too little to choose a space"
    assert any(text.startswith(told) for text in said) == (rate < 0.1)


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_give_equal_files_whatever_the_jobs(tmp_path: Path, recipe: str, name: str) -> None:
    config = config_of(name, recipe)
    for folder, jobs in (("a", 1), ("b", 2)):
        find_spaces(config, tmp_path / folder, pool=Pool(jobs))
    assert elite_bytes(tmp_path / "a") == elite_bytes(tmp_path / "b")


@pytest.mark.parametrize("name", NAMES)
def test_a_stopped_run_goes_on_to_the_same_files(tmp_path: Path, recipe: str, name: str) -> None:
    config = config_of(name, recipe)
    find_spaces(config, tmp_path / "whole")

    def stop(*_: object) -> None:
        raise Stop

    stops = {"on_epoch": stop} if name in ("score", "gumbel") else {"on_progress": stop}
    with pytest.raises(Stop):
        find_spaces(config, tmp_path / "cut", **stops)  # type: ignore[arg-type]
    assert not elite_bytes(tmp_path / "cut")
    find_spaces(config, tmp_path / "cut")
    assert elite_bytes(tmp_path / "cut") == elite_bytes(tmp_path / "whole")


@pytest.mark.parametrize("name", NAMES)
def test_no_estimator_chooses_by_the_test_images(tmp_path: Path, recipe: str, name: str) -> None:
    source = tmp_path / "data"
    write_parquet(source / "train-00000-of-00001.parquet", [0, 1] * 60)
    config = config_of(name, recipe, data={"dataset": str(source)}, budgets=["100K"])
    chosen = []
    for run, labels in (("one", [0, 1] * 10), ("other", [1, 0] * 10)):
        write_parquet(source / "test-00000-of-00001.parquet", labels)
        find_spaces(config, tmp_path / run)
        chosen.append(elite_bytes(tmp_path / run))
    assert chosen[0] == chosen[1]


@pytest.mark.parametrize("name", NAMES)
def test_an_infeasible_budget_is_refused_before_anything_is_made(tmp_path: Path, recipe: str, name: str) -> None:
    with pytest.raises(NetspaceError, match="budget 900M .* infeasible"):
        find_spaces(config_of(name, recipe, budgets=["900M"]), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def planted(depths: object, widths: object) -> np.ndarray:
    """Return errors: at equal cost a wide last stage and a shallow first one are best."""
    d, w = np.atleast_2d(depths), np.atleast_2d(widths)  # type: ignore[arg-type, var-annotated]
    return 0.7 - 0.15 * np.log(w[:, 2] / 4) - 0.05 * np.log(w[:, 0] / 4) + 0.05 * (d[:, 0] - 1) + 0.1 * (w[:, 1] / 16)


LOSS = SharedTraining.loss


def planted_loss(
    shared: SharedTraining, images: Tensor, labels: Tensor, choice: Architecture | SubNetwork | Mixture
) -> Tensor:
    if isinstance(choice, SubNetwork):  # a step of the weights
        return LOSS(shared, images, labels, choice)
    if isinstance(choice, Architecture):
        return 3 * torch.tensor(planted(choice.depths, choice.widths)[0], dtype=torch.float32)
    total = torch.zeros(())
    base = planted([1.0] * 3, [4.0] * 3)[0]
    for i in range(3):  # the planted error is a sum over axes, so a mixture of choices has the mixture of errors
        for knob, (values, weights) in choice.stage(i).items():
            d, w = np.ones((len(values), 3)), np.full((len(values), 3), 4.0)
            (w if knob == "width" else d)[:, i] = values.numpy()
            total = total + weights @ torch.tensor(planted(d, w) - base, dtype=torch.float32)
    return 3 * (total + float(base))


def plant_trainings(store: NetworkStore, template: NetworkTemplate, *_: object, **__: object) -> None:
    """Give every network of a store its planted error, in place of a training."""
    about = store.about()
    while (claimed := store.claim()) is not None:
        row, network, seed = claimed
        error = float(planted(network.depths, network.widths)[0])
        of = about["recipe"], about["data"]
        store.finish(row, TrainedNetwork(network, cost(network, template), seed, *of, "ok", error, error))


def planting() -> AbstractContextManager[object]:
    """Return a context in which the networks of a run get planted errors in place of trainings."""
    return patch("netspace.finding.drawn.train_population", plant_trainings)


def percentile(space: SearchSpace, elite_space: object, data: ImageData, budget: Budget) -> float:
    """Return the share of the other spaces that are no better in band, by the planted error."""
    template, found = space.template(*data.shape), {}
    for choice in np.ndindex(*space.shape):
        candidate = space.space(choice)
        band = budget.members(candidate, template)
        if band.hit_rate >= 0.05:
            drawn, layout = band.draw(40, rng=np.random.default_rng(0)), candidate.layout
            found[candidate] = float(planted(layout.all(drawn, "depth"), layout.all(drawn, "width")).mean())
    assert elite_space in found
    own = found[elite_space]  # type: ignore[index]
    return float(np.mean([e >= own - 1e-9 for e in found.values()]))


@pytest.mark.parametrize("name", NAMES)
def test_every_estimator_finds_a_planted_space(
    tmp_path: Path, recipe: str, name: str, fashion: ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SharedTraining, "loss", planted_loss)
    monkeypatch.setattr(
        score_run, "architecture_score", lambda _, network, **__: float(planted(network.depths, network.widths)[0])
    )
    longer: dict[str, object] = {"epochs": 4, "warmup_epochs": 0, "steps_per_epoch": 100, "penalty": 2.0}
    config = config_of(name, recipe, longer, budgets=["1.5M"])
    front = replace(config.search.front, evaluations=60, population=40, min_hit_rate=0.2)
    config = replace(config, search=replace(config.search, front=front))
    with planting():
        (elite,) = find_spaces(config, tmp_path / "run")
    assert percentile(config.space, elite.space, fashion, elite.budget) >= 0.7
    assert elite.candidates[0].hit_rate > 0


def test_a_model_that_ranks_no_better_than_flops_is_named(tmp_path: Path, recipe: str) -> None:
    said: list[str] = []
    find_spaces(config_of("population", recipe), tmp_path / "run", on_note=said.append)
    assert sum(text.startswith("NOT TRUSTWORTHY") for text in said) == 1


def test_population_trains_no_super_network(tmp_path: Path, recipe: str) -> None:
    find_spaces(config_of("population", recipe), tmp_path / "run")
    assert not list((tmp_path / "run").glob("checkpoint-*"))
    with pytest.raises(NetspaceError, match="'population', which trains no super network"):
        open_search(tmp_path / "run")


def test_a_recipe_at_fault_is_named_before_the_folder_is_a_runs(tmp_path: Path, recipe: str) -> None:
    with pytest.raises(NetspaceError, match="unknown recipe 'nosuch'"):
        find_spaces(config_of("population", "nosuch"), tmp_path / "run")
    assert not (tmp_path / "run").exists()
    find_spaces(config_of("population", recipe), tmp_path / "run")


def test_a_recipe_that_was_changed_since_is_refused_and_one_that_is_gone_is_not_missed(
    tmp_path: Path, recipe: str
) -> None:
    config = config_of("population", recipe)
    elites = find_spaces(config, tmp_path / "run")
    Path(recipe).unlink()
    assert find_spaces(config, tmp_path / "run") == elites
    Path(recipe).write_text(to_yaml(replace(RECIPE, learning_rate=0.3)))
    with pytest.raises(NetspaceError, match="holds networks of another recipe"):
        find_spaces(config, tmp_path / "run")


def test_trainings_that_diverge_are_told_with_their_reason_and_what_can_be_done(tmp_path: Path) -> None:
    (tmp_path / "wild.yaml").write_text(to_yaml(replace(RECIPE, learning_rate=1e12, train_images=400)))
    said: list[str] = []
    with pytest.raises(NetspaceError, match="0 stand-alone trainings that went well; search again in another --out"):
        find_spaces(config_of("population", str(tmp_path / "wild.yaml")), tmp_path / "run", on_note=said.append)
    (told,) = (text for text in said if "went wrong" in text)
    assert "8 of 8 trainings went wrong and are left out: 8 with 'the loss is" in told


def test_front_takes_trainings_in_where_it_is_told_to(tmp_path: Path, recipe: str) -> None:
    config = config_of("front", recipe, {"front": {"evaluations": 10, "calibration": 8, "recipe": recipe}})
    seen = set()
    find_spaces(config, tmp_path / "run", on_progress=lambda what, *_: seen.add(what))
    assert seen == {"scores", "trainings"}
    assert len(NetworkStore(tmp_path / "run" / CALIBRATION).rows()) == 8


def test_a_larger_calibration_begins_with_the_smaller_one(tiny: SearchSpace) -> None:
    template = tiny.template(28, 1, 10)
    few, many = (plan_calibration(tiny, template, n, seed=3) for n in (6, 20))
    assert (many[:6] == few).all()
    assert len(np.unique(many, axis=0)) == 20


def test_images_that_were_read_before_are_not_read_again(
    fashion: ImageData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = quick_config(budgets=["1M"])
    read = find_spaces(config, tmp_path / "read")
    monkeypatch.setattr("netspace.finding.find.load_images", None)
    assert find_spaces(config, tmp_path / "given", images=fashion) == read


def test_a_calibration_stays_near_its_budgets_while_there_are_networks(tiny: SearchSpace) -> None:
    template = tiny.template(28, 1, 10)
    budgets = [Budget.parse("1M"), Budget.parse("params=20K")]
    points = plan_calibration(tiny, template, 500, seed=3, budgets=budgets)
    near = [CostModel(template, b.kind)(points) / b.target for b in budgets]
    inside = np.any([(x >= 0.5) & (x <= 2) for x in near], axis=0)
    assert 30 < inside.sum() < 400
    assert inside[: inside.sum()].all()
    assert len(np.unique(points, axis=0)) == 500
    assert (plan_calibration(tiny, template, 20, seed=3, budgets=budgets) == points[:20]).all()


def test_a_calibration_goes_on_from_whatever_it_has_begun_with(tiny: SearchSpace, tmp_path: Path) -> None:
    template, budgets = tiny.template(28, 1, 10), [Budget.parse("1M")]
    earlier = plan_calibration(tiny, template, 6, seed=3)
    points = plan_calibration(tiny, template, 30, seed=3, budgets=budgets, begun=earlier)
    assert (points[:6] == earlier).all()
    assert len(np.unique(points, axis=0)) == 30
    costs = CostModel(template)(points[6:])
    assert ((costs >= 500_000) & (costs <= 2_000_000)).all()


def test_a_calibration_reaches_into_every_corner(tiny: SearchSpace) -> None:
    points = plan_calibration(tiny, tiny.template(28, 1, 10), 24, seed=0)
    for axis, values in enumerate(v.values for s in tiny.full.stages for v in (s.depth, s.width)):
        assert {int(values.min()), int(values.max())} <= set(points[:, axis].tolist())


def test_a_run_keeps_the_recipe_that_auto_stood_for_when_it_was_begun(
    tmp_path: Path, few: ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = quick_config(search={"estimator": "population", "front": {"population": 6, "recipe": "auto"}})
    first = find_spaces(config, tmp_path / "run", images=few)
    assert Run(tmp_path / "run").config.search.front.recipe == "scant"
    monkeypatch.setattr("netspace.config.MANY", 0)  # now it would be another one
    assert find_spaces(config, tmp_path / "run", images=few) == first
