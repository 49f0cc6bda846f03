"""Ranges: inclusive, stepped, cut into equal parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from netspace.documents import from_plain, to_plain
from netspace.spaces import Range

ranges = st.builds(
    lambda low, count, step: Range(low, low + (count - 1) * step, step),
    st.integers(1, 50),
    st.integers(1, 40),
    st.integers(1, 9),
)


@given(ranges)
def test_a_range_holds_exactly_its_values(r: Range) -> None:
    assert len(r) == len(r.values)
    assert [x for x in range(r.high + 10) if x in r] == r.values.tolist()


@given(ranges)
def test_a_range_survives_writing_and_reading(r: Range) -> None:
    again = from_plain(Range, to_plain(r), "test")
    assert again.values.tolist() == r.values.tolist()


@given(ranges, st.integers(1, 8))
def test_cuts_are_equal_and_together_make_the_range(r: Range, parts: int) -> None:
    if len(r) % parts:
        with pytest.raises(ValueError, match="equal ranges; try"):
            r.cut(parts)
        return
    cuts = r.cut(parts)
    assert [v for cut in cuts for v in cut.values.tolist()] == r.values.tolist()
    assert {len(cut) for cut in cuts} == {len(r) // parts}


@pytest.mark.parametrize(
    ("values", "message"),
    [((5, 4, 1), "high 4 is below low 5"), ((1, 4, 2), "nearest is 3"), ((0, 4, 1), "greater than or equal to 1")],
)
def test_a_faulty_range_is_refused_with_its_values(values: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Range(*values)


def test_text_that_is_no_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'1\.\.x' is no range"):
        from_plain(Range, "1..x", "test")


@pytest.mark.parametrize("text", ["1..1000000000000", "٣", "²", "9" * 5000, "1..9000"])
def test_a_range_beyond_its_limits_is_refused_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="less than or equal to 8192|is no range"):
        TypeAdapter(Range).validate_python(text)
