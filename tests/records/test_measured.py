"""Tables of networks from CSV: what is refused, what is said."""

from pathlib import Path

import pytest

from netspace.errors import NetspaceError
from netspace.records.measured import MeasuredColumns, read_measured

HEADER = "d,w,v,flops,acc\n"
ROWS = "1,8,8,100,90\n1,16,16,200,91\n2,8,8,150,92\n2,16,16,300,93.5\n"
COLUMNS = MeasuredColumns(("d", "w", "v"), "flops", "acc", accuracy=True, depths=("d",), ranges={"w": 2})


def written(folder: Path, text: str) -> Path:
    file = folder / "table.csv"
    file.write_text(text)
    return file


def test_a_table_is_read_with_tied_columns_as_one_axis(tmp_path: Path) -> None:
    table = read_measured(written(tmp_path, HEADER + ROWS), COLUMNS)
    assert [(a.name, a.knob, a.ranges) for a in table.grid.axes] == [
        ("d", "depth", ((1, 2),)),
        ("w", "width", ((8,), (16,))),
    ]
    assert table.errors.tolist() == [10.0, 9.0, 8.0, 6.5]
    assert table.notes == ("column v is tied to w: one axis stands for both",)


def test_missing_rows_and_empty_spaces_are_said(tmp_path: Path) -> None:
    table = read_measured(
        written(tmp_path, HEADER + "1,8,8,100,90\n2,8,8,150,92\n2,16,8,300,93\n2,24,8,400,93\n"), COLUMNS
    )
    assert table.notes == (
        "column v is 8 throughout and no axis",
        "2 of the grid's 6 networks are missing from the table",
    )
    lone = MeasuredColumns(("d", "w"), "flops", "acc", ranges={"d": 2, "w": 3})
    gaps = read_measured(written(tmp_path, HEADER + "1,8,8,100,90\n2,16,8,300,93\n2,24,8,400,93\n"), lone)
    assert gaps.notes[-1] == "3 of 6 spaces have no network in the table"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("d,w,flops,acc\n1,8,100,90\n", "has no column 'v', allowed"),
        (HEADER + ROWS + "1,8,8,100,nan\n", "line 6: acc is 'nan', not a finite number"),
        (HEADER + ROWS + "1,8.5,8,100,90\n", "line 6: w is '8.5', not a whole number from 1 to"),
        (HEADER + ROWS + "1,1e300,8,100,90\n", "line 6: w is '1e300', not a whole number from 1 to 2,147,483,647"),
        (HEADER + ROWS + "2,32,8,1e300,90\n", "holds 1e\\+300; costs lie above 0, up to 9.0072e\\+15"),
        (HEADER + ROWS + "1,8,8,100,89\n", "1 networks more than once, the first d=1, w=8, v=8"),
        (HEADER + "1,8\n", "line 2: 2 values for 5 columns"),
        (HEADER + "1,8,8,0,90\n", "costs lie above 0"),
        (HEADER, "holds no rows"),
        (HEADER + "1,8,8,100,90\n", "nothing to search"),
    ],
)
def test_what_cannot_be_judged_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(NetspaceError, match=message):
        read_measured(written(tmp_path, text), COLUMNS)


def test_a_field_that_csv_cannot_hold_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b,c\n1,2," + "x" * 200_000)
    with pytest.raises(NetspaceError, match=r"table\.csv is no CSV file: field larger than field limit"):
        read_measured(tmp_path / "table.csv", MeasuredColumns(("a",), "b", "c"))
