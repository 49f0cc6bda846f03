"""What a training step takes of a GPU's memory: counted without one, and said before a run that cannot fit."""

from pathlib import Path

import pytest
import torch

from netspace import Architecture, DataSettings, NetspaceError, Network, NetworkTemplate, load_search_space
from netspace.cost import cost
from netspace.data import load_images
from netspace.evaluate import TrainingData, pool, train_population
from netspace.finding import find
from netspace.models import check_fits, step_bytes
from netspace.planning import stand_ins
from netspace.records import NetworkStore, Planned
from netspace.search import SpaceSearch
from netspace.settings import Recipe
from tests.conftest import quick_config

TEMPLATE = NetworkTemplate(image_size=32, channels=3, classes=10)
SMALL, LARGE = Architecture.of((1, 1, 1), (8, 8, 8)), Architecture.of((2, 2, 2), (32, 64, 64))


def kept(architecture: Architecture, batch: int) -> int:
    """Bytes that a real forward pass keeps, weights not counted."""
    network, found = Network(architecture, TEMPLATE).train(), {}
    weights = {one.untyped_storage().data_ptr() for one in (*network.parameters(), *network.buffers())}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        found[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = network(torch.zeros(batch, 3, 32, 32))
        torch.nn.functional.cross_entropy(logits, torch.zeros(batch, dtype=torch.long))
    return sum(one.untyped_storage().nbytes() for place, one in found.items() if place not in weights)


@pytest.mark.parametrize("architecture", [SMALL, LARGE])
def test_what_is_counted_without_computing_is_what_a_forward_pass_keeps(architecture: Architecture) -> None:
    params = cost(architecture, TEMPLATE).params
    told = step_bytes(architecture, TEMPLATE, 16)
    assert told - 12 * params == pytest.approx(kept(architecture, 16), rel=0.02)


def test_a_super_network_has_all_its_weights_there() -> None:
    alone = step_bytes(SMALL, TEMPLATE, 16)
    assert step_bytes(SMALL, TEMPLATE, 16, shared=10**6) == alone + 8 * (10**6 - cost(SMALL, TEMPLATE).params)


@pytest.mark.parametrize(("flops", "shown"), [("200M", 2.33), ("1.6G", 3.36), ("6.4G", 3.72), ("32G", 7.37)])
def test_it_is_less_than_what_was_reserved_on_a_gpu(flops: str, shown: float) -> None:
    architectures = {  # of benchmarks/results/gpu_supernet_step.json: a batch of 64 in bf16, steps recorded, GiB
        "200M": Architecture.of((4, 1, 4), (33, 111, 137)),
        "1.6G": Architecture.of((3, 4, 12), (49, 271, 131)),
        "6.4G": Architecture.of((1, 8, 11), (203, 400, 145)),
        "32G": Architecture.of((16, 14, 4), (287, 358, 49)),
    }
    space = load_search_space("expanded")
    how = {"precision": "bf16-mixed", "shared": 225_000_000}
    told = step_bytes(architectures[flops], space.template(32, 3, 10), 64, **how) / 2**30  # type: ignore[arg-type]
    assert 0.55 * shown < told < shown


def test_what_fits_is_let_pass_and_what_does_not_is_told_what_does() -> None:
    needed = step_bytes(LARGE, TEMPLATE, 64)
    check_fits([SMALL, LARGE], TEMPLATE, 64, free=needed)
    with pytest.raises(
        NetspaceError, match=r"step of d=\(2,2,2\) .* with 64 images takes .* give a batch_size of (\d+) o"
    ) as caught:
        check_fits([SMALL, LARGE], TEMPLATE, 64, free=needed - 1)
    batch = int(str(caught.value).partition("batch_size of ")[2].split()[0])
    assert 64 / 2 < batch < 64
    check_fits([LARGE], TEMPLATE, batch, free=needed - 1)
    with pytest.raises(NetspaceError, match="not even a small batch fits; give a smaller budget, or another device"):
        check_fits([LARGE], TEMPLATE, 64, free=1000)


def test_networks_that_may_meet_are_counted_together() -> None:
    both = step_bytes(LARGE, TEMPLATE, 64) + step_bytes(SMALL, TEMPLATE, 64)
    check_fits([SMALL, LARGE], TEMPLATE, 64, jobs=2, free=both)
    check_fits([SMALL, LARGE], TEMPLATE, 64, jobs=8, free=both)  # there are two
    with pytest.raises(NetspaceError, match="which is too little for 2 at a time; give --jobs 1"):
        check_fits([SMALL, LARGE], TEMPLATE, 64, jobs=2, free=both - 1)


def test_a_population_that_does_not_fit_is_refused_before_a_worker_is_hired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe("r", epochs=1, warmup_epochs=0, train_images=64, batch_size=32, precision="32-true")
    images = load_images(DataSettings("fashion", image_size=8))
    space = load_search_space("tiny")
    template = space.template(*images.shape)
    store = NetworkStore(tmp_path)
    store.create(recipe="r", data="d", template="t")
    networks = stand_ins(space, template, [quick_config(budgets=["200K"]).parsed_budgets[0]], 2)
    store.add([Planned("p", i, i, one, cost(one, template)) for i, one in enumerate(networks)])
    monkeypatch.setattr(pool, "device_of", lambda *_: "cuda")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (1000, 2000))
    with pytest.raises(NetspaceError, match="not even a small batch fits"):
        train_population(store, template, TrainingData.of(images, recipe), recipe)
    assert store.counts() == {"waiting": 2}


def test_a_search_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    config = quick_config(budgets=["3M"])
    search = SpaceSearch(config, load_images(config.data))
    needed = step_bytes(
        config.space.full.largest,
        search.template,
        search.batch,
        precision=config.precision,
        shared=(shared := sum(one.numel() for one in search.supernet.parameters())),
    )
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (needed - 4 * shared, 0))
    find._check_fits(config, search, 1)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (needed - 4 * shared - 1, 0))
    with pytest.raises(NetspaceError, match="give a batch_size of"):
        find._check_fits(config, search, 1)
