"""What is told of an error of somebody else's in one line."""

from __future__ import annotations

import pytest

from netspace.errors import first_line


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("no such file", "no such file"),
        ("first  of\tall\nthen more", "first of all"),
        ("it says:\nTraceback (most recent call last):\n  File ...\nOSError: in use\n", "it says: OSError: in use"),
        ("it says:", "it says:"),
        ("", "ValueError"),
        (" \n", "ValueError"),
        ("x" * 400, "x" * 300),
    ],
)  # fmt: skip
def test_an_error_is_told_by_its_first_line_and_by_its_last_where_the_first_announces_it(said: str, told: str) -> None:
    assert first_line(ValueError(said)) == told
