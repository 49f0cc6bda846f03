"""Stages of every shape that are small enough to enumerate a few of them."""

from hypothesis import strategies as st

from netspace import Range
from netspace.spaces import StageSpace

stage_spaces = st.builds(
    lambda d, dn, w, wn, step: StageSpace(Range(d, d + dn), Range(w, w + wn * step, step)),
    st.integers(1, 3),
    st.integers(0, 2),
    st.integers(1, 9),
    st.integers(0, 3),
    st.integers(1, 4),
)
