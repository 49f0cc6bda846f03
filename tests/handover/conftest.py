"""One network, trained in a second and exported once; tests do not change its folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from netspace import Architecture
from netspace.data import ImageData
from netspace.handover import Exported, Format, TrainedModel, TrainingConfig, export_model, load_model, train_fully
from netspace.records import ChosenArchitecture
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate

EVERYWHERE: tuple[Format, ...] = ("python", "onnx", "torch-export")  # of a device's formats there are tests apart
RECIPE = Recipe(
    "test", epochs=3, batch_size=32, warmup_epochs=1, train_images=320, validation_share=0.3, learning_rate=0.05
)
TEMPLATE = NetworkTemplate(stem_width=8, image_size=28, channels=1, classes=10)
CHOSEN = ChosenArchitecture.of(Architecture.of((1, 2, 1), (8, 8, 12)), TEMPLATE, provenance={"score": 0.5})


@dataclass(frozen=True)
class Delivery:
    """A trained network's folder, the network, and the folder it was exported to in all formats."""

    trained: Path
    model: TrainedModel
    exported: Path
    result: Exported


@pytest.fixture(scope="package")
def delivery(fashion: ImageData, tmp_path_factory: pytest.TempPathFactory) -> Delivery:
    folder = tmp_path_factory.mktemp("delivery")
    train_fully(TrainingConfig(CHOSEN, fashion.settings, RECIPE), fashion, folder / "trained")
    model = load_model(folder / "trained")
    result = export_model(model, fashion, folder / "out", formats=EVERYWHERE, int8=True)
    return Delivery(folder / "trained", model, folder / "out", result)


@pytest.fixture
def photos(tmp_path: Path, fashion: ImageData) -> Path:
    """A folder with five images as a user has them: other sizes, colour, alpha, 16 bits, and one as it should be."""
    folder = tmp_path / "photos"
    folder.mkdir()
    image = Image.fromarray(fashion.train.images[7, 0].numpy())
    image.save(folder / "plain.png")
    image.resize((90, 61)).convert("RGB").save(folder / "colour.png")
    image.resize((200, 200)).convert("LA").save(folder / "alpha.png")
    image.resize((57, 40)).convert("RGB").save(folder / "photo.jpg")
    image.convert("I").point(lambda value: value * 200).convert("I;16").save(folder / "sixteen.png")
    return folder
