"""A search's log: read whole but for a last line that was cut short, or refused."""

import json
from pathlib import Path

import pytest

from netspace import NetspaceError
from netspace.records.log import read_log

EPOCH = {
    **{"epoch": 1, "epochs": 2, "warmup": False, "seconds": 1.0, "loss": 2.3, "learning_rate": 0.1},
    "budgets": {"2M": {"expected_cost": 10, "entropy": 1.0, "held_out_loss": None, "probabilities": [[0.5, 0.5]]}},
    "exposure": [{"channels": [1.0, 0.5], "blocks": [1.0]}],
}


def write(folder: Path, *lines: object, end: str = "\n") -> Path:
    (folder / "search.jsonl").write_text("\n".join(map(json.dumps, lines)) + end)
    return folder


def test_a_folder_without_a_log_has_no_epochs(tmp_path: Path) -> None:
    assert read_log(tmp_path) == []


def test_a_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    second = {**EPOCH, "epoch": 2, "more": [1]}
    assert read_log(write(tmp_path, EPOCH, second)) == [EPOCH, second]


@pytest.mark.parametrize("name", ["params=1.2M", "activations=800", "peak-memory_2=5G", "1.5K"])
def test_a_log_may_be_of_budgets_of_any_cost(tmp_path: Path, name: str) -> None:
    epoch = {**EPOCH, "budgets": {name: EPOCH["budgets"]["2M"]}}  # type: ignore[index]
    assert read_log(write(tmp_path, epoch)) == [epoch]


@pytest.mark.parametrize("name", ["../x=1M", "a/b=1M", "=1M", "params=", "a b=1M"])
def test_a_budget_whose_name_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NetspaceError, match="line 1"):
        read_log(write(tmp_path, {**EPOCH, "budgets": {name: EPOCH["budgets"]["2M"]}}))  # type: ignore[index]


def test_a_last_line_that_a_crash_cut_short_is_left_out(tmp_path: Path) -> None:
    assert read_log(write(tmp_path, EPOCH, end='\n{"epo')) == [EPOCH]


def test_a_last_line_whose_end_alone_is_missing_counts(tmp_path: Path) -> None:
    assert read_log(write(tmp_path, EPOCH, EPOCH, end="")) == [EPOCH, EPOCH]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (1, "line 2: Input should be a valid dictionary"),
        ("x", "line 2: Input should be a valid dictionary"),
        ({"epoch": 1}, "line 2: epochs: Field required"),
        ({**EPOCH, "budgets": {}}, "line 2: its budgets or stages are not those of line 1"),
        ({**EPOCH, "exposure": [{"channels": [], "blocks": [1.0]}]}, r"line 2: exposure\.0\.channels"),
    ],
)
def test_a_line_of_another_shape_is_named(tmp_path: Path, line: object, message: str) -> None:
    with pytest.raises(NetspaceError, match=rf"search\.jsonl, {message}"):
        read_log(write(tmp_path, EPOCH, line, EPOCH))


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    (tmp_path / "search.jsonl").write_text(f'{json.dumps(EPOCH)}\n{{"epo\n{json.dumps(EPOCH)}\n')
    with pytest.raises(NetspaceError, match=r"search\.jsonl, line 2 is not valid JSON"):
        read_log(tmp_path)
