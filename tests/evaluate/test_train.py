"""Training one network: seeded, honest about its last epoch, and about what went wrong."""

import dataclasses
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from netspace import Architecture, NetspaceError, cost
from netspace.config import load_recipe, preset_names
from netspace.data import ImageData
from netspace.evaluate import Training, TrainingData, learning_rate, train_network
from netspace.evaluate.step import own_stream
from netspace.evaluate.train import moving_average
from netspace.settings import Augmentation, Recipe
from netspace.spaces import NetworkTemplate

RECIPE = Recipe("test", epochs=2, batch_size=32, warmup_epochs=1, train_images=640, validation_share=0.5)
TEMPLATE = NetworkTemplate(stem_width=8, image_size=28, channels=1, classes=10)
ARCHITECTURE = Architecture.of((1, 1, 1), (8, 8, 8))


@pytest.fixture(scope="module")
def data(fashion: ImageData) -> TrainingData:
    return TrainingData.of(fashion, RECIPE, torch.device("cpu"))


def test_a_training_learns_and_records_its_last_epoch(data: TrainingData) -> None:
    seen = []
    record = train_network(
        *(ARCHITECTURE, TEMPLATE, data),
        dataclasses.replace(RECIPE, epochs=8),
        seed=3,
        fingerprint="f",
        on_epoch=lambda epoch, entry: seen.append((epoch, entry)),
    )
    assert record.status == "ok"
    assert record.cost == cost(ARCHITECTURE, TEMPLATE)
    assert [epoch for epoch, _ in seen] == list(range(1, 9))
    assert [entry for _, entry in seen] == record.curve
    assert record.validation_error == record.curve[-1]["validation_error"]
    assert record.test_error is not None
    assert record.test_error < 0.8
    assert record.curve[-1]["loss"] < record.curve[0]["loss"]
    assert (record.seed, record.recipe, record.data) == (3, "f", data.fingerprint)


def test_equal_seeds_give_equal_records_and_other_seeds_others(data: TrainingData) -> None:
    first, again, other = (
        dataclasses.replace(train_network(ARCHITECTURE, TEMPLATE, data, RECIPE, seed=seed), seconds=0)
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first.curve != other.curve


def test_trainings_of_equal_seed_share_batches_and_augmentation_whatever_the_network_where_asked(
    data: TrainingData,
) -> None:
    def streams(common: bool) -> list[torch.Tensor]:
        found = []
        for width in (8, 12):
            network = Architecture.of((1, 1, 1), (8, 8, width))
            training = Training(network, TEMPLATE, data, dataclasses.replace(RECIPE, common=common), seed=5)
            training.train_epoch()
            found.append(training.state()["generator"])
        return found

    assert torch.equal(*streams(common=True))
    assert not torch.equal(*streams(common=False))


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"common": True},
        {"ema": 0.9},
        {"optimizer": "adamw", "learning_rate": 0.01, "clip": 1.0},
        {"optimizer": "rmsprop"},
    ],
)
def test_a_training_taken_up_from_its_state_on_disk_gives_the_same_weights(
    data: TrainingData, tmp_path: Path, change: dict[str, object]
) -> None:
    recipe = dataclasses.replace(RECIPE, **change)  # type: ignore[arg-type]
    whole = Training(ARCHITECTURE, TEMPLATE, data, recipe, seed=1)
    first = whole.train_epoch()
    torch.save((whole.weights(), whole.state()), tmp_path / "state.pt")
    last = whole.train_epoch()
    resumed = Training(ARCHITECTURE, TEMPLATE, data, recipe, seed=1)
    resumed.restore(*torch.load(tmp_path / "state.pt", weights_only=True))
    assert resumed.curve == [first]
    assert resumed.train_epoch() == last
    for name, value in whole.network.state_dict().items():
        assert torch.equal(resumed.network.state_dict()[name], value), name


def test_changing_many_batches_at_once_changes_no_weight(data: TrainingData, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = dataclasses.replace(RECIPE, augment=Augmentation(2, True, 4))
    curves = []
    for pixels in (0, 3 * 32 * 28 * 28, 2**25):
        monkeypatch.setattr("netspace.evaluate.train._at_once", lambda device, pixels=pixels: pixels)
        curves.append(train_network(ARCHITECTURE, TEMPLATE, data, recipe, seed=1).curve)
    assert curves[0] == curves[1] == curves[2]


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"precision": "bf16-mixed"},
        {"ema": 0.9, "clip": 1.0},
        {"optimizer": "adamw", "learning_rate": 0.01},
        {"optimizer": "rmsprop", "learning_rate": 0.001},
    ],
    ids=str,
)
def test_a_recorded_step_trains_as_one_that_is_not_recorded(
    fashion: ImageData, monkeypatch: pytest.MonkeyPatch, change: dict[str, object]
) -> None:
    recipe = dataclasses.replace(RECIPE, epochs=3, **change)  # type: ignore[arg-type]
    data = TrainingData.of(fashion, recipe, torch.device("cuda"))
    curves = []
    for warm_steps in (3, 10**6):
        monkeypatch.setattr("netspace.evaluate.step.WARM_STEPS", warm_steps)
        curves.append(train_network(ARCHITECTURE, TEMPLATE, data, recipe, seed=1).curve)
    for one, other in zip(*curves, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], abs=0.05)
        assert one["validation_error"] == pytest.approx(other["validation_error"], abs=0.06)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
def test_threads_of_one_process_train_on_a_gpu_side_by_side(fashion: ImageData) -> None:
    data = TrainingData.of(fashion, RECIPE, torch.device("cuda"))

    def train(seed: int) -> list[float]:
        with own_stream(data.device):
            return [entry["loss"] for entry in train_network(ARCHITECTURE, TEMPLATE, data, RECIPE, seed=seed).curve]

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(train, range(8)))
    for alone, one in zip((train(seed) for seed in range(8)), together, strict=True):
        assert alone == pytest.approx(one, abs=0.02)


def test_the_parts_do_not_overlap_and_the_test_images_are_the_sealed_ones(
    data: TrainingData, fashion: ImageData
) -> None:
    train, validation = ({x.numpy().tobytes() for x in part.images} for part in (data.train, data.validation))
    assert (len(data.train), len(data.validation)) == (320, 320)
    assert not train & validation
    assert torch.equal(data.test.images, fashion.sealed_test().images)


def test_a_diverging_training_is_a_record(data: TrainingData) -> None:
    recipe = dataclasses.replace(RECIPE, learning_rate=1e20, warmup_epochs=0)
    record = train_network(ARCHITECTURE, TEMPLATE, data, recipe, seed=0)
    assert record.status == "diverged"
    assert record.validation_error is record.test_error is None
    assert "in epoch" in (record.reason or "")


@pytest.mark.parametrize("change", [{"optimizer": "adamw"}, {"optimizer": "rmsprop"}, {"ema": 0.9}, {"clip": 1.0}])
def test_other_settings_of_a_recipe_train_too(data: TrainingData, change: dict[str, object]) -> None:
    recipe = dataclasses.replace(RECIPE, learning_rate=0.01, **change)  # type: ignore[arg-type]
    record = train_network(ARCHITECTURE, TEMPLATE, data, recipe, seed=0)
    assert record.status == "ok"
    assert record.curve[-1]["loss"] < 2.3


@pytest.mark.parametrize("schedule", ["cosine", "linear"])
def test_the_learning_rate_rises_then_falls_to_zero(schedule: str) -> None:
    recipe = Recipe("x", epochs=10, warmup_epochs=2, learning_rate=0.4, schedule=schedule)  # type: ignore[arg-type]
    assert [learning_rate(e, recipe) for e in (0, 1, 2)] == [0, 0.2, 0.4]
    assert learning_rate(6, recipe) == pytest.approx(0.2)
    assert learning_rate(10, recipe) == pytest.approx(0)


def test_too_few_images_are_refused(fashion: ImageData) -> None:
    with pytest.raises(NetspaceError, match="20 training images leave 10 to train on"):
        TrainingData.of(fashion, dataclasses.replace(RECIPE, train_images=20), torch.device("cpu"))


def test_the_recipes_of_the_package_load() -> None:
    assert preset_names("recipe") == ["few", "honest", "paper", "quick", "scant", "standard"]
    assert {name: load_recipe(name).name for name in preset_names("recipe")} == {
        name: name for name in preset_names("recipe")
    }
    with pytest.raises(NetspaceError, match="unknown recipe 'quik', did you mean 'quick'"):
        load_recipe("quik")


def test_the_moving_average_forgets_its_start_also_in_a_short_training() -> None:
    update = moving_average(0.999)
    average = torch.tensor(1.0)
    for n in range(1, 101):
        average = update(average, torch.tensor(0.0), n)
    closed = math.prod(min(0.999, (1 + n) / (10 + n)) for n in range(1, 101))
    assert float(average) == pytest.approx(closed, rel=1e-4)
    assert closed < 1e-6
    assert float(update(torch.tensor(1.0), torch.tensor(0.0), 10**6)) == pytest.approx(0.999)
