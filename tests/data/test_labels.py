"""Images in one folder with a table of labels beside them, as competitions give them."""

from pathlib import Path

import pytest

from netspace import DataSettings, NetspaceError, load_images
from netspace.data import ImageData
from tests.data.layouts import class_folder


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """Twelve images in one folder, 0.png to 11.png."""
    return class_folder(tmp_path, ["images"], 12)


def read(root: Path, lines: list[str], *, name: str = "labels.csv", **settings: object) -> ImageData:
    (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return load_images(DataSettings(str(root), labels=name, **settings))  # type: ignore[arg-type]


def lines(how: str = "images/{i}.png", labels: str = "cat dog", n: int = 12) -> list[str]:
    names = labels.split()
    return [f"{how.format(i=i)},{names[i % len(names)]}" for i in range(n)]


@pytest.mark.parametrize("how", ["images/{i}.png", "{i}.png", "{i}"])
def test_a_file_is_named_by_its_path_or_its_name_with_or_without_its_ending(flat: Path, how: str) -> None:
    data = read(flat, ["file,label", *lines(how)])
    assert data.classes == ["cat", "dog"]
    assert sum(train + test for train, test in data.summary.classes.values()) == 12
    assert data.summary.classes["cat"][0] + data.summary.classes["cat"][1] == 6
    assert data.summary.notes == ()


def test_columns_may_be_called_otherwise_and_separated_otherwise(flat: Path) -> None:
    table = ["\ufeffid; breed ;age", *(line.replace(",", ";") + ";3" for line in lines())]
    with pytest.raises(NetspaceError, match=r"has no column 'file'.*--image-column"):
        read(flat, table)
    with pytest.raises(NetspaceError, match=r"has no column 'label'.*--label-column"):
        read(flat, [line.replace(";", ",") for line in table], image_column="id")
    assert read(flat, table, image_column="id", label_column="breed").classes == ["cat", "dog"]


def test_a_space_before_a_quoted_value_is_no_part_of_it(flat: Path) -> None:
    quoted = [line.replace(",", ', "') + '"' for line in lines()]
    assert read(flat, ['file, "label"', *quoted]).classes == ["cat", "dog"]


def test_whole_numbers_are_sorted_by_their_value(flat: Path) -> None:
    assert read(flat, ["file,label", *lines(labels="10 9")]).classes == ["9", "10"]


def test_files_without_a_label_are_named_and_left_out(flat: Path) -> None:
    data = read(flat, ["file,label", *lines(n=11)])
    assert len(data.train) + len(data.sealed_test()) == 11
    assert "left out: 1 image without a line" in data.summary.notes[0]
    assert "images/9.png" in data.summary.notes[0] or "images/11.png" in data.summary.notes[0]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["images/gone.png,cat"], r"labels 1 file that is not there below .*: images/gone\.png \(line 14\)"),
        (["images/3.png,cat"], r"names images/3\.png twice, in lines 5 and 14"),
        (["../outside.png,cat"], r"line 14: '../outside\.png' leads out of"),
        (["/etc/hostname,cat"], r"line 14: '/etc/hostname' leads out of"),
        (["images/3.png,"], r"line 14: column 'label' is empty"),
        (["images/3.png"], r"line 14: 1 values for 2 columns"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_with_its_number(flat: Path, more: list[str], message: str) -> None:
    with pytest.raises(NetspaceError, match=message):
        read(flat, ["file,label", *lines(), *more])


def test_a_name_that_two_files_have_is_refused(flat: Path) -> None:
    class_folder(flat, ["more"], 1, first=3)
    with pytest.raises(NetspaceError, match=r"'3\.png' may be images/3\.png and more/3\.png"):
        read(flat, ["file,label", *lines("{i}.png")])


def test_a_table_that_is_not_there_or_empty_or_of_one_class_is_refused(flat: Path) -> None:
    with pytest.raises(NetspaceError, match=r"labels 'gone\.csv' are not there"):
        load_images(DataSettings(str(flat), labels="gone.csv"))
    with pytest.raises(NetspaceError, match="holds no labels"):
        read(flat, ["file,label"])
    with pytest.raises(NetspaceError, match="names 1 class"):
        read(flat, ["file,label", *lines(labels="cat")])
    for empty in ([], ["", *lines()]):
        with pytest.raises(NetspaceError, match=r"has no header; its first line has to name the columns: file,label"):
            read(flat, empty)
    absent = r"--labels belongs to a folder of images, but dataset '.*/fotos' is not there \(check the path\)"
    with pytest.raises(NetspaceError, match=absent):
        load_images(DataSettings(str(flat / "fotos"), labels="labels.csv"))
    with pytest.raises(NetspaceError, match="--labels belongs to a folder of images, but dataset 'fashion' is none"):
        load_images(DataSettings("fashion", labels="labels.csv"))


def test_another_label_of_one_image_is_another_data_set(flat: Path) -> None:
    first = read(flat, ["file,label", *lines()])
    first.keep(flat.parent / "kept")
    swapped = lines()
    swapped[0], swapped[1] = "images/0.png,dog", "images/1.png,cat"
    (flat / "labels.csv").write_text("\n".join(["file,label", *swapped]))
    again = load_images(DataSettings(str(flat), labels="labels.csv"), kept=[flat.parent / "kept"])
    assert again.fingerprint != first.fingerprint or again.keys


def test_paths_may_be_absolute_or_lead_from_the_table_and_lines_may_end_in_any_way(
    flat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    absolute = "\r".join(["file,label", *(line.replace("images/", f"{flat}/images/") for line in lines())])
    (flat / "labels.csv").write_bytes(absolute.encode())
    assert load_images(DataSettings(str(flat), labels="labels.csv")).classes == ["cat", "dog"]
    (flat.parent / "beside.csv").write_text("\n".join(["file,label", *lines(f"{flat.name}/images/{{i}}.png")]))
    monkeypatch.chdir(flat)
    assert load_images(DataSettings(".", labels="../beside.csv")).classes == ["cat", "dog"]


def test_folders_called_like_splits_are_none_beside_a_table_and_that_is_said(tmp_path: Path) -> None:
    class_folder(tmp_path, ["train"], 8)
    class_folder(tmp_path, ["test"], 4, first=8)
    rows = [f"{'train' if i < 8 else 'test'}/{i}.png,{'cat' if i % 2 else 'dog'}" for i in range(12)]
    notes = read(tmp_path, ["file,label", *rows]).summary.notes
    assert "all labelled images are one data set: test, train are no splits here" in notes
