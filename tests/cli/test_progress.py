"""Progress on a terminal and in a file: the same facts, one redrawn, the other line by line."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from netspace import Architecture, SearchSpace, cost
from netspace.cli.progress import EpochProgress, PopulationProgress
from netspace.records import NetworkStore, Planned, TrainedNetwork
from netspace.search import EpochRecord


@pytest.fixture
def store(tmp_path: Path, tiny: SearchSpace) -> NetworkStore:
    """Four networks that wait."""
    store, template = NetworkStore(tmp_path), tiny.template(28, 1, 10)
    store.create(recipe="r", data="d", template="t")
    networks = [Architecture.of([1, 1, 1], [4, 4, width]) for width in (4, 8, 12, 16)]
    store.add([Planned("elite-2M", i, i, a, cost(a, template)) for i, a in enumerate(networks)])
    return store


def train(store: NetworkStore, error: float | None) -> None:
    claimed = store.claim()
    assert claimed is not None
    network, architecture, seed = claimed
    status = "failed" if error is None else "ok"
    costs = (1, 1, 1)
    store.finish(network, TrainedNetwork(architecture, costs, seed, "r", "d", status, error, error))  # type: ignore[arg-type]


def show(store: NetworkStore, *, terminal: bool) -> str:
    stream = io.StringIO()
    with PopulationProgress(store, Console(file=stream, force_terminal=terminal, width=120)) as progress:
        for error in (0.5, None, 0.25):
            progress(store.counts())
            train(store, error)
        progress(store.counts())
    return stream.getvalue()


def test_populations_print_a_line_per_network_where_there_is_no_terminal(store: NetworkStore) -> None:
    lines = show(store, terminal=False).splitlines()
    assert [line.split("  ")[0] for line in lines] == ["networks 1/4", "networks 2/4", "networks 3/4"]
    assert [line.split("  ")[2] for line in lines] == [
        "0 failed, best validation error 50.00%",
        "1 failed, best validation error 50.00%",
        "1 failed, best validation error 25.00%",
    ]
    assert all(" ETA " in line for line in lines)


def test_populations_redraw_one_bar_on_a_terminal(store: NetworkStore) -> None:
    drawn = show(store, terminal=True)
    assert "networks 3/4" in drawn
    assert "ETA" in drawn
    assert "1 failed, best validation error 25.00%" in drawn
    assert drawn.count("\n") <= 2


def test_what_an_earlier_process_trained_counts_as_done_but_not_for_the_time_left(store: NetworkStore) -> None:
    train(store, 0.5)
    stream = io.StringIO()
    progress = PopulationProgress(store, Console(file=stream, force_terminal=True, width=120))
    with progress:
        progress(store.counts())
    assert "networks 1/4" in stream.getvalue()
    assert "ETA –" in stream.getvalue()


def test_epochs_count_down_with_the_mean_time_of_an_epoch() -> None:
    stream = io.StringIO()
    with EpochProgress(console=Console(file=stream, force_terminal=False)) as progress:
        for epoch, seconds in ((1, 3000.0), (2, 1800.0)):
            state = {"expected_cost": 2e6, "entropy": 1.5}
            progress(EpochRecord(epoch, 5, epoch == 1, seconds, 2.0, 0.1, {"2M": state}, []))
    assert stream.getvalue().splitlines() == [
        "epoch 1/5  ETA 3 h 20 min  loss 2.000  2M: E[FLOPs] 2M, entropy 1.50  (warm-up)",
        "epoch 2/5  ETA 2 h 00 min  loss 2.000  2M: E[FLOPs] 2M, entropy 1.50",
    ]
