"""Copies of one image, in the training and the test set or in two classes, are said and not refused."""

import shutil
from pathlib import Path

from netspace import DataSettings, load_images
from tests.data.layouts import class_folder
from tests.data.test_tables import GOOD, write


def notes(place: Path) -> list[str]:
    return list(load_images(DataSettings(str(place))).summary.notes)


def test_test_images_that_are_training_images_are_counted_and_named(tmp_path: Path) -> None:
    class_folder(tmp_path / "train", ["a", "b"])
    class_folder(tmp_path / "test", ["a", "b"], 5, first=50)
    assert notes(tmp_path) == []
    for i, label in enumerate(("a", "b", "b")):
        shutil.copy(tmp_path / "train" / label / f"{i}.png", tmp_path / "test" / label / f"copy of {i}.png")
    (note,) = notes(tmp_path)
    assert note.startswith("3 of 13 test images are also training images (")
    assert f"{tmp_path}/test/a/copy of 0.png is {tmp_path}/train/a/0.png" in note
    assert "and 2 more): test errors say too little" in note


def test_a_table_that_is_its_own_test_set_is_said(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write(tmp_path / f"{split}.parquet", GOOD)
    assert any("20 of 20 test images are also training images" in note for note in notes(tmp_path))


def test_copies_of_one_image_in_two_classes_are_counted_and_named(tmp_path: Path) -> None:
    class_folder(tmp_path, ["a", "b"], 20)
    for i in (3, 4):
        shutil.copy(tmp_path / "a" / f"{i}.png", tmp_path / "b" / f"copy of {i}.png")
    (note,) = notes(tmp_path)
    assert note.startswith("2 images have copies in another class (")
    assert "as 'a', " in note
    assert "and 1 more): no network can tell these apart" in note
    (tmp_path / "b" / "copy of 4.png").unlink()
    (note,) = notes(tmp_path)
    assert f"1 image has copies in another class ({tmp_path}/a/3.png as 'a', {tmp_path}/b/copy of 3.png as 'b')" in note
    again = shutil.copy(tmp_path / "a" / "5.png", tmp_path / "a" / "copy of 5.png")
    assert len(notes(tmp_path)) == 1, f"{again} is a copy in its own class"
