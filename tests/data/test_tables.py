"""Parquet files and saved data sets: every row checked, every fault named by its row and column."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from netspace import DataSettings, NetspaceError, load_images
from netspace.data import ImageData, ImageSet
from tests.data.layouts import class_folder, encoded, picture

IMAGE = pa.struct({"bytes": pa.binary(), "path": pa.string()})


def table(
    labels: list[Any],
    *,
    kind: pa.DataType | None = None,
    images: list[Any] | None = None,
    names: int = 2,
    called: tuple[str, ...] = ("cat", "dog", "frog"),
) -> pa.Table:
    images = (
        [{"bytes": encoded(picture(i % 3, i, (8, 8))), "path": None} for i in range(len(labels))]
        if images is None
        else images
    )
    features: dict[str, Any] = {"image": {"_type": "Image"}}
    if names:
        features["label"] = {"_type": "ClassLabel", "names": list(called[:names])}
    made = pa.table({"image": pa.array(images, IMAGE), "label": pa.array(labels, kind)})
    return made.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def write(file: Path, labels: list[Any], **options: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table(labels, **options), file)
    return file


def read(place: Path, **settings: Any) -> ImageData:
    return load_images(DataSettings(str(place), **settings))


GOOD = [0, 1] * 10


@pytest.mark.parametrize(
    ("labels", "options", "settings", "message"),
    [
        ([*GOOD, None], {}, {}, r"row 20 of .*rows\.parquet, column 'label': the label is missing"),
        ([*GOOD, -1], {}, {}, r"row 20 of .*column 'label': the label -1 is not one of the 2 classes, 0 to 1"),
        ([*GOOD, 2], {}, {}, r"row 20 of .*the label 2 is not one of the 2 classes"),
        ([[0], [1]] * 10, {"names": 0}, {"label_column": "label"}, r"row 0 of .*column 'label': the label is a list"),
        ([{"a": 0}] * 20, {"names": 0}, {"label_column": "label"}, r"row 0 of .*the label is a dict"),
        ([0.5, 1.5] * 10, {"names": 0}, {"label_column": "label"}, r"row 0 of .*the label is a float"),
        (["cat", "dog"] * 10 + [""], {"names": 0}, {"label_column": "label"}, r"row 20 of .*the label is empty"),
        ([], {"kind": pa.int64()}, {}, "is empty"),
    ],
)  # fmt: skip
def test_labels_that_are_none_are_refused_with_row_and_column(
    tmp_path: Path, labels: list[Any], options: dict[str, Any], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(NetspaceError, match=message):
        read(write(tmp_path / "rows.parquet", labels, **options), **settings)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (None, r"row 3 of .*, column 'image': there is none"),
        ({"bytes": None, "path": None}, r"row 3 of .*, column 'image': there is none"),
        ({"bytes": b"no image", "path": None}, r"row 3 of .*, column 'image': it is no image"),
        ({"bytes": None, "path": "gone.png"}, r"gone\.png: No such file"),
        ({"bytes": None, "path": "../outside.png"}, r"row 3 of .*'../outside\.png' leads out of"),
        ({"bytes": None, "path": "/etc/hostname"}, r"row 3 of .*'/etc/hostname' leads out of"),
        ({"bytes": None, "path": "folder"}, r"row 3 of .*'folder' is no file"),
    ],
)
def test_images_that_are_none_are_refused_with_row_and_column(tmp_path: Path, image: Any, message: str) -> None:
    images: list[Any] = [{"bytes": encoded(picture(0, i)), "path": None} for i in range(20)]
    images[3] = image
    (tmp_path / "data" / "folder").mkdir(parents=True)
    file = write(tmp_path / "data" / "rows.parquet", GOOD, images=images)
    with pytest.raises(NetspaceError, match=message):
        read(file)


def test_paths_of_images_are_relative_to_their_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(20):
        (tmp_path / "deep" / "images").mkdir(parents=True, exist_ok=True)
        picture(0, i).save(tmp_path / "deep" / "images" / f"{i}.png")
    images = [{"bytes": None, "path": f"images/{i}.png"} for i in range(20)]
    file = write(tmp_path / "deep" / "rows.parquet", GOOD, images=images)
    monkeypatch.chdir(tmp_path)
    assert sum(read(file).train.labels.bincount()) > 10


def test_a_labelled_validation_split_serves_where_the_test_split_has_no_labels(tmp_path: Path) -> None:
    write(tmp_path / "train-00000-of-00001.parquet", GOOD)
    write(tmp_path / "test-00000-of-00001.parquet", [-1] * 8)
    data = read(tmp_path)
    assert "split 'test' has no labels and is not used; a share of the others is sealed" in data.summary.notes[0]
    write(tmp_path / "validation-00000-of-00001.parquet", [0, 1] * 4)
    data = read(tmp_path)
    assert (len(data.train), len(data.sealed_test())) == (20, 8)
    assert (
        "split 'test' has no labels and is not used; split 'validation' is sealed as test set instead"
        in data.summary.notes
    )
    write(tmp_path / "test-00000-of-00001.parquet", [*[-1] * 7, 0])
    with pytest.raises(NetspaceError, match=r"row 0 of .*test-00000-of-00001\.parquet, column 'label': the label -1"):
        read(tmp_path)


def test_shards_of_a_split_are_read_in_order_and_folders_may_name_splits(tmp_path: Path) -> None:
    write(tmp_path / "default" / "train" / "0000.parquet", [0, 1] * 5)
    write(tmp_path / "default" / "train" / "0001.parquet", [1, 0] * 5)
    write(tmp_path / "default" / "test" / "0000.parquet", [0, 1] * 3)
    data = read(tmp_path)
    assert (len(data.train), len(data.sealed_test())) == (20, 6)
    assert data.train.labels.tolist() == [0, 1] * 5 + [1, 0] * 5


def test_configurations_in_folders_of_their_own_are_not_mixed(tmp_path: Path) -> None:
    for folder in ("plain", "cropped"):
        write(tmp_path / folder / "train-00000-of-00001.parquet", GOOD)
    with pytest.raises(NetspaceError, match=r"split 'train' .*lies in 2 folders.*give one of them"):
        read(tmp_path)
    assert read(tmp_path / "plain").classes == ["cat", "dog"]


@pytest.mark.parametrize(("labels", "classes"), [([10, 9] * 10, ["9", "10"]), (["dog", "cat"] * 10, ["cat", "dog"])])
def test_a_column_called_label_holds_the_labels_where_no_column_names_classes(
    tmp_path: Path, labels: list[Any], classes: list[str]
) -> None:
    file = write(tmp_path / "rows.parquet", labels, names=0)
    data = read(file)
    assert data.classes == classes
    assert data.fingerprint == read(file, label_column="label").fingerprint
    named = table(labels, names=0).append_column("kind", pa.array([0, 1, 1, 0] * 5))
    features = {"image": {"_type": "Image"}, "kind": {"_type": "ClassLabel", "names": ["wild", "tame"]}}
    meta = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(named.replace_schema_metadata(meta), file)
    assert read(file).classes == ["wild", "tame"]


def test_a_table_of_another_program_is_read_and_one_without_images_is_no_data_set(tmp_path: Path) -> None:
    images = [encoded(picture(0, i)) for i in range(20)]
    pq.write_table(pa.table({"picture": pa.array(images), "kind": ["b", "a"] * 10}), tmp_path / "plain.parquet")
    assert read(tmp_path / "plain.parquet", label_column="kind").classes == ["a", "b"]
    pq.write_table(pa.table({"x": [1, 2]}), tmp_path / "numbers.parquet")
    with pytest.raises(NetspaceError, match=r"has 0 columns of images \[\] among \['x'\]"):
        read(tmp_path / "numbers.parquet")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and nothing more")
    with pytest.raises(NetspaceError, match=r"cannot read .*broken\.parquet"):
        read(tmp_path / "broken.parquet")


def test_what_lies_beside_tables_is_neither_run_nor_asked_for_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a local folder makes no request")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    write(tmp_path / "data" / "train-00000-of-00001.parquet", GOOD)
    (tmp_path / "data.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w')")
    card = "configs:\n- data_files: https://example.org/x.parquet\na: !!python/name:os.x"
    (tmp_path / "README.md").write_text(f"---\n{card}\n---\n")
    assert read(tmp_path).classes == ["cat", "dog"]
    assert not (tmp_path / "mark").exists()


def test_what_save_to_disk_wrote_is_read(tmp_path: Path) -> None:
    import datasets

    made = datasets.Dataset(table([0, 1] * 12))
    made.cast_column("image", datasets.Image()).save_to_disk(tmp_path / "one")
    assert len(read(tmp_path / "one").train) + len(read(tmp_path / "one").sealed_test()) == 24
    both = datasets.DatasetDict({"train": made.select(range(20)), "test": made.select(range(20, 24))})
    both.save_to_disk(tmp_path / "two")
    data = read(tmp_path / "two")
    assert (data.classes, len(data.train), len(data.sealed_test())) == (["cat", "dog"], 20, 4)


def test_kept_images_are_the_same_and_one_that_is_broken_is_made_anew(tmp_path: Path) -> None:
    write(tmp_path / "data" / "rows.parquet", GOOD)
    first = read(tmp_path / "data")
    first.keep(tmp_path / "kept")
    settings = DataSettings(str(tmp_path / "data"))
    for asked in (settings, first.settings):
        again = load_images(asked, kept=[tmp_path / "kept"])
        assert (again.fingerprint, again.keys) == (first.fingerprint, ())
        assert np.array_equal(again.digests, first.digests)
        assert again.summary.classes == first.summary.classes
    arrays = dict(np.load(next((tmp_path / "kept").iterdir())))
    for name, wrong in (("about", b"{}"), ("labels", b"\0"), ("train", b"\1\0\0\0\0\0\0\0"), ("images", b"")):
        for file in (tmp_path / "kept").iterdir():
            np.savez(file, **{**arrays, name: np.frombuffer(wrong, np.uint8)})
        assert load_images(settings, kept=[tmp_path / "kept"]).keys, name
    for file in (tmp_path / "kept").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    again = load_images(settings, kept=[tmp_path / "kept"])
    assert again.fingerprint == first.fingerprint
    assert again.keys
    write(tmp_path / "data" / "rows.parquet", [1, 0] * 10)
    again.keep(tmp_path / "kept")
    assert load_images(settings, kept=[tmp_path / "kept"]).fingerprint != first.fingerprint


def test_kept_images_without_a_test_image_are_read_anew(tmp_path: Path) -> None:
    data = read(write(tmp_path / "data" / "rows.parquet", GOOD))
    none = ImageSet(data.test.images[:0], data.test.labels[:0])
    replace(data, test=none, summary=replace(data.summary, test=0)).keep(tmp_path / "kept")
    again = load_images(DataSettings(str(tmp_path / "data" / "rows.parquet")), kept=[tmp_path / "kept"])
    assert len(again.sealed_test()) == len(data.test) > 0


def test_names_of_classes_count_and_not_their_numbers(tmp_path: Path) -> None:
    write(tmp_path / "train-00000-of-00002.parquet", [0, 1] * 5)
    write(tmp_path / "train-00001-of-00002.parquet", [0, 0, 0], called=("dog", "cat"))
    write(tmp_path / "test-00000-of-00001.parquet", [0, 0, 1], called=("dog", "cat"))
    data = read(tmp_path)
    assert data.classes == ["cat", "dog"]
    assert data.train.labels.tolist() == [0, 1] * 5 + [1, 1, 1]
    assert data.sealed_test().labels.tolist() == [1, 1, 0]
    write(tmp_path / "test-00000-of-00001.parquet", [0, 1], called=("dog", "bird"))
    with pytest.raises(NetspaceError, match=r"row 1 of .*the label 'bird' is not a class of the training split"):
        read(tmp_path)
    write(tmp_path / "test-00000-of-00001.parquet", [0, 1], called=("dog", "dog"))
    with pytest.raises(NetspaceError, match="each needs a name of its own"):
        read(tmp_path)


def test_a_test_split_without_the_column_of_labels_is_not_used(tmp_path: Path) -> None:
    write(tmp_path / "train-00000-of-00001.parquet", GOOD)
    write(tmp_path / "validation-00000-of-00001.parquet", [0, 1] * 4)
    pq.write_table(table([0] * 6).drop(["label"]), tmp_path / "test-00000-of-00001.parquet")
    data = read(tmp_path)
    assert (len(data.train), len(data.sealed_test())) == (20, 8)
    assert "split 'test' has no labels and is not used" in data.summary.notes[0]


def test_a_further_split_is_never_mixed_with_the_test_split(tmp_path: Path) -> None:
    write(tmp_path / "train-00000-of-00001.parquet", GOOD)
    write(tmp_path / "test-00000-of-00001.parquet", [0, 1] * 3)
    write(tmp_path / "hard_test-00000-of-00001.parquet", [0, 1] * 7)
    data = read(tmp_path)
    assert (len(data.train), len(data.sealed_test())) == (20, 6)
    assert "split 'hard_test' has 14 images and is not used" in data.summary.notes
    write(tmp_path / "testing-00000-of-00001.parquet", [0, 1])
    with pytest.raises(NetspaceError, match="has two test splits, 'test' and 'testing'"):
        read(tmp_path)


def test_files_of_a_split_that_are_missing_are_said(tmp_path: Path) -> None:
    write(tmp_path / "train-00001-of-00005.parquet", GOOD)
    assert "only 1 of 5 files of 'train' are there" in read(tmp_path).summary.notes


def test_files_of_one_split_have_one_kind_of_labels_and_minus_one_is_none(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", ["x", "y"] * 5, names=0)
    write(tmp_path / "b.parquet", [0, 1] * 5, names=0)
    with pytest.raises(NetspaceError, match=r"column 'label' holds int in .*b\.parquet, but string in .*a\.parquet"):
        read(tmp_path, label_column="label")
    write(tmp_path / "a.parquet", [0, -1] * 5, names=0)
    with pytest.raises(NetspaceError, match="row 1 of .*the label −1 stands for none"):
        read(tmp_path, label_column="label")


def test_bytes_in_a_table_beside_class_folders_do_not_hide_them(tmp_path: Path) -> None:
    class_folder(tmp_path, ["cat", "dog"])
    pq.write_table(pa.table({"embedding": [b"x"], "label": ["cat"]}), tmp_path / "embeddings.parquet")
    assert read(tmp_path).classes == ["cat", "dog"]
