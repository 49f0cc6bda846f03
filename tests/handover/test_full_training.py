"""Full trainings: the same weights after a kill, early stopping on validation, one reading of the test images."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from netspace import NetspaceError
from netspace.data import ImageData, ImageSet, Normalisation
from netspace.evaluate.train import outcome_on
from netspace.handover import TrainingConfig, TrainingEpoch, load_card, train_fully
from netspace.models import Outcome
from tests.handover.conftest import CHOSEN, RECIPE, TEMPLATE


@pytest.fixture(scope="module")
def config(fashion: ImageData) -> TrainingConfig:
    return TrainingConfig(CHOSEN, fashion.settings, RECIPE)


@pytest.fixture(scope="module")
def measured() -> list[int]:
    """The numbers of images of each error that `whole` measured, in their order."""
    return []


@pytest.fixture(scope="module")
def whole(
    config: TrainingConfig, fashion: ImageData, tmp_path_factory: pytest.TempPathFactory, measured: list[int]
) -> Path:
    """The folder of a finished training; tests do not change it."""
    folder = tmp_path_factory.mktemp("runs") / "whole"

    def spy(network: nn.Module, images: ImageSet, normalise: Normalisation) -> Outcome:
        measured.append(len(images))
        return outcome_on(network, images, normalise)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netspace.evaluate.train.outcome_on", spy)
        train_fully(config, fashion, folder)
    return folder


class Stop(Exception):
    pass


def test_a_training_stopped_after_each_epoch_ends_in_the_same_weights(
    config: TrainingConfig, fashion: ImageData, whole: Path, tmp_path: Path
) -> None:
    def stop(epoch: TrainingEpoch) -> None:
        raise Stop

    for _ in range(RECIPE.epochs):
        with pytest.raises(Stop):
            train_fully(config, fashion, tmp_path / "stopped", on_epoch=stop)
        assert not (tmp_path / "stopped" / "model.safetensors").exists()
    stopped = train_fully(config, fashion, tmp_path / "stopped")
    files = [folder / "model.safetensors" for folder in (whole, tmp_path / "stopped")]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert stopped.curve == load_card(whole).curve
    assert stopped.test_error == load_card(whole).test_error
    assert sorted(p.name for p in (tmp_path / "stopped").iterdir()) == [
        ".lock", "card.json", "card.md", "config.yaml", "curve", "images.npy", "model.safetensors",
    ]  # fmt: skip


def test_early_stopping_takes_the_epoch_that_was_best_on_validation_and_stops_after_the_patience(
    config: TrainingConfig, fashion: ImageData, tmp_path: Path
) -> None:
    recipe = dataclasses.replace(RECIPE, epochs=8, learning_rate=0.3)
    patient = dataclasses.replace(config, recipe=recipe, patience=2)
    weights: list[dict[str, torch.Tensor]] = []

    def remember(epoch: TrainingEpoch) -> None:
        (folder,) = (tmp_path / "run").glob("checkpoint-*")
        weights.append(load_file(folder / "weights.safetensors"))

    card = train_fully(patient, fashion, tmp_path / "run", on_epoch=remember)
    errors = [entry["validation_error"] for entry in card.curve]
    assert card.epoch == errors.index(min(errors)) + 1
    assert card.epochs == min(card.epoch + 2, 8)
    assert card.validation_error == min(errors)
    kept = load_file(tmp_path / "run" / "model.safetensors")
    assert all(torch.equal(kept[name], value) for name, value in weights[card.epoch - 1].items())


def test_the_test_images_are_measured_once_after_the_last_epoch(
    whole: Path, measured: list[int], fashion: ImageData
) -> None:
    assert measured == [96, 96, 96, len(fashion.sealed_test())]


def test_the_card_tells_costs_latency_recipe_and_errors_and_comes_back_as_it_was(whole: Path, tmp_path: Path) -> None:
    card = load_card(whole)
    card.save(tmp_path)
    plain = json.loads((tmp_path / "card.json").read_text())
    assert plain == json.loads((whole / "card.json").read_text())
    assert plain["macs"] == plain["architecture"]["cost"]["flops"] == 1_534_408
    assert [latency["batch"] for latency in plain["latency"]] == [1, 64]
    text = (tmp_path / "card.md").read_text()
    for wanted in ("1,534,408 MACs", "3,068,816 counted as two", f"{card.test_error:.2%}", "T-shirt", "score | 0.5"):
        assert wanted in text


def test_the_curve_is_written_for_tensorboard(whole: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(whole / "curve"))
    events.Reload()
    assert [scalar.step for scalar in events.Scalars("validation_error")] == [1, 2, 3]
    written = [scalar.value for scalar in events.Scalars("loss")]
    assert written == pytest.approx([entry["loss"] for entry in load_card(whole).curve])


def test_a_full_disk_under_the_curve_names_it(
    fashion: ImageData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.utils.tensorboard.SummaryWriter.flush", full)
    with pytest.raises(OSError, match="No space left on device") as told:
        train_fully(TrainingConfig(CHOSEN, fashion.settings, RECIPE), fashion, tmp_path / "run")
    assert told.value.filename == str(tmp_path / "run" / "curve")


def test_another_config_in_the_same_folder_and_data_of_another_shape_are_refused(
    config: TrainingConfig, fashion: ImageData, whole: Path, tmp_path: Path
) -> None:
    with pytest.raises(NetspaceError, match=r"holds another run; it differs in seed \(0 there, 1 here\)"):
        train_fully(dataclasses.replace(config, seed=1), fashion, whole)
    other = CHOSEN.within(dataclasses.replace(TEMPLATE, classes=3))
    with pytest.raises(NetspaceError, match=r"has .* \(28, 1, 10\), but the architecture's template \(28, 1, 3\)"):
        train_fully(dataclasses.replace(config, architecture=other), fashion, tmp_path / "other")


def test_a_folder_without_a_finished_training_is_named(tmp_path: Path) -> None:
    with pytest.raises(NetspaceError, match=r"holds no trained network: it has no card.json"):
        load_card(tmp_path)
    (tmp_path / "config.yaml").write_text("")
    with pytest.raises(NetspaceError, match="is not trained to its end"):
        load_card(tmp_path)
    (tmp_path / "card.json").write_text("{")
    with pytest.raises(NetspaceError, match=r"card.json is not valid JSON"):
        load_card(tmp_path)
