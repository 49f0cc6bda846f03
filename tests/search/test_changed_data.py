"""A run whose data moved, or lost and gained images: told by content, refused with numbers, accepted when asked."""

import shutil
from pathlib import Path

import pytest

from netspace import DataSettings, NetspaceError, find_spaces, load_elite, load_images
from netspace.search import open_search
from netspace.search.score_run import score_run, score_search
from tests.conftest import quick_config
from tests.data.layouts import class_folder, picture


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A finished search and the folder of images that it learned from."""
    root = tmp_path_factory.mktemp("changed")
    photos = class_folder(root / "photos", ["cat", "dog"], 60)
    config = quick_config(data={"dataset": str(photos), "image_size": 8}, budgets=["300K"], tolerance=0.5)
    find_spaces(config, root / "run")
    return root / "run", photos


@pytest.fixture
def copy(run: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Copies of both, to be changed; the run knows only where its data were."""
    shutil.copytree(run[0], tmp_path / "run")
    shutil.copytree(run[1], tmp_path / "moved")
    return tmp_path / "run", tmp_path / "moved"


def test_data_that_moved_are_taken_where_they_are_now(copy: tuple[Path, Path]) -> None:
    folder, moved = copy
    assert open_search(folder, dataset=str(moved)).data.fingerprint == open_search(folder).data.fingerprint


def test_the_same_search_goes_on_from_another_place(copy: tuple[Path, Path]) -> None:
    folder, moved = copy
    before = load_elite(folder / "elite-300K.yaml")
    config = quick_config(data={"dataset": str(moved), "image_size": 8}, budgets=["300K"], tolerance=0.5)
    trained: list[object] = []
    find_spaces(config, folder, on_epoch=trained.append)
    assert trained == []
    assert load_elite(folder / "elite-300K.yaml").candidates == before.candidates


def test_lost_and_new_images_are_counted_and_accepted_when_asked(copy: tuple[Path, Path]) -> None:
    folder, moved = copy
    for i in range(10):
        (moved / "cat" / f"{i}.png").unlink()
    for i in range(100, 130):
        picture(1, i).save(moved / "dog" / f"{i}.png")
    with pytest.raises(NetspaceError, match=r"([1-9]|10) of \d+ training images are gone, [12]\d are new") as caught:
        open_search(folder, dataset=str(moved))
    assert "--accept-changed-data" in str(caught.value)
    notes: list[str] = []
    search = open_search(folder, dataset=str(moved), accept_changed_data=True, on_note=notes.append)
    assert "the data have changed since" in notes[0]
    assert len(search.data.train) != len(open_search(folder).data.train)


def test_other_data_altogether_are_refused_also_when_changes_are_accepted(copy: tuple[Path, Path]) -> None:
    folder, moved = copy
    shutil.rmtree(moved)
    class_folder(moved, ["cat", "dog"], 60, first=500)
    with pytest.raises(NetspaceError, match=r"(\d+) of \1 training images are gone"):
        open_search(folder, dataset=str(moved), accept_changed_data=True)


def test_a_class_more_is_refused_also_when_changes_are_accepted(copy: tuple[Path, Path]) -> None:
    folder, moved = copy
    class_folder(moved, ["cat", "dog", "frog"], 20, first=500)
    with pytest.raises(NetspaceError, match="has 3 classes, but .* was made for 2"):
        open_search(folder, dataset=str(moved), accept_changed_data=True)


def test_scores_of_changed_data_are_not_mixed_with_earlier_ones(copy: tuple[Path, Path]) -> None:
    folder, moved = copy
    score_run(folder, 2)
    class_folder(moved, ["cat", "dog"], 5, first=500)
    changed = open_search(folder, dataset=str(moved), accept_changed_data=True)
    with pytest.raises(NetspaceError, match="holds scores of another data"):
        score_search(changed, folder, 4)
    assert len(score_run(folder, 3).values) == 3


def test_a_run_of_an_earlier_version_says_that_the_number_is_not_known(copy: tuple[Path, Path]) -> None:
    folder, moved = copy
    (folder / "images.npy").unlink()
    for i in range(12):
        (moved / "cat" / f"{i}.png").unlink()
    with pytest.raises(NetspaceError, match="how many there were is not known"):
        open_search(folder, dataset=str(moved))


def test_a_sealed_image_that_goes_leaves_the_run_usable(copy: tuple[Path, Path]) -> None:
    folder, moved = copy
    before = load_images(DataSettings(str(moved), image_size=8))
    for file in sorted(moved.rglob("*.png")):
        content = file.read_bytes()
        file.unlink()
        if load_images(DataSettings(str(moved), image_size=8)).fingerprint == before.fingerprint:
            break  # it was a sealed one
        file.write_bytes(content)
    assert len(list(moved.rglob("*.png"))) == 119
    assert open_search(folder, dataset=str(moved)).data.fingerprint == before.fingerprint


def test_data_that_are_gone_say_how_to_name_their_new_place(copy: tuple[Path, Path], run: tuple[Path, Path]) -> None:
    folder, moved = copy
    text = (folder / "config.yaml").read_text()
    (folder / "config.yaml").write_text(text.replace(str(run[1]), str(moved) + "-gone"))
    with pytest.raises(NetspaceError, match=r"is not there .*\(these are the data of .*; say with --dataset"):
        open_search(folder)


def test_the_next_command_reads_the_images_that_the_search_kept(
    copy: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("an image was decoded again")

    folder, _ = copy
    monkeypatch.setattr("netspace.data.reading.decode", refuse)
    assert len(open_search(folder).data.train) > 80
    assert len(score_run(folder, 2).values) == 2
