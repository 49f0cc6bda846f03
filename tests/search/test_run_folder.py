"""A run's folder as a place on disk."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from pydantic.dataclasses import dataclass

from netspace import DataSettings, NetspaceError, Run, SearchConfig
from netspace.data import ImageData, load_images
from netspace.documents import fingerprint, from_plain, later
from netspace.errors import UnfinishedError
from netspace.evaluate import TrainingData
from netspace.handover.full_training import FullTraining, TrainingConfig
from netspace.search import Checkpoint, RunFolder, SpaceSearch, taking_up
from netspace.search.checkpoints import load_checkpoint
from netspace.spaces.ranges import STRICT
from tests.conftest import quick_config

GOLDEN = Path(__file__).parent.parent / "golden"


def test_only_the_newest_checkpoint_is_kept_and_comes_back_as_it_was(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for epoch in (1, 2, 10):
        folder.save(Checkpoint(epoch, {"w": torch.full((2, 3), float(epoch))}, {"step": [epoch, 2]}))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-0010"]
    loaded = folder.load()
    assert loaded is not None
    assert loaded.epoch == 10
    assert torch.equal(loaded.weights["w"], torch.full((2, 3), 10.0))
    assert loaded.state == {"step": [10, 2]}


def test_a_folder_without_checkpoints_starts_anew(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-0003.partial").mkdir()
    assert RunFolder(tmp_path).load() is None


def test_a_checkpoint_never_runs_code(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.save(Checkpoint(1, {"w": torch.zeros(1)}, {}))
    torch.save({"x": Path("a class that is not plain data")}, tmp_path / "checkpoint-0001" / "state.pt")
    with pytest.raises(NetspaceError, match="is corrupt"):
        folder.load()


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NetspaceError, match="is a file; give a folder"):
        RunFolder(tmp_path / "file").check_writable()
    with pytest.raises(NetspaceError, match="is not writable"):
        RunFolder(tmp_path / "file" / "run").check_writable()


def test_a_folder_without_write_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Root may write everywhere, so the answer of the system is put in its place.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(NetspaceError, match="is not writable; give another with --out"):
        RunFolder(tmp_path / "run").check_writable()


def save(folder: RunFolder, epoch: int) -> None:
    folder.save(Checkpoint(epoch, {"w": torch.full((2,), float(epoch))}, {"step": epoch}))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_checkpoints_follow_each_other_by_number_also_beyond_9999(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for epoch in (9999, 10_000, 10_001):
        save(folder, epoch)
    assert names(tmp_path) == ["checkpoint-10001"]
    loaded = folder.load()
    assert loaded is not None
    assert loaded.epoch == 10_001


@pytest.mark.parametrize("file", ["weights.safetensors", "state.pt"])
def test_where_the_last_checkpoint_is_broken_the_one_before_it_is_taken_and_this_is_said(
    tmp_path: Path, file: str
) -> None:
    said: list[str] = []
    folder = RunFolder(tmp_path, said.append)
    save(folder, 1)
    shutil.copytree(tmp_path / "checkpoint-0001", tmp_path / "kept")
    save(folder, 2)
    (tmp_path / "kept").rename(tmp_path / "checkpoint-0001")
    (tmp_path / "checkpoint-0002" / file).write_bytes(b"x" * 20)
    loaded = folder.resume()
    assert loaded is not None
    assert loaded.epoch == 1
    assert len(said) == 1
    assert f"checkpoint-0002 is corrupt ({file}: " in said[0]
    assert said[0].endswith("going on from the one before it, epoch 1")
    save(folder, 2)
    assert names(tmp_path) == ["checkpoint-0002"]
    assert folder.load() is not None
    assert len(said) == 1


def test_what_a_kill_left_of_checkpoints_is_gone_with_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fashion: ImageData
) -> None:
    folder = RunFolder(tmp_path)
    config = quick_config()
    with folder.opened(config, fashion):
        save(folder, 1)
        real, removed = shutil.rmtree, []

        def killed(path: Path, **options: object) -> None:
            if path.name == "checkpoint-0001.old" and path.exists():
                removed.append(path)
                raise KeyboardInterrupt  # as a kill would, in the middle of the removal
            real(path, **options)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(shutil, "rmtree", killed)
            with pytest.raises(KeyboardInterrupt):
                save(folder, 2)
    assert removed
    assert "checkpoint-0001.old" in names(tmp_path)
    (tmp_path / "checkpoint-0003.partial").mkdir()
    with folder.opened(config, fashion):
        assert names(tmp_path) == [".lock", "checkpoint-0002", "config.yaml", "images.npy"]


def test_an_older_checkpoint_that_a_kill_left_whole_goes_when_the_run_is_resumed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    save(folder, 2)
    shutil.copytree(tmp_path / "checkpoint-0002", tmp_path / "checkpoint-0001")
    assert folder.load() is not None
    assert len(names(tmp_path)) == 2  # whoever only reads removes nothing
    assert folder.resume() is not None
    assert names(tmp_path) == ["checkpoint-0002"]


def epochs(log: Path) -> list[int]:
    return [json.loads(line)["epoch"] for line in log.read_text().splitlines()]


@pytest.mark.parametrize("torn", ['{"epoch": 3, "lo', "\x00\x00\x00"])
def test_the_log_goes_on_after_a_line_that_was_cut_short(tmp_path: Path, torn: str) -> None:
    folder = RunFolder(tmp_path)
    for epoch in (1, 2, 3):
        folder.append({"epoch": epoch})
    log = tmp_path / "search.jsonl"
    log.write_text(log.read_text().removesuffix('{"epoch": 3}\n') + torn)
    folder.forget_after(3)
    folder.append({"epoch": 4})
    assert epochs(log) == [1, 2, 4]
    folder.forget_after(1)
    assert epochs(log) == [1]
    folder.forget_after(0)
    assert epochs(log) == []


def test_a_disk_that_is_full_when_the_log_is_written_names_the_log(tmp_path: Path) -> None:
    (log := tmp_path / "search.jsonl").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left on device") as told:
        RunFolder(tmp_path).append({"epoch": 1})
    assert told.value.filename == str(log)


def test_another_number_of_threads_is_said_when_a_run_goes_on(tmp_path: Path, fashion: ImageData) -> None:
    said: list[str] = []
    folder = RunFolder(tmp_path, said.append)
    for _ in range(2):
        with folder.opened(quick_config(), fashion):
            assert said == []
    file = tmp_path / "config.yaml"
    file.write_text(file.read_text().replace("threads: 1\n", "threads: 3\n").replace("threads: 1,", "threads: 3,"))
    with folder.opened(quick_config(), fashion):
        assert len(said) == 1
    assert "was begun with 3 threads and goes on with 1" in said[0]


@dataclass(frozen=True, config=STRICT)
class Longer(SearchConfig):
    """The config of a version to come: one setting more, written only where it is used."""

    patience: int = later(3)


@dataclass(frozen=True, config=STRICT)
class Wider(SearchConfig):
    """The config of a version to come: one setting more, always written."""

    patience: int = 3


@pytest.mark.parametrize("kind", [Longer, Wider])
def test_a_run_of_a_version_that_lacked_a_setting_goes_on_at_its_default_alone(
    tmp_path: Path, fashion: ImageData, kind: type[SearchConfig]
) -> None:
    folder, before = RunFolder(tmp_path), quick_config()
    with folder.opened(before, fashion):
        text = (tmp_path / "config.yaml").read_text()
    with folder.opened(kind(**vars(before)), fashion):
        assert (tmp_path / "config.yaml").read_text() == text
    with (
        pytest.raises(NetspaceError, match=r"holds another run; it differs in patience \((None|3) there, 5 here\)"),
        folder.opened(kind(**vars(before), patience=5), fashion),
    ):
        raise AssertionError


def test_only_a_setting_that_is_always_written_changes_the_fingerprint_of_a_config() -> None:
    before = quick_config()
    assert fingerprint(Longer(**vars(before))) == fingerprint(before)
    assert fingerprint(Wider(**vars(before))) != fingerprint(before)


def test_a_setting_there_that_is_not_known_is_named(tmp_path: Path, fashion: ImageData) -> None:
    folder, config = RunFolder(tmp_path), quick_config()
    with folder.opened(Wider(**vars(config), patience=5), fashion):
        pass
    with (
        pytest.raises(NetspaceError, match=r"it differs in patience \(5 there, None here\)"),
        folder.opened(config, fashion),
    ):
        raise AssertionError


def test_a_setting_written_in_other_words_is_the_same_setting(tmp_path: Path, fashion: ImageData) -> None:
    folder, config = RunFolder(tmp_path), quick_config(tolerance=0.0)
    with folder.opened(config, fashion):
        pass
    file = tmp_path / "config.yaml"
    text = file.read_text()
    assert "tolerance: 0.0" in text
    file.write_text(text.replace("tolerance: 0.0", "tolerance: 0"))
    with folder.opened(config, fashion):
        pass


@pytest.fixture(scope="module")
def pixels() -> ImageData:
    return load_images(DataSettings("fashion", image_size=8))


def take_up(name: str, checkpoint: Checkpoint, images: ImageData) -> None:
    """Go on with a golden run from a checkpoint."""
    folder = GOLDEN / name
    with taking_up(folder, checkpoint):
        if name == "stopped-score":
            SpaceSearch(Run(folder).config, images).restore(checkpoint)
            return
        config = from_plain(TrainingConfig, Run(folder).settings, name)
        FullTraining(config, TrainingData.of(images, config.recipe)).restore(checkpoint)


def stored(name: str) -> Checkpoint:
    checkpoint, _ = load_checkpoint(GOLDEN / name)
    assert checkpoint is not None
    return checkpoint


RUNS = pytest.mark.parametrize("name", ["stopped-score", "stopped-training"])


@RUNS
@pytest.mark.parametrize(("key", "value"), [("weights", {}), ("state", {"optimizer": 0.5}), ("state", {})])
def test_a_checkpoint_that_is_none_of_its_run_is_one_line_with_its_name(
    name: str, key: str, value: dict[str, object], pixels: ImageData
) -> None:
    with pytest.raises(NetspaceError, match=r"checkpoint-000\d is corrupt \(.*remove .* to start anew$"):
        take_up(name, stored(name)._replace(**{key: value}), pixels)


@RUNS
def test_a_checkpoint_of_an_earlier_revision_is_taken_up(name: str, pixels: ImageData) -> None:
    take_up(name, stored(name), pixels)


@pytest.mark.parametrize("when", ["at the end", "at a checkpoint", "at an error"])
@pytest.mark.parametrize("again", [False, True])
def test_a_folder_that_is_removed_while_a_command_works_in_it_is_said(
    tmp_path: Path, fashion: ImageData, when: str, again: bool
) -> None:
    folder, place = RunFolder(tmp_path / "run"), tmp_path / "run"

    def work() -> None:
        with folder.opened(quick_config(), fashion):
            shutil.rmtree(place)
            if again:  # by another process
                place.mkdir()
                (place / ".lock").write_text("")
                (place / "config.yaml").write_text("")
            if when == "at a checkpoint":
                folder.save(Checkpoint(1, {"w": torch.zeros(1)}, {}))
            if when == "at an error":
                raise NetspaceError("cannot use search.jsonl: No such file")

    with pytest.raises(UnfinishedError, match=r"run' is no longer there: it was removed or put elsewhere"):
        work()
    assert not (place / "checkpoint-0001").exists()


def test_a_folder_stays_itself_when_its_files_are_touched_or_its_drive_does_not_answer(
    tmp_path: Path, fashion: ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path / "run")

    def fails(*_: object) -> bool:
        raise OSError(errno.ESTALE, "Stale file handle")

    def work() -> None:
        with folder.opened(quick_config(), fashion):
            folder.run.file.touch()
            folder.save(Checkpoint(1, {"w": torch.zeros(1)}, {}))
            (tmp_path / "run" / ".lock").unlink()
            folder.save(Checkpoint(2, {"w": torch.zeros(1)}, {}))
            monkeypatch.setattr(os.path, "samestat", fails)
            raise OSError(errno.ESTALE, "Stale file handle", "search.jsonl")

    with pytest.raises(OSError, match=r"Stale file handle: 'search.jsonl'"):
        work()
    assert (tmp_path / "run" / "checkpoint-0002").exists()
