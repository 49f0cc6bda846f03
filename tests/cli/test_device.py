"""The option --device of the commands that train: what it says reaches what trains, or is refused there."""

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from netspace import NetspaceError, find_spaces
from netspace.cli.main import app
from tests.conftest import quick_config


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    find_spaces(quick_config(budgets=["2M"]), folder)
    return folder


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate", "RUN/elite-2M.yaml", "--dataset", "fashion", "--out", "RUN/judged"],
        ["fidelity", "RUN"],
        ["table", "RUN"],
        ["front", "RUN", "--calibrate-n", "8"],
        ["front", "RUN", "--evaluations", "8"],
        ["nas", "RUN/elite-2M.yaml", "--run", "RUN"],
    ],
    ids=lambda command: command[0],
)
def test_a_gpu_that_is_not_there_is_refused_and_nothing_is_made(
    run: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    before = sorted(run.iterdir())
    done = CliRunner().invoke(app, [*(word.replace("RUN", str(run)) for word in command), "--device", "cuda"])
    assert isinstance(done.exception, NetspaceError), done.output
    assert "device 'cuda' is not there: torch finds no GPU; use --device cpu or --device auto" in str(done.exception)
    assert sorted(run.iterdir()) == before
