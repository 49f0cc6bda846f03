"""Images that cannot be read: refused together with their reasons, or skipped and counted."""

import json
import re
from pathlib import Path

import pytest

from netspace import DataSettings, NetspaceError, load_images
from netspace.data import ImageData, UnreadableError, UnreadableImagesError
from netspace.data.faults import Faults
from tests.commands import netspace
from tests.data.layouts import class_folder, encoded, picture


def read(root: Path, **settings: object) -> ImageData:
    return load_images(DataSettings(str(root), **settings))  # type: ignore[arg-type]


def test_unreadable_images_are_refused_together_each_with_its_reason(tmp_path: Path) -> None:
    class_folder(tmp_path, ["cat", "dog"], 8)
    whole = (tmp_path / "cat" / "0.png").read_bytes()
    (tmp_path / "cat" / "0.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "cat" / "1.png").write_bytes(b"")
    (tmp_path / "dog" / "2.svg").write_text("<svg/>")
    (tmp_path / "dog" / "3.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n")
    with pytest.raises(NetspaceError, match="cannot read 4 of 18 images") as caught:
        read(tmp_path)
    for part in ("cat/0.png", "1.png: the file is empty", "2.svg", "convert it to PNG or JPEG", "--skip-unreadable"):
        assert part in str(caught.value)
    data = read(tmp_path, skip_unreadable=True)
    assert len(data.train) + len(data.sealed_test()) == 14


def test_images_that_are_cut_off_are_of_one_reason_and_those_that_are_not_named_are_counted(tmp_path: Path) -> None:
    class_folder(tmp_path, ["cat", "dog"], 6)
    for k, label in enumerate(("cat", "dog")):
        for i in range(6):
            whole = encoded(picture(k, 100 + i, (64, 64)), "JPEG")
            (tmp_path / label / f"cut {i}.jpg").write_bytes(whole[: len(whole) // 2 + 37 * i])
    with pytest.raises(UnreadableImagesError, match="cannot read 12 of 24 images") as caught:
        read(tmp_path)
    told = str(caught.value)
    assert "cat/cut 4.jpg and 7 more: image file is truncated (… bytes not processed)" in told
    assert told.count("truncated") == 1
    reasons = caught.value.images
    assert len(reasons) == 12
    assert all(re.search(r"truncated \(\d+ bytes", why) for why in reasons.values())
    assert read(tmp_path, skip_unreadable=True).summary.to_plain()["unreadable"] == reasons


def test_reasons_that_are_not_told_are_counted() -> None:
    faults = Faults(DataSettings("photos"), [])
    for i, letter in enumerate("abcdefg"):
        for k in range(i + 1):
            faults.add(UnreadableError(f"{letter}{k}.png", f"reason {letter}"))
    with pytest.raises(UnreadableImagesError, match="e4.png: reason e; and 13 more for other reasons; mend or remove"):
        faults.refuse(0)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("test", r"its test set, split 'test', has no image that can be read; mend the images, or remove the split"),
        ("train", r"no training image can be read, only test images; mend the images"),
    ],
)
def test_a_split_of_which_no_image_can_be_read_is_refused_also_where_images_may_be_skipped(
    tmp_path: Path, split: str, message: str
) -> None:
    for name, first in (("train", 0), ("test", 50)):
        class_folder(tmp_path / name, ["a", "b"], first=first)
    for file in (tmp_path / split).rglob("*.png"):
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(NetspaceError, match=message):
        read(tmp_path, skip_unreadable=True)


def test_every_unreadable_image_is_in_the_json_whether_it_is_skipped_or_refused(tmp_path: Path) -> None:
    class_folder(tmp_path, ["cat", "dog"], 12)
    for i in range(7):
        (tmp_path / "cat" / f"{i}.png").write_bytes(b"")
    refused = netspace("data", str(tmp_path), "--json")
    assert refused.returncode == 2
    assert "and 2 more: the file is empty" in refused.stderr
    every = {str(tmp_path / "cat" / f"{i}.png"): "the file is empty" for i in range(7)}
    assert json.loads(refused.stdout) == {"dataset": str(tmp_path), "unreadable": every}
    skipped = netspace("data", str(tmp_path), "--json", "--skip-unreadable")
    assert json.loads(skipped.stdout)["unreadable"] == every
