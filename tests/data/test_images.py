"""Data of the user's own: kinds of places, columns, sizes, and every fault by name."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image

from netspace import DataSettings, NetspaceError, load_images
from netspace.data import ImageData


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def write_parquet(file: Path, labels: list[object], column: str = "target") -> None:
    rng = np.random.default_rng(0)
    images = [{"bytes": png(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)), "path": None} for _ in labels]
    encoded = pa.array(images, pa.struct({"bytes": pa.binary(), "path": pa.string()}))
    table = pa.table({"picture": encoded, column: labels})
    features = '{"info": {"features": {"picture": {"_type": "Image"}}}}'
    if isinstance(labels[0], int):
        names = '["cat", "dog"]'
        features = features.replace("}}}}", f'}}, "{column}": {{"names": {names}, "_type": "ClassLabel"}}}}}}}}')
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({"huggingface": features}), file)


def test_the_embedded_data_are_8000_grey_images_of_ten_classes(fashion: ImageData) -> None:
    assert fashion.train.images.shape == (8000, 1, 28, 28)
    assert fashion.train.images.dtype == torch.uint8
    assert torch.equal(fashion.train.labels.bincount(), torch.full((10,), 800))
    assert fashion.shape == (28, 1, 10)
    assert len(fashion.sealed_test()) == 2000


def test_an_image_folder_gives_the_same_pixels(image_folder: Path, fashion: ImageData) -> None:
    data = load_images(DataSettings(str(image_folder)))
    assert data.shape == (28, 1, 3)
    assert data.classes == sorted(data.classes)
    assert len(data.train) + len(data.sealed_test()) == 60
    known = {image.numpy().tobytes() for image in fashion.train.images}
    assert all(image.numpy().tobytes() in known for image in data.train.images)
    train = {image.numpy().tobytes() for image in data.train.images}
    assert not any(image.numpy().tobytes() in train for image in data.sealed_test().images)


def test_a_hub_layout_folder_keeps_its_own_splits(tmp_path: Path) -> None:
    write_parquet(tmp_path / "plain" / "train-00000-of-00001.parquet", [0, 1] * 10)
    write_parquet(tmp_path / "plain" / "test-00000-of-00001.parquet", [0, 1] * 3)
    data = load_images(DataSettings(str(tmp_path)))
    assert data.classes == ["cat", "dog"]
    assert data.shape == (8, 3, 2)
    assert (len(data.train), len(data.sealed_test())) == (20, 6)


def test_a_parquet_file_with_text_labels_is_read_where_the_column_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    write_parquet(file, ["no", "yes"] * 10)
    with pytest.raises(NetspaceError, match=r"unlabelled: none of its columns \['picture', 'target'\]"):
        load_images(DataSettings(str(file)))
    data = load_images(DataSettings(str(file), label_column="target"))
    assert data.classes == ["no", "yes"]
    assert len(data.train) + len(data.sealed_test()) == 20


def test_images_of_several_sizes_are_resized_to_32_or_as_asked(image_folder: Path) -> None:
    Image.new("L", (50, 40), 99).save(image_folder / "Trouser" / "zz.png")
    Image.new("L", (10, 10), 98).save(image_folder / "Trouser" / "zy.png")
    assert load_images(DataSettings(str(image_folder))).shape == (32, 1, 3)
    assert load_images(DataSettings(str(image_folder), image_size=16)).shape == (16, 1, 3)


def test_mixed_channels_name_the_image_and_can_be_converted(image_folder: Path) -> None:
    Image.new("RGB", (28, 28)).save(image_folder / "Trouser" / "zz.png")
    with pytest.raises(NetspaceError, match=r"mixes channels: .*zz\.png has 3, those before it 1; .*--channels 1"):
        load_images(DataSettings(str(image_folder)))
    assert load_images(DataSettings(str(image_folder), channels=3)).shape == (28, 3, 3)


def test_a_corrupt_image_is_named(image_folder: Path) -> None:
    (image_folder / "Trouser" / "07.png").write_bytes(b"no image")
    with pytest.raises(NetspaceError, match=r"cannot read image .*Trouser/07\.png: it is no image"):
        load_images(DataSettings(str(image_folder)))


def test_a_truncated_image_is_named(image_folder: Path) -> None:
    file = image_folder / "Trouser" / "08.png"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(NetspaceError, match=r"cannot read image .*Trouser/08\.png"):
        load_images(DataSettings(str(image_folder)))


def test_one_class_is_refused(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train-00000-of-00001.parquet", [1] * 10)
    with pytest.raises(NetspaceError, match="has 1 class; a classifier needs two or more"):
        load_images(DataSettings(str(tmp_path)))


def test_images_without_class_folders_are_unlabelled(tmp_path: Path) -> None:
    for i in range(4):
        Image.new("L", (8, 8), i).save(tmp_path / f"{i}.png")
    with pytest.raises(NetspaceError, match="is unlabelled: .*two or more folders, one per class"):
        load_images(DataSettings(str(tmp_path)))


def test_an_empty_folder_and_a_missing_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(NetspaceError, match="is empty: no parquet file and no image"):
        load_images(DataSettings(str(tmp_path / "photos")))
    with pytest.raises(NetspaceError, match=r"is not there \(did you mean '.*photos'\?\)"):
        load_images(DataSettings(str(tmp_path / "fotos")))


def test_a_column_that_is_not_there_offers_the_nearest(tmp_path: Path) -> None:
    write_parquet(tmp_path / "train-00000-of-00001.parquet", [0, 1] * 10)
    with pytest.raises(NetspaceError, match=r"no label column 'targt', did you mean 'target'\?"):
        load_images(DataSettings(str(tmp_path), label_column="targt"))
