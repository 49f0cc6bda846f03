"""Folders are read as people lay them out: which folders are classes, which are splits, and what is left out."""

import os
import shutil
from pathlib import Path

import pytest

from netspace import DataSettings, NetspaceError, load_images
from netspace.data import ImageData, files
from netspace.data.rows import digest
from netspace.data.sealing import is_sealed
from tests.data.layouts import class_folder, encoded, picture


def read(root: Path, **settings: object) -> ImageData:
    return load_images(DataSettings(str(root), **settings))  # type: ignore[arg-type]


def total(data: ImageData) -> int:
    return len(data.train) + len(data.sealed_test())


@pytest.mark.parametrize(
    "classes",
    [
        ["forest", "train_interior", "train_station"],
        ["bus", "car", "train"],
        ["test", "tested", "val_disere"],
        ["__background__", "cat"],
        ["shoot[1]", "shoot[2]"],
        ["1", "10", "2"],
        ["[ok]", "dog:cat:mix", "<b>bold", "a b", "ä"],
    ],
    ids=lambda names: names[0],
)
def test_each_folder_is_a_class_whatever_words_are_in_its_name(tmp_path: Path, classes: list[str]) -> None:
    data = read(class_folder(tmp_path / "train [x]", classes))
    assert data.classes == sorted(classes)
    assert total(data) == 6 * len(classes)


def test_words_in_file_names_mean_nothing(tmp_path: Path) -> None:
    class_folder(tmp_path, ["cat", "dog"], name="{c}_train_{i}.png")
    class_folder(tmp_path, ["cat", "dog"], name="{c}_test_{i}.png", first=50)
    assert total(read(tmp_path)) == 24


def test_what_lies_deeper_belongs_to_its_class_folder(tmp_path: Path) -> None:
    for session in ("train", "test"):
        class_folder(tmp_path, [f"cat/{session}", f"dog/{session}/again"], first=len(session) * 9)
    data = read(tmp_path)
    assert (data.classes, total(data)) == (["cat", "dog"], 24)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test"), ("Training", "Testing"), ("TRAIN", "eval"), ("seg_train", "seg_test"),
        ("my-train", "my.val"), ("training_set", "test_set"), ("train", "valid"),
    ],
)  # fmt: skip
def test_folders_called_like_splits_are_splits_where_all_of_them_hold_folders(
    tmp_path: Path, train: str, test: str
) -> None:
    class_folder(tmp_path / train, ["a", "b"], 8)
    class_folder(tmp_path / test, ["a", "b"], 3, first=100)
    data = read(tmp_path)
    assert (data.classes, len(data.train), len(data.sealed_test())) == (["a", "b"], 16, 6)
    assert "own split" in data.summary.sealed


def test_a_validation_split_beside_a_test_split_is_read_but_not_used_and_named(tmp_path: Path) -> None:
    for n, split in ((8, "train"), (5, "val"), (3, "test")):
        class_folder(tmp_path / split / split, ["a", "b"], n, first=n * 100)
    data = read(tmp_path)
    assert (len(data.train), len(data.sealed_test())) == (16, 6)
    assert "split 'validation' has 10 images and is not used" in data.summary.notes
    (tmp_path / "val" / "val" / "a" / "500.png").write_bytes(b"broken")
    with pytest.raises(NetspaceError, match=r"val/a/500\.png: it is no image"):
        read(tmp_path)


def test_a_split_without_class_folders_is_left_out_and_named(tmp_path: Path) -> None:
    class_folder(tmp_path / "train", ["a", "b"])
    class_folder(tmp_path, ["test"])
    data = read(tmp_path)
    assert (data.classes, total(data)) == (["a", "b"], 12)
    assert "left out: 6 images in no class folder (test/0.png, test/1.png, test/2.png and 3 more)" in data.summary.notes


def test_unlabelled_images_a_folder_deeper_are_no_class(tmp_path: Path) -> None:
    class_folder(tmp_path / "train", ["a", "b"])
    class_folder(tmp_path / "test", ["images"])
    data = read(tmp_path)
    assert (data.classes, total(data)) == (["a", "b"], 12)
    assert "left out: 6 images in no class folder (test/images/0.png" in data.summary.notes[0]


def test_a_split_with_a_single_class_keeps_it_whatever_lies_deeper(tmp_path: Path) -> None:
    for label in ("a", "b"):
        class_folder(tmp_path / "train" / label, ["x", "y"])
    class_folder(tmp_path / "test" / "a", ["x", "y"], 3, first=50)
    data = read(tmp_path)
    assert (data.classes, len(data.train), data.sealed_test().labels.tolist()) == (["a", "b"], 24, [0] * 6)


def test_classes_that_hold_the_same_folders_are_looked_at_twice(tmp_path: Path) -> None:
    for year in ("train2017", "val2017"):
        class_folder(tmp_path / year, ["cat", "dog"], first=len(year) * 10)
    (note,) = read(tmp_path).summary.notes
    assert "the classes are train2017, val2017, and all of them hold folders of the same names (cat, dog)" in note


def test_flat_folders_called_like_splits_are_classes_and_that_is_said(tmp_path: Path) -> None:
    data = read(class_folder(tmp_path, ["train", "test"]))
    assert data.classes == ["test", "train"]
    assert "folders that are called like splits are classes here (test, train)" in data.summary.notes[0]


def test_two_folders_for_one_split_are_refused(tmp_path: Path) -> None:
    for split in ("train", "training"):
        class_folder(tmp_path / split, ["a", "b"])
    with pytest.raises(NetspaceError, match="both called like a train split"):
        read(tmp_path)


def test_a_folder_that_holds_nothing_but_one_folder_is_looked_through(tmp_path: Path) -> None:
    class_folder(tmp_path / "download" / "images", ["cat", "dog"])
    (tmp_path / "download" / "LICENSE").write_text("free")
    data = read(tmp_path)
    assert (data.classes, total(data)) == (["cat", "dog"], 12)


def test_links_to_folders_and_files_are_followed(tmp_path: Path) -> None:
    class_folder(tmp_path / "data", ["cat", "dog"])
    class_folder(tmp_path / "elsewhere", ["frog"], first=50)
    (tmp_path / "data" / "frog").symlink_to(tmp_path / "elsewhere" / "frog")
    (tmp_path / "data" / "cat" / "linked.png").symlink_to(tmp_path / "elsewhere" / "frog" / "50.png")
    data = read(tmp_path / "data")
    assert (data.classes, total(data)) == (["cat", "dog", "frog"], 19)


def test_a_loop_of_links_is_refused_and_a_link_to_nowhere_named(tmp_path: Path) -> None:
    class_folder(tmp_path, ["cat", "dog"])
    (tmp_path / "cat" / "back").symlink_to(tmp_path)
    with pytest.raises(NetspaceError, match="cat/back is a link to a folder that it lies in, a loop"):
        read(tmp_path)
    (tmp_path / "cat" / "back").unlink()
    (tmp_path / "frog").symlink_to(tmp_path / "gone")
    with pytest.raises(NetspaceError, match="frog: the link leads nowhere"):
        read(tmp_path)
    assert "frog: the link leads nowhere" in read(tmp_path, skip_unreadable=True).summary.notes[0]


def test_every_file_that_pillow_opens_is_an_image_whatever_its_ending(tmp_path: Path) -> None:
    endings = [(".ppm", "PPM"), (".JFIF", "JPEG"), (".tga", "TGA"), ("", "PNG"), (".data", "WEBP"), (".webp", "WEBP")]
    for k, label in enumerate(["cat", "dog"]):
        (tmp_path / label).mkdir()
        for i, (ending, kind) in enumerate(endings):
            (tmp_path / label / f"{i}{ending}").write_bytes(encoded(picture(k, i), kind))
    data = read(tmp_path)
    assert (total(data), data.summary.notes) == (12, ())


def test_system_files_are_no_images_and_the_rest_is_left_out_in_one_line(tmp_path: Path) -> None:
    class_folder(tmp_path, ["cat", "dog"])
    class_folder(tmp_path, [".hidden", "__MACOSX", "cat/@eaDir"])
    (tmp_path / "cat" / "._0.png").write_bytes(b"resource fork")
    (tmp_path / "cat" / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    (tmp_path / ".DS_Store").write_bytes(b"Bud1")
    assert read(tmp_path).summary.notes == ()
    picture(0, 99).save(tmp_path / "overview.png")
    (tmp_path / "notes.txt").write_text("taken in May")
    (tmp_path / "cat" / "labels.csv").write_text("a,b\n")
    (tmp_path / "docs").mkdir()
    data = read(tmp_path)
    assert (data.classes, total(data)) == (["cat", "dog"], 12)
    assert data.summary.notes == (
        "left out: 1 image in no class folder (overview.png); 2 files that are no images (1 .txt, 1 .csv); "
        "1 folder without an image (docs)",
    )


def test_pipes_and_devices_are_never_opened(tmp_path: Path) -> None:
    class_folder(tmp_path, ["cat", "dog"])
    os.mkfifo(tmp_path / "cat" / "pipe")
    (tmp_path / "cat" / "zero.png").symlink_to("/dev/zero")
    assert total(read(tmp_path)) == 12


def test_heic_images_name_what_to_install_and_a_class_never_disappears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "find_spec", lambda name: None)
    class_folder(tmp_path, ["cat", "dog"])
    class_folder(tmp_path, ["bird"], name="{i}.heic.png", first=20)
    for file in (tmp_path / "bird").iterdir():
        file.rename(file.with_suffix(""))
    with pytest.raises(NetspaceError, match=r"cannot read 6 of 18 images: .*bird/20\.heic.*netspace\[heif\]"):
        read(tmp_path)
    apple = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"
    (tmp_path / "cat" / "phone.jpg").write_bytes(apple)
    with pytest.raises(NetspaceError, match=r"cannot read 7 of 19 images.*a HEIC image needs one more package"):
        read(tmp_path)
    skipped = read(tmp_path, skip_unreadable=True)
    assert "skipped, since they cannot be read: 7 images" in skipped.summary.notes[0]
    assert "1 of the 3 classes have no image: bird" in skipped.summary.notes[1]


def test_heic_images_are_read_where_the_package_is_installed(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    class_folder(tmp_path, ["cat", "dog"])
    for i in range(3):
        heif.from_pillow(picture(0, 20 + i, (64, 64))).save(tmp_path / "cat" / f"{20 + i}.HEIC")
    assert total(read(tmp_path)) == 15


@pytest.mark.parametrize(("n", "told"), [(4, "'cat' has 4, 'dog' has 4"), (1, "'cat' has 1, 'dog' has 1")])
def test_classes_with_too_few_images_are_named_with_how_many_each_needs(tmp_path: Path, n: int, told: str) -> None:
    with pytest.raises(NetspaceError, match=f"each class needs 5 images or more, but {told}"):
        read(class_folder(tmp_path, ["cat", "dog"], n))


def test_a_class_without_a_test_image_is_named(tmp_path: Path) -> None:
    class_folder(tmp_path / "train", ["a", "b"])
    class_folder(tmp_path / "test", ["a"], first=50)
    assert "no test image of b: test errors say nothing about it" in read(tmp_path).summary.notes
    class_folder(tmp_path / "train", list("acdefghi"), first=100)
    told = "no test image of b, c, d, e, f and 3 more: test errors say nothing about them"
    assert told in read(tmp_path).summary.notes
    for label in "cdefghi":
        shutil.rmtree(tmp_path / "train" / label)
    class_folder(tmp_path / "test", ["c"], first=50)
    with pytest.raises(NetspaceError, match=r"each class needs 5 training images or more, but 'c' has 0"):
        read(tmp_path)


def test_images_of_which_none_falls_to_the_sealed_share_are_refused(tmp_path: Path) -> None:
    for file in class_folder(tmp_path, ["a", "b"], 12).rglob("*.png"):
        if is_sealed(digest(file.read_bytes()), 0.2):
            file.unlink()
    with pytest.raises(NetspaceError, match=r"none of its \d+ images fell to the sealed test set.*add images"):
        read(tmp_path)


def test_every_class_of_which_all_images_fell_to_the_sealed_share_is_named(tmp_path: Path) -> None:
    for file in class_folder(tmp_path, ["a", "b", "c"], 60).rglob("*.png"):
        if file.parent.name != "c" and not is_sealed(digest(file.read_bytes()), 0.2):
            file.unlink()
    with pytest.raises(NetspaceError, match=r"all images of class 'a', 'b' fell to the sealed test set; add others"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["photos.zip", "photos.tar.gz", "photos.txt", "photos.jpg"])
def test_a_file_that_is_no_data_set_says_what_to_give(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"PK\3\4" if name.endswith("zip") else b"some")
    with pytest.raises(NetspaceError, match="unpack it" if "zip" in name or "tar" in name else "is no parquet file"):
        read(tmp_path / name)


def test_a_folder_of_flat_images_points_to_its_table_of_labels(tmp_path: Path) -> None:
    class_folder(tmp_path, ["images"])
    (tmp_path / "labels.csv").write_text("file,label\n")
    with pytest.raises(NetspaceError, match=r"has 1 class \('images'\).*--labels labels\.csv"):
        read(tmp_path)


def test_removing_or_adding_an_image_seals_no_other_one(tmp_path: Path) -> None:
    class_folder(tmp_path, ["cat", "dog"], 40)
    before = read(tmp_path)
    train = {image.numpy().tobytes() for image in before.train.images}
    sealed = {image.numpy().tobytes() for image in before.sealed_test().images}
    assert sealed
    for i in (0, 7, 13):
        (tmp_path / "cat" / f"{i}.png").unlink()
    class_folder(tmp_path, ["cat", "dog"], 3, first=90)
    after = read(tmp_path)
    assert not train & {image.numpy().tobytes() for image in after.sealed_test().images}
    assert not sealed & {image.numpy().tobytes() for image in after.train.images}


def test_a_data_set_is_the_same_wherever_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = read(class_folder(tmp_path / "here", ["cat", "dog"], 20))
    (tmp_path / "here").rename(tmp_path / "there")
    there = read(tmp_path / "there")
    monkeypatch.chdir(tmp_path)
    relative = load_images(DataSettings("./there/../there/"))
    assert here.fingerprint == there.fingerprint == relative.fingerprint
