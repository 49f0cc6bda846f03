"""What lies beside a run is read as numbers and text: a pickle leaves no mark."""

import contextlib
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspace import NetspaceError, Run
from tests.surrogate.test_answer import evidence, run

__all__ = ["run"]


class Marking:
    """A value whose pickle leaves a mark when it is read."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self._mark),)


@pytest.mark.parametrize("written", ["array", "pickle"])
def test_trees_that_are_a_pickle_leave_no_mark(run: Run, tmp_path: Path, written: str) -> None:
    mark = tmp_path / "mark"
    evidence(run, 0, 60, ("boosted trees",)).signal("population")
    (trees,) = run.folder.glob("front-trees-*.npy")
    if written == "array":
        np.save(trees, np.array([Marking(mark)], dtype=object), allow_pickle=True)
    else:
        trees.write_bytes(pickle.dumps(Marking(mark)))
    with contextlib.suppress(ValueError, NetspaceError):
        evidence(run, 0, 60, ("boosted trees",)).signal("population")
    assert not mark.exists()
    pickle.loads(pickle.dumps(Marking(mark)))
    assert mark.exists()
