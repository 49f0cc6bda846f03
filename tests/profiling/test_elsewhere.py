"""Devices that run elsewhere: the networks that are written out, and the table that comes back."""

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from netspace import NetspaceError, load_search_space
from netspace.cost import CostModel, use_profile
from netspace.cost.device_profile import Device
from netspace.cost.work import NAMES
from netspace.profiling import emit_networks, profile_of_table
from netspace.profiling.design import design
from netspace.profiling.elsewhere import _cells
from netspace.profiling.table import read_table

SPACE = load_search_space("small")
TEMPLATE = SPACE.template(16, 3, 10)
DEVICE = Device("board", "runtime 1", 1, 1)
TRUE = {"call": 9000.0, "block": 4000.0, "dense.flops8": 0.02, "head.maps": 2.0}


def table(file: Path, rows: list[dict[str, object]]) -> Path:
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def rows_of(kind: str) -> list[dict[str, object]]:
    found = design(SPACE.full, TEMPLATE, seed=0)
    subjects = found.blocks if kind == "blocks" else [*found.known, *found.unseen]
    counted = {name: weight for name, weight in TRUE.items() if kind == "networks" or name != "call"}
    assert set(TRUE) <= set(NAMES)
    times = [sum(counted[name] * float(n) for name, n in one.work.items() if name in counted) / 1e6 for one in subjects]
    return [{**_cells(one.told), "milliseconds": time} for one, time in zip(subjects, times, strict=True)]


@pytest.mark.parametrize("kind", ["blocks", "networks"])
def test_a_table_of_a_device_that_is_a_sum_of_works_prices_networks_as_the_device(kind: str, tmp_path: Path) -> None:
    file = table(tmp_path / "measurements.csv", rows_of(kind))
    found = profile_of_table(file, SPACE.full, TEMPLATE, name="small", device=DEVICE)
    unseen = design(SPACE.full, TEMPLATE, seed=5).unseen
    use_profile(found)
    try:
        priced = CostModel(TEMPLATE, "latency")(TEMPLATE.points([one.architecture for one in unseen]))
    finally:
        use_profile(None)
    known = [name for name in TRUE if kind == "networks" or name in ("block", "dense.flops8")]
    true = [sum(TRUE[name] * float(one.work[name]) for name in known) for one in unseen]
    assert np.abs(priced / np.array(true) - 1).max() < 0.02
    assert (found.error is None) == (kind == "blocks")


def test_a_table_of_blocks_alone_says_that_its_error_is_not_known(tmp_path: Path) -> None:
    file = table(tmp_path / "measurements.csv", rows_of("blocks"))
    found = profile_of_table(file, SPACE.full, TEMPLATE, name="small", device=DEVICE)
    assert "too few whole networks" in found.notes[0]


@pytest.mark.parametrize(
    ("kind", "row", "column", "value", "message"),
    [
        ("blocks", 2, "milliseconds", "nan", "line 4, column milliseconds: 'nan' is not a number above 0"),
        ("blocks", 0, "milliseconds", "-1", "line 2, column milliseconds: '-1' is not a number above 0"),
        ("blocks", 0, "milliseconds", "", "line 2, column milliseconds: '' is not a number above 0"),
        ("blocks", 1, "stage", "4", "line 3, column stage: '4' is not one of the space's stages, 1 to 3"),
        ("blocks", 1, "block", "last", "line 3, column block: 'last' is not first or further"),
        ("blocks", 1, "width", "5", "line 3, column width: '5' is not of the space, in stage 2: 4..64 by 4"),
        ("blocks", 0, "inputs", "17", "line 2, column inputs: '17' is not the stem's outputs: 16"),
        ("blocks", 3, "inputs", "1.5", "line 5, column inputs: '1.5' is not a whole number"),
        ("networks", 0, "depth", "1 2", "line 2, column depth: '1 2' is not 3 whole numbers"),
        ("networks", 0, "depth", "1 2 9", "line 2, column depth: '1 2 9' is not of the space, in stage 3: 1..8"),
        ("networks", 0, "width", "", "line 2, column width: '' is not 3 whole numbers"),
    ],
)
def test_a_cell_at_fault_is_named_by_line_and_column(
    kind: str, row: int, column: str, value: str, message: str, tmp_path: Path
) -> None:
    rows = rows_of(kind)
    rows[row][column] = value
    with pytest.raises(NetspaceError) as error:
        read_table(table(tmp_path / "measurements.csv", rows), SPACE.full, TEMPLATE)
    assert message in str(error.value)


def test_a_row_that_comes_twice_is_refused_by_both_lines(tmp_path: Path) -> None:
    rows = rows_of("networks")
    with pytest.raises(NetspaceError, match="line 38 says again what line 2 says"):
        read_table(table(tmp_path / "measurements.csv", [*rows, rows[0]]), SPACE.full, TEMPLATE)


def test_columns_that_are_missing_unknown_or_twice_and_short_tables_are_refused(tmp_path: Path) -> None:
    rows = rows_of("networks")
    without = [{key: value for key, value in row.items() if key != "width"} for row in rows]
    with pytest.raises(NetspaceError, match="has no column 'width'; it needs depth, width, milliseconds"):
        read_table(table(tmp_path / "a.csv", without), SPACE.full, TEMPLATE)
    with pytest.raises(NetspaceError, match="unknown column 'batch'"):
        read_table(table(tmp_path / "b.csv", [{**row, "batch": 1} for row in rows]), SPACE.full, TEMPLATE)
    with pytest.raises(NetspaceError, match="has 5 rows; measure 12"):
        read_table(table(tmp_path / "c.csv", rows[:5]), SPACE.full, TEMPLATE)
    (tmp_path / "d.csv").write_text("depth,width,width,milliseconds\n")
    with pytest.raises(NetspaceError, match="has the column 'width' twice"):
        read_table(tmp_path / "d.csv", SPACE.full, TEMPLATE)


def test_what_is_emitted_is_measured_without_netspace_and_comes_back_as_a_profile(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    space = load_search_space("tiny")
    template = space.template(8, 1, 10)
    files = emit_networks(space.full, template, tmp_path / "out")
    assert len(files) == 36
    script = tmp_path / "out" / "measure.py"
    assert "import netspace" not in script.read_text()
    script.write_text(
        script.read_text().replace("ROUNDS, CALLS, SECONDS = 10, 20, 0.2", "ROUNDS, CALLS, SECONDS = 1, 3, 0.01")
    )
    done = subprocess.run([sys.executable, "-I", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = profile_of_table(script.with_name("measurements.csv"), space.full, template, name="tiny", device=DEVICE)
    assert found.error is not None
    assert found.error.networks == 36
    with pytest.raises(NetspaceError, match="is there already"):
        emit_networks(space.full, template, tmp_path / "out")
