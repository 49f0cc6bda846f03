"""The options --device and --pool of commands that train: what they say reaches what trains, or is refused there."""

from pathlib import Path

import pytest
import torch
from typer.main import get_command
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


def test_every_command_that_trains_many_networks_says_the_same_of_its_pool() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    helps = {
        name: option.help for name, command in commands.items() for option in command.params if "--pool" in option.opts
    }
    jobs = {name for name, command in commands.items() if any("--jobs" in option.opts for option in command.params)}
    assert helps.keys() == jobs == {"search", "front", "evaluate", "fidelity", "nas", "table", "paper", "auto"}
    assert len(set(helps.values())) == 1
