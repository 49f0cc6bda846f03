"""Predictions: the same from every format, and honest about what is no image."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from netspace import NetspaceError
from netspace.handover import find_images, load_predictor
from tests.handover.conftest import Delivery


def test_every_format_gives_the_same_classes_and_probabilities(delivery: Delivery, photos: Path) -> None:
    files = find_images([photos])
    found = {
        name: list(load_predictor(delivery.exported, name).predict(files, on_fault=pytest.fail))
        for name in ("python", "torch-export", "onnx", "onnx-int8")
    }
    wanted = np.array([list(p.probabilities.values()) for p in found["python"]])
    assert np.allclose(wanted.sum(1), 1, atol=1e-5)
    for name, predictions in found.items():
        probabilities = np.array([list(p.probabilities.values()) for p in predictions])
        assert np.abs(probabilities - wanted).max() < (0.05 if name == "onnx-int8" else 1e-5), name
        assert [p.probability for p in predictions] == [max(p.probabilities.values()) for p in predictions]
        assert [p.probabilities[p.label] for p in predictions] == [p.probability for p in predictions]


def test_what_is_no_image_is_named_and_the_rest_predicted(delivery: Delivery, photos: Path) -> None:
    (photos / "cut.png").write_bytes((photos / "plain.png").read_bytes()[:60])
    (photos / "text.jpg").write_text("hello")
    (photos / "notes.txt").write_text("not looked at")
    faults: list[str] = []
    found = list(load_predictor(delivery.exported).predict(find_images([photos]), on_fault=faults.append))
    assert len(found) == 5
    assert len(faults) == 2
    assert f"cannot read image {photos / 'cut.png'}: " in faults[0]
    assert f"cannot read image {photos / 'text.jpg'}: it is no image" in faults[1]


def test_an_odd_image_does_not_lose_the_results_of_the_others(delivery: Delivery, photos: Path) -> None:
    Image.new("LAB", (30, 20)).save(photos / "lab.tif")
    (photos / "nothing.png").touch()
    faults: list[str] = []
    found = list(load_predictor(delivery.exported).predict(find_images([photos]), on_fault=faults.append))
    assert len(found) + len(faults) == 7
    assert len(found) >= 5
    assert all(f"cannot read image {photos}" in fault and "\n" not in fault for fault in faults)


def test_images_are_found_in_files_and_folders_in_the_order_that_they_are_named(photos: Path, tmp_path: Path) -> None:
    assert [f.name for f in find_images([photos / "plain.png", photos])][:2] == ["plain.png", "alpha.png"]
    with pytest.raises(NetspaceError, match=r"image '.*gone.png' is not there"):
        find_images([photos, tmp_path / "gone.png"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(NetspaceError, match=r"folder '.*empty' holds no image"):
        find_images([tmp_path / "empty"])


def test_folders_without_an_export_or_without_the_format_are_named(delivery: Delivery, tmp_path: Path) -> None:
    with pytest.raises(NetspaceError, match="is no folder; give the --out of `netspace export`"):
        load_predictor(tmp_path / "gone")
    with pytest.raises(NetspaceError, match="holds no exported model"):
        load_predictor(delivery.trained)
    shutil.copytree(delivery.exported, tmp_path / "out")
    (tmp_path / "out" / "model.onnx").unlink()
    with pytest.raises(NetspaceError, match="holds no format 'onnx', did you mean 'onnx-int8'"):
        load_predictor(tmp_path / "out", "onnx")
    (tmp_path / "out" / "model.pt2").write_bytes(b"no program")
    with pytest.raises(NetspaceError, match=r"cannot load .*model.pt2"):
        load_predictor(tmp_path / "out", "torch-export")


def test_a_card_of_another_number_of_classes_is_refused(delivery: Delivery, tmp_path: Path) -> None:
    shutil.copytree(delivery.exported, tmp_path / "out")
    card = tmp_path / "out" / "card.json"
    card.write_text(card.read_text().replace('"Bag",\n', "").replace('  "Bag",', ""))
    with pytest.raises(NetspaceError, match="gives 10 classes, but the card names 9"):
        load_predictor(tmp_path / "out")


@pytest.mark.parametrize("format", ["python", "torch-export", "onnx"])
def test_a_model_that_takes_other_images_than_the_card_says_is_refused(
    delivery: Delivery, tmp_path: Path, format: str
) -> None:
    shutil.copytree(delivery.exported, tmp_path / "out")
    card = tmp_path / "out" / "card.json"
    plain = json.loads(card.read_text())
    plain["mean"] = plain["deviation"] = [1.0, 2.0, 3.0]
    plain["architecture"]["template"]["channels"] = 3
    del plain["architecture"]["cost"]
    card.write_text(json.dumps(plain))
    with pytest.raises(NetspaceError, match=r"model\.\w+ .*(does not classify images of|another architecture)"):
        load_predictor(tmp_path / "out", format)
