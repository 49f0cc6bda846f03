"""Networks are trained on the device that is asked for: it is handed down to each worker, and written into each row.

Without a GPU it is checked how far the device's name gets, and who moves the images there; that networks then train
on it is checked by the tests marked cuda.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from netspace import Budget, NetspaceError, Pool, find_spaces
from netspace.data import ImageData
from netspace.evaluate import Subject, TrainingData, evaluate_spaces, pool, train_population, worker
from netspace.evaluate.job import Job, handed_out, taken_up
from netspace.fidelity import check_fidelity
from netspace.finding import train_calibration
from netspace.nas_comparison import compare_nas
from netspace.search import open_search
from netspace.settings import NasSettings
from netspace.spaces import Architecture, SearchSpace
from tests.conftest import quick_config
from tests.evaluate.killing import RECIPE, TEMPLATE, small_data, small_store

DATA = small_data()
RECIPE_28 = replace(RECIPE, train_images=100, batch_size=32)


class Handed(Exception):
    """Stands for the work that a job would begin."""

    def __init__(self, job: Job) -> None:
        self.job = job


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    find_spaces(quick_config(budgets=["2M"]), folder)
    return folder


def evaluate(run: Path, out: Path, data: ImageData, space: SearchSpace, **how: Any) -> None:
    subject = Subject("s-2M", space.full, Budget(2_000_000))
    given = {"search_space": space, "template": space.template(*data.shape), "images": data, "recipe": RECIPE_28}
    evaluate_spaces([subject], baselines=(), n=2, out=out, **given, **how)  # type: ignore[arg-type]


def calibrate(run: Path, out: Path, data: ImageData, space: SearchSpace, **how: Any) -> None:
    template = space.template(*data.shape)
    train_calibration(out, 2, search_space=space, template=template, images=data, recipe=RECIPE_28, **how)


def gate(run: Path, out: Path, data: ImageData, space: SearchSpace, **how: Any) -> None:
    check_fidelity(run, 2, recipe=RECIPE_28, **how, opening={"device": "cpu"})


def table(run: Path, out: Path, data: ImageData, space: SearchSpace, **how: Any) -> None:
    nas = NasSettings(samples=1, candidates=1)
    compare_nas(run, recipe=RECIPE_28, settings=nas, seeds=1, out=out, **how, opening={"device": "cpu"})


TRAINERS = [evaluate, calibrate, gate, table]
Trainer = Callable[..., None]


@pytest.mark.parametrize("trainer", TRAINERS)
def test_all_that_train_populations_hand_the_device_to_their_workers(
    searched: Path,
    tmp_path: Path,
    fashion: ImageData,
    tiny: SearchSpace,
    trainer: Trainer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def handed(job: Job) -> None:
        raise Handed(job)

    monkeypatch.setattr(pool, "handed_out", handed)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(pool, "_check_fits", lambda *_: None)  # there is no GPU to ask
    for asked, wanted in (("cuda", "cuda"), ("auto", "cuda"), ("cpu", "cpu")):
        with pytest.raises(Handed) as end:
            trainer(searched, tmp_path / "out", fashion, tiny, device=asked)
        assert end.value.job.device == wanted
        assert end.value.job.data.device == torch.device("cpu")  # the workers move it, not the process that starts them


@pytest.mark.parametrize("trainer", TRAINERS)
def test_all_that_train_populations_hand_them_to_the_pool_that_is_asked_for(
    searched: Path,
    tmp_path: Path,
    fashion: ImageData,
    tiny: SearchSpace,
    trainer: Trainer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    handed = []

    def crew(store: object, job: Job, asked: Pool) -> None:
        handed.append((job.device, asked))
        raise Handed(job)

    monkeypatch.setattr(pool, "RayCrew", crew)
    cpus, gpus = Pool(cluster="ray"), Pool(cluster="ray", gpus=0.5)
    for asked in (cpus, gpus):
        with pytest.raises(Handed):
            trainer(searched, tmp_path / "out", fashion, tiny, pool=asked)
    assert handed == [("cpu", cpus), ("cuda", gpus)]  # whatever this machine has


@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_device_that_is_not_there_is_refused_before_anything_is_made(
    searched: Path,
    tmp_path: Path,
    fashion: ImageData,
    tiny: SearchSpace,
    trainer: Trainer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    before = sorted(searched.iterdir())
    with pytest.raises(NetspaceError, match="device 'cuda' is not there: torch finds no GPU; use --device cpu"):
        trainer(searched, tmp_path / "out", fashion, tiny, device="cuda")
    assert not (tmp_path / "out").exists()
    assert sorted(searched.iterdir()) == before
    with pytest.raises(NetspaceError, match="unknown device 'tpu'; give one of auto, cpu, cuda"):
        trainer(searched, tmp_path / "out", fashion, tiny, device="tpu")


def test_a_worker_moves_the_images_to_the_jobs_device_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moved: list[torch.device] = []

    def to(data: TrainingData, device: torch.device) -> TrainingData:
        moved.append(device)
        return data

    monkeypatch.setattr(TrainingData, "to", to)
    with handed_out(Job(tmp_path, TEMPLATE, RECIPE, DATA, "cuda")) as folder:
        assert taken_up(folder).device == "cuda"
    assert moved == [torch.device("cuda")]


def test_images_that_are_moved_are_all_there_in_the_end() -> None:
    moved = DATA.to(torch.device("meta"))
    assert moved.device == moved.test.labels.device == moved.normalise.mean.device == torch.device("meta")
    assert moved.validation.images.shape == DATA.validation.images.shape
    assert DATA.to(torch.device("cpu")) is DATA


def test_a_row_says_where_its_network_was_trained_also_where_it_failed(tmp_path: Path) -> None:
    store = small_store(tmp_path, 1)
    train_population(store, TEMPLATE, DATA, RECIPE, device="cpu")
    assert [row["device"] for row in store.rows()] == ["cpu"]
    failing = Job(tmp_path, TEMPLATE, RECIPE, DATA.to(torch.device("meta")), "cuda")  # nothing can be computed there
    trained = worker.trained(failing, Architecture.of([1, 1, 1], [4, 4, 4]), 0, "r")
    assert (trained.status, trained.device) == ("failed", "cuda")


def test_a_search_trains_its_population_where_the_search_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def train(*_: object, device: str, **__: object) -> None:
        asked.append(device)
        raise Handed(None)  # type: ignore[arg-type]

    monkeypatch.setattr("netspace.finding.estimators.train_calibration", train)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for device in ("cpu", "cuda"):
        with pytest.raises(Handed):
            find_spaces(quick_config(device=device, search={"estimator": "population"}), tmp_path / device)
    assert asked == ["cpu", "cuda"]


def test_a_search_that_ran_on_a_gpu_is_opened_without_one_where_the_cpu_is_asked_for(
    searched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    shutil.copytree(searched, run)
    file = run / "config.yaml"
    file.write_text(file.read_text().replace("device: cpu", "device: cuda"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(NetspaceError, match="device 'cuda' is not there"):
        open_search(run)
    assert open_search(run, device="cpu").device == torch.device("cpu")


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
def test_a_population_trains_on_the_gpu_and_nearly_as_well_as_on_the_cpu(tmp_path: Path) -> None:
    errors = []
    for device in ("cpu", "cuda"):
        store = small_store(tmp_path / device, 2)
        train_population(store, TEMPLATE, DATA, RECIPE, pool=Pool(2), device=device)
        assert [row["device"] for row in store.rows()] == [device, device]
        errors.append([row["validation_error"] for row in store.rows()])
    assert all(abs(a - b) < 0.2 for a, b in zip(*errors, strict=True))
