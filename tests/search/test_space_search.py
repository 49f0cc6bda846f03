"""The search as a whole: seeded, resumable, blind to the test set, and even-handed in the warm-up."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from netspace import NetspaceError, find_spaces, load_elite
from netspace.data import ImageData, ImageSet
from netspace.errors import UnfinishedError
from netspace.models import Mixture
from netspace.records import EliteSpace
from netspace.records.log import read_log
from netspace.search import RunFolder, SpaceSearch
from netspace.search.shared_training import SharedTraining
from tests.conftest import quick_config
from tests.data.test_images import write_parquet


def elite_bytes(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.glob("elite-*.yaml"))}


def without_times(folder: Path) -> list[dict[str, object]]:
    return [{k: v for k, v in record.items() if k != "seconds"} for record in read_log(folder)]


Find = Callable[..., list[EliteSpace]]


class Stop(Exception):
    """Stands for a kill between two epochs."""


def stop_after(epoch: int):
    def on_epoch(record):
        if record.epoch == epoch:
            raise Stop

    return on_epoch


@pytest.fixture
def find(few: ImageData) -> Find:
    """A search on few images, which is as good where it does not matter what they show."""
    return partial(find_spaces, images=few)


def test_equal_seeds_give_equal_files_and_other_seeds_others(tmp_path: Path, find: Find) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        find(quick_config(seed=seed), tmp_path / name)
    assert elite_bytes(tmp_path / "a") == elite_bytes(tmp_path / "b")
    assert without_times(tmp_path / "a") == without_times(tmp_path / "b")
    assert elite_bytes(tmp_path / "a") != elite_bytes(tmp_path / "c")
    assert sorted(elite_bytes(tmp_path / "a")) == ["elite-1M.yaml", "elite-2M.yaml"]


@pytest.mark.parametrize("estimator", ["score", "gumbel"])
def test_a_search_stopped_after_any_epoch_and_resumed_gives_the_same_files(
    tmp_path: Path, find: Find, estimator: str
) -> None:
    config = quick_config(search={"estimator": estimator})
    find(config, tmp_path / "whole")
    for epoch in (1, 2):
        folder = tmp_path / f"stopped-{epoch}"
        with pytest.raises(Stop):
            find(config, folder, on_epoch=stop_after(epoch))
        find(config, folder)
        assert elite_bytes(folder) == elite_bytes(tmp_path / "whole")
        assert without_times(folder) == without_times(tmp_path / "whole")


def test_a_line_written_after_the_last_checkpoint_is_dropped_on_resume(tmp_path: Path, find: Find) -> None:
    config = quick_config()
    find(config, tmp_path / "whole")
    with pytest.raises(Stop):
        find(config, tmp_path / "cut", on_epoch=stop_after(1))
    with (tmp_path / "cut" / "search.jsonl").open("a") as stream:
        stream.write(json.dumps({"epoch": 2, "loss": "a killed run's"}) + "\n")
    (tmp_path / "cut" / "checkpoint-0002.partial").mkdir()
    find(config, tmp_path / "cut")
    assert without_times(tmp_path / "cut") == without_times(tmp_path / "whole")


def test_a_finished_run_is_not_trained_again(tmp_path: Path, find: Find) -> None:
    config = quick_config()
    first = find(config, str(tmp_path / "run"))
    trained: list[object] = []
    assert find(config, tmp_path / "run", on_epoch=trained.append) == first
    assert trained == []
    assert load_elite(tmp_path / "run" / "elite-1M.yaml") == first[0]


def test_the_search_never_uses_the_test_split_but_reads_it_first(tmp_path: Path) -> None:
    source = tmp_path / "data"
    write_parquet(source / "train-00000-of-00001.parquet", [0, 1] * 40)
    test = source / "test-00000-of-00001.parquet"
    write_parquet(test, [0, 1] * 10)
    config = quick_config(data={"dataset": str(source)}, budgets=["100K"])
    find_spaces(config, tmp_path / "whole")
    write_parquet(test, [1] * 30)
    find_spaces(config, tmp_path / "blind")
    assert elite_bytes(tmp_path / "whole") == elite_bytes(tmp_path / "blind")
    test.write_bytes(b"\0" * test.stat().st_size)
    with pytest.raises(NetspaceError, match="test-00000-of-00001.parquet"):
        find_spaces(config, tmp_path / "broken")
    assert not (tmp_path / "broken").exists()


def test_the_images_of_weights_and_theta_do_not_overlap(fashion: ImageData) -> None:
    numbered = torch.arange(200, dtype=torch.uint8)[:, None, None, None].expand(200, 1, 28, 28)
    data = dataclasses.replace(fashion, train=ImageSet(numbered, torch.arange(200) % 10))
    search = SpaceSearch(quick_config(), data)
    first, second = (set(part.images[:, 0, 0, 0].tolist()) for part in (search.weights_set, search.theta_set))
    assert len(first) == len(second) == 100
    assert not first & second


def test_theta_rests_during_the_warm_up_and_moves_after_it(fashion: ImageData) -> None:
    search = SpaceSearch(quick_config(), fashion)
    warm = search.train_epoch()
    assert warm.warmup
    assert all(float(logits.detach().abs().max()) == 0 for theta in search.theta.thetas for logits in theta.logits)
    assert not search.train_epoch().warmup
    assert all(float(logits.detach().abs().max()) > 0 for theta in search.theta.thetas for logits in theta.logits)


def test_budgets_take_turns_also_where_an_epoch_has_fewer_steps_than_there_are_budgets(fashion: ImageData) -> None:
    settings = {"steps_per_epoch": 1, "warmup_epochs": 1, "epochs": 4}
    search = SpaceSearch(quick_config(budgets=["1M", "2M", "3M"], search=settings), fashion)
    uniform = search.theta.thetas[0].entropy()  # type: ignore[union-attr]
    for moved in (0, 1, 2, 3):
        search.train_epoch()
        assert sum(theta.entropy() < uniform for theta in search.theta.thetas) == moved  # type: ignore[union-attr]


def test_exposure_in_the_warm_up_meets_its_expectation(fashion: ImageData) -> None:
    """Counts per channel and per block, within 4.5 standard errors of what drawing and switching on amount to."""
    steps = 600
    search, rng = SpaceSearch(quick_config(search={"steps_per_epoch": steps}), fashion), np.random.default_rng(0)
    for step in range(steps):
        search.exposure.add(search._choice(step, 0, rng))
    points, layout = search.pool.draw(200_000, rng=rng), search.template.layout()
    depths, widths = layout.all(points, "depth"), layout.all(points, "width")
    for i in range(3):
        for counts, drawn in ((search.exposure.channels[i], widths[:, i]), (search.exposure.blocks[i], depths[:, i])):
            in_architecture = (drawn[:, None] > np.arange(len(counts))).mean(0)
            # The probability falls linearly from 1 to 0 over the phase: 1/2 on average.
            expected = in_architecture + (1 - in_architecture) / 2
            error = np.sqrt(expected * (1 - expected) / steps)
            assert np.all(np.abs(counts / steps - expected) <= 4.5 * error + 1 / steps)


def test_a_records_budgets_carry_what_a_report_needs(tmp_path: Path, find: Find) -> None:
    find(quick_config(), tmp_path / "run")
    last = read_log(tmp_path / "run")[-1]
    assert (last["epoch"], last["epochs"]) == (3, 3)
    state = last["budgets"]["2M"]
    assert [len(axis) for axis in state["probabilities"]] == [2] * 6
    assert state["expected_cost"] > 0
    assert state["held_out_loss"] > 0
    assert [len(stage["blocks"]) for stage in last["exposure"]] == [2, 2, 2]


def test_an_infeasible_budget_is_refused_before_any_folder_is_made(tmp_path: Path, find: Find) -> None:
    with pytest.raises(NetspaceError, match="budget 900M .* infeasible"):
        find(quick_config(budgets=["900M"]), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_too_few_images_are_refused(fashion: ImageData) -> None:
    few = dataclasses.replace(fashion, train=ImageSet(fashion.train.images[:20], fashion.train.labels[:20]))
    with pytest.raises(NetspaceError, match=r"leave 10 for the weights and 10 to choose by; a search needs 16"):
        SpaceSearch(quick_config(), few)


def test_a_batch_is_smaller_where_images_are_few(fashion: ImageData) -> None:
    few = dataclasses.replace(fashion, train=ImageSet(fashion.train.images[:40], fashion.train.labels[:40]))
    assert SpaceSearch(quick_config(search={"batch_size": 64}), few).batch == 10
    assert SpaceSearch(quick_config(), fashion).batch == 16


def test_a_diverging_loss_stops_the_search_and_the_checkpoint_stands(
    tmp_path: Path, find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = quick_config()
    with pytest.raises(Stop):
        find(config, tmp_path / "run", on_epoch=stop_after(1))
    step = SharedTraining.step
    monkeypatch.setattr(SharedTraining, "step", lambda *args: step(*args) * float("nan"))
    with pytest.raises(NetspaceError, match="the loss is nan in epoch 2: training diverged"):
        find(config, tmp_path / "run")
    monkeypatch.undo()
    find(config, tmp_path / "whole")
    find(config, tmp_path / "run")
    assert elite_bytes(tmp_path / "run") == elite_bytes(tmp_path / "whole")


def test_the_gumbel_estimator_evaluates_mixtures_and_moves_theta(
    fashion: ImageData, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = SpaceSearch(quick_config(search={"estimator": "gumbel"}, budgets=["2M"]), fashion)
    seen: list[type] = []
    forward = type(search.supernet).forward
    monkeypatch.setattr(
        type(search.supernet), "forward", lambda self, x, choice: seen.append(type(choice)) or forward(self, x, choice)
    )
    search.train_epoch()
    assert Mixture not in seen
    search.train_epoch()
    assert seen.count(Mixture) == 4
    assert all(float(logits.detach().abs().min()) > 0 for logits in search.theta.thetas[0].logits)


def test_another_runs_folder_is_refused_with_the_keys_that_differ(tmp_path: Path, find: Find) -> None:
    find(quick_config(), tmp_path / "run")
    with pytest.raises(NetspaceError, match=r"holds another run; it differs in budgets .*; seed \(0 there, 5 here\)"):
        find(quick_config(seed=5, budgets=["3M"]), tmp_path / "run")


def test_a_run_on_data_that_changed_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "data"
    write_parquet(source / "train-00000-of-00001.parquet", [0, 1] * 40)
    write_parquet(source / "test-00000-of-00001.parquet", [0, 1] * 10)
    config = quick_config(data={"dataset": str(source)}, budgets=["100K"])
    find_spaces(config, tmp_path / "run")
    write_parquet(source / "train-00000-of-00001.parquet", [1, 0] * 40)
    with pytest.raises(NetspaceError, match="was made on other images"):
        find_spaces(config, tmp_path / "run")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, find: Find) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(NetspaceError, match=r"is not empty and holds no run \(thesis.tex\)"):
        find(quick_config(), tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


@pytest.mark.parametrize("file", ["weights.safetensors", "state.pt"])
def test_a_corrupt_checkpoint_is_named(tmp_path: Path, find: Find, file: str) -> None:
    with pytest.raises(Stop):
        find(quick_config(), tmp_path / "run", on_epoch=stop_after(2))
    damaged = tmp_path / "run" / "checkpoint-0002" / file
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(NetspaceError, match=r"checkpoint .*checkpoint-0002 is corrupt .*to start anew"):
        find(quick_config(), tmp_path / "run")


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path, find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    config = quick_config()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", full)
        with pytest.raises(UnfinishedError, match="No space left on device.*there is no earlier one"):
            find(config, tmp_path / "run")
    with pytest.raises(Stop):
        find(config, tmp_path / "run", on_epoch=stop_after(1))
    with monkeypatch.context() as patched:
        patched.setattr(torch, "save", full)
        with pytest.raises(UnfinishedError, match="No space left on device.*the last one stands"):
            find(config, tmp_path / "run")
    assert [p.name for p in (tmp_path / "run").glob("checkpoint-*")] == ["checkpoint-0001"]
    find(config, tmp_path / "run")


def test_two_processes_cannot_share_a_folder(tmp_path: Path, find: Find, fashion: ImageData) -> None:
    config, folder = quick_config(), RunFolder(tmp_path / "run")
    with folder.opened(config, fashion), pytest.raises(NetspaceError, match="another process runs in"):
        find(config, tmp_path / "run")


def test_a_moved_run_goes_on_elsewhere(tmp_path: Path, find: Find) -> None:
    config = quick_config()
    find(config, tmp_path / "whole")
    with pytest.raises(Stop):
        find(config, tmp_path / "here", on_epoch=stop_after(2))
    shutil.move(tmp_path / "here", tmp_path / "there")
    find(config, tmp_path / "there")
    assert elite_bytes(tmp_path / "there") == elite_bytes(tmp_path / "whole")
