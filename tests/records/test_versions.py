"""Files that commands write: one that says no version is of the first, and one of a newer version is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from netspace import NetspaceError
from netspace.config import load_search_space
from netspace.records.evaluation_file import read_evaluation
from netspace.records.fidelity_file import read_fidelity
from netspace.records.front_file import read_front
from netspace.records.nas_file import read_nas
from netspace.runs import ScoreFile

NAS = {"dataset": "d", "search_space": "s", "image_size": 8, "recipe": "r", "nas": {"method": "random"}, "found": []}
STAGE = {"depth": "1..2", "width": "8..16"}
KNOWN = {"value": 0.5, "low": 0.4, "high": 0.6}
SPACE = {"space": {"stages": [STAGE]}, "error": KNOWN, "tied": True, "hit_rate": 0.5}
ABLE = {"spaces": 1, "errors": [0.5]}
ANSWER = {"budget": "2M", "target": 2, "band": [1, 3], "ties": 0, "spaces": [SPACE], "able": ABLE, "searched": None}
SIGNAL = {"name": "supernet", "against": "scores", "models": [{"model": "linear", "within": KNOWN}]}
FRONT = {"signal": "supernet", "trustworthy": True, "warnings": [], "signals": [SIGNAL], "budgets": [ANSWER]}
Reader = Callable[[Path], object]
FILES: list[tuple[Reader, dict[str, object]]] = [
    (read_evaluation, {"n": 4}),
    (read_fidelity, {"agreements": [], "networks": []}),
    (read_nas, NAS),
    (read_front, FRONT),
    (lambda file: ScoreFile(file.parent, load_search_space("tiny")).finished(3), {"seed": 0, "scored": 3}),
]


@pytest.mark.parametrize(("read", "document"), FILES, ids=["evaluation", "fidelity", "nas", "front", "scores"])
def test_a_file_without_a_version_is_of_the_first_and_a_newer_one_is_refused(
    tmp_path: Path, read: Reader, document: dict[str, object]
) -> None:
    file = tmp_path / "scores.yaml"  # JSON is YAML too
    for known in (document, {**document, "version": 1}, {**document, "of-a-version-to-come": 1}):
        file.write_text(json.dumps(known))
        read(file)
    for version in (2, "1", True, 0):
        file.write_text(json.dumps({**document, "version": version}))
        with pytest.raises(
            NetspaceError, match=rf"scores\.yaml: version {version!r} is not readable: .* reads version 1;"
        ):
            read(file)
