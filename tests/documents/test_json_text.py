"""JSON: plain data or one line that names the file and the place."""

import math
from pathlib import Path

import pytest

from netspace import NetspaceError
from netspace.documents import read_json, to_json


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not valid JSON: line 1: Expecting value"),
        ('{"a": 1,\n}', "is not valid JSON: line 2"),
        ('{"a": 1, "a": 2}', "the key 'a' comes twice"),
        ("[" * 500 + "]" * 500, "nests deeper than the 64 levels"),
        ("[" * 100_000, "nests deeper than the 64 levels"),
        ("9" * 5000, "has 5000 digits; a number has up to 300"),
    ],
)
def test_a_document_at_fault_is_named(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(NetspaceError, match=f"a.json.*{message}"):
        read_json(file)


def test_numbers_that_are_not_finite_are_read_and_written_as_null(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("[NaN, Infinity, 1e999]")
    value = read_json(tmp_path / "a")
    assert math.isnan(value[0])
    assert value[1:] == [math.inf, math.inf]
    assert to_json({"a": (*value, 1.5)}) == '{"a": [null, null, null, 1.5]}'
