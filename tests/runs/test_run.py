"""A run's folder as one value: read when it is asked for, each fault named, whatever is there."""

from pathlib import Path

import pytest

import netspace
from netspace import NetspaceError, Run, find_spaces
from netspace.documents import fingerprint
from netspace.runs import CALIBRATION
from netspace.search import open_search
from tests.conftest import quick_config


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    find_spaces(quick_config(), folder)
    return folder


def test_a_finished_search_is_read_whole_from_its_folder(searched: Path) -> None:
    run = Run(searched)
    assert run.exists
    assert run.config.budgets == ("1M", "2M")
    assert run.space == run.stored_space == run.config.space
    assert [str(elite.budget) for elite in run.elites] == ["1M", "2M"]
    assert run.elite("2M") == run.elite(run.config.parsed_budgets[1]) == run.elites[1]
    assert run.template == run.elites[0].template
    assert run.provenance == run.elites[0].provenance
    assert run.provenance.config == fingerprint(run.config)
    assert run.made_on == run.provenance.data
    assert [epoch["epoch"] for epoch in run.log] == [1, 2, 3]
    assert run.environment["threads"] == 1
    assert run.data_settings["dataset"] == "fashion"
    assert len(run.scores.values) == 0
    assert run.stores == {}


def test_python_and_commands_take_a_run_where_they_take_its_folder(searched: Path) -> None:
    assert open_search(Run(searched)).epoch == open_search(searched).epoch == 3
    assert Run.of(Run(searched)).folder == Run.of(str(searched)).folder == searched
    assert netspace.Run is Run


def test_nothing_is_read_before_it_is_asked_for(tmp_path: Path) -> None:
    run = Run(tmp_path / "nowhere")
    assert not run.exists
    assert run.elites == []
    assert run.log == []
    assert run.stored_space is None


@pytest.mark.parametrize("part", ["config", "template", "provenance", "scores"])
def test_a_folder_that_holds_no_run_is_named(tmp_path: Path, part: str) -> None:
    with pytest.raises(NetspaceError, match="holds no run: it has no config.yaml; give the --out of a search"):
        getattr(Run(tmp_path), part)


def test_a_search_without_elite_files_has_no_template_yet(searched: Path, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text((searched / "config.yaml").read_text())
    run = Run(tmp_path)
    assert run.config == Run(searched).config
    with pytest.raises(NetspaceError, match="has no elite file yet: its search is not finished"):
        _ = run.template
    (tmp_path / "elite-2M.yaml").write_text((searched / "elite-2M.yaml").read_text())
    assert run.template == Run(searched).template  # what was not there is looked for again


def test_a_run_that_is_being_made_says_what_its_files_are_going_to_say(searched: Path, tmp_path: Path) -> None:
    done = Run(searched)
    run = Run.begun(tmp_path, config=done.config, template=done.template, provenance=done.provenance)
    assert (run.config, run.template, run.provenance) == (done.config, done.template, done.provenance)
    assert not run.exists


def test_stores_are_found_by_the_names_of_their_folders(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert not run.store(CALIBRATION).file.exists()
    for name in ("", CALIBRATION):
        run.store(name).create(recipe="r", data="d", template="t")
    assert sorted(run.stores) == ["", CALIBRATION]
    assert run.stores[CALIBRATION].folder == tmp_path / CALIBRATION
