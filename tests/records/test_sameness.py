"""What is said of a store whose networks are of another recipe, data or template."""

from pathlib import Path

import pytest

from netspace.errors import NetspaceError
from netspace.records.sameness import check_same

STORED = {"recipe": "r", "data": "d", "template": "t"}


def said(folder: Path, key: str = "recipe", advice: str = "") -> str:
    with pytest.raises(NetspaceError) as caught:
        check_same(folder / "networks.sqlite", STORED, {**STORED, key: "x"}, advice)
    text = str(caught.value).removeprefix(f"{folder / 'networks.sqlite'} holds networks of another ")
    return text.replace(str(folder), "RUN")


def test_what_is_the_same_passes(tmp_path: Path) -> None:
    check_same(tmp_path / "networks.sqlite", {"schema": 3, **STORED}, STORED)


def test_a_recipe_is_told_by_its_name_and_file_where_the_folder_has_it(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("{name: few, epochs: 3, warmup_epochs: 0}\n")
    assert said(tmp_path) == "recipe, 'few' (RUN/recipe.yaml); give that with --recipe, or move RUN away"
    assert said(tmp_path, advice="they differ") == "recipe, 'few' (RUN/recipe.yaml); they differ"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("evaluation.yaml", "recipe: {name: quick}\n"),
        (
            "nas.json",
            '{"dataset": "fashion", "search_space": "tiny", "image_size": 28, "recipe": "quick", '
            '"nas": {"method": "random"}, "found": []}',
        ),
    ],
)
def test_the_recipe_of_an_evaluation_or_a_table_is_told_by_its_name(file: str, text: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text(text)
    assert said(tmp_path) == "recipe, 'quick'; give that with --recipe, or move RUN away"


@pytest.mark.parametrize("key", ["recipe", "data", "template"])
def test_what_the_folder_has_no_name_for_is_told_by_its_fingerprint(key: str, tmp_path: Path) -> None:
    expected = f"{key} ({STORED[key]}, not x); give the same {key}, or move RUN away"
    assert said(tmp_path, key) == expected
