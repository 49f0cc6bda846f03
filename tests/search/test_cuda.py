"""The search on a GPU: the same draws and nearly the same numbers as on the CPU, and it resumes."""

from pathlib import Path

import pytest
import torch

from netspace import find_spaces
from netspace.data import ImageData
from netspace.records.log import read_log
from netspace.search import SpaceSearch
from tests.conftest import quick_config
from tests.search.test_space_search import Stop, stop_after

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU"),
]


@pytest.mark.parametrize("estimator", ["score", "gumbel"])
def test_a_search_on_the_gpu_agrees_with_the_cpu(fashion: ImageData, estimator: str) -> None:
    options = {"search": {"estimator": estimator}}
    cpu, gpu = (SpaceSearch(quick_config(device=d, **options), fashion) for d in ("cpu", "cuda"))
    for _ in range(2):
        a, b = cpu.train_epoch(), gpu.train_epoch()
        assert a.exposure == b.exposure
        assert abs(a.loss - b.loss) < 0.05
    for one, other in zip(cpu.theta.thetas, gpu.theta.thetas, strict=True):
        for p, q in zip(one.probabilities(), other.probabilities(), strict=True):
            assert float((p - q).abs().max()) < 0.05


def test_a_stopped_search_goes_on_on_the_gpu(tmp_path: Path) -> None:
    config = quick_config(device="cuda")
    with pytest.raises(Stop):
        find_spaces(config, tmp_path / "run", on_epoch=stop_after(1))
    elites = find_spaces(config, tmp_path / "run")
    assert len(elites) == 2
    assert [record["epoch"] for record in read_log(tmp_path / "run")] == [1, 2, 3]


def test_mixed_precision_trains_on_the_gpu(fashion: ImageData) -> None:
    search = SpaceSearch(quick_config(device="cuda", precision="bf16-mixed"), fashion)
    losses = [search.train_epoch().loss for _ in range(3)]
    assert losses[-1] < 2.6
