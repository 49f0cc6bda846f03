"""Configs: what overrides what, and how faults are named."""

from pathlib import Path

import pytest

from netspace import NetspaceError, SearchConfig, load_search_space, resolve
from netspace.cost import CostModel, SpaceCosts
from netspace.documents import from_plain, parse_yaml, to_plain, to_yaml, write_atomically
from netspace.runs import Run
from netspace.spaces import SearchSpace

GIVEN = {"data": {"dataset": "fashion"}, "budgets": ["2M"]}


def test_options_override_settings_override_a_file_overrides_the_preset(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("seed: 1\ntolerance: 0.05\nsearch: {epochs: 20, draws: 8}\n")
    config = resolve("tiny", file=file, settings=("search.epochs=30", "seed=2"), options={**GIVEN, "seed": 3})
    assert (config.search.draws, config.search.epochs, config.seed, config.tolerance) == (8, 30, 3, 0.05)
    assert config.search.warmup_epochs == resolve("tiny", options=GIVEN).search.warmup_epochs


def test_a_config_survives_writing_and_reading() -> None:
    config = resolve("small", options=GIVEN)
    assert from_plain(SearchConfig, parse_yaml(to_yaml(config), "test"), "test") == config


def test_a_users_own_space_is_taken_where_a_presets_name_is(tmp_path: Path) -> None:
    file = tmp_path / "two.yaml"
    file.write_text(
        "name: two\nstem_width: 8\nstrides: [2, 2]\nstages:\n"
        "- {depth: {low: 1, high: 2, ranges: 1}, width: {low: 8, high: 16, ranges: 3, step: 4}}\n"
        * 1
        + "- {depth: {low: 1, high: 2, ranges: 1}, width: {low: 8, high: 24, ranges: 5, step: 4}}\n"
        "search: {epochs: 4, warmup_epochs: 1}\n"
    )
    space = load_search_space(str(file))
    assert (space.num_spaces, space.strides, space.stem_width) == (15, (2, 2), 8)
    assert resolve(str(file), options=GIVEN).search.epochs == 4


@pytest.mark.parametrize(
    ("space", "settings", "message"),
    [
        ("smal", (), r"unknown space 'smal', did you mean 'small'\?"),
        ("none/such.yaml", (), r"space file 'none/such\.yaml' is not there"),
        ("tiny", ("search.epoch=3",), r"unknown key 'search\.epoch', did you mean 'epochs'\?"),
        ("tiny", ("serch.epochs=3",), r"did you mean 'search'\?"),
        ("tiny", ("search.epochs",), "write it as key=value"),
        ("tiny", ("search.epochs=many",), r"search\.epochs: .*valid integer.*\(got 'many'\)"),
        ("tiny", ("search.warmup_epochs=12",), "warmup_epochs 12 leave nothing of 12 epochs"),
        ("tiny", ("budgets=[1M, 1e6]",), "name one target twice"),
        ("tiny", ("search.epochs=[",), "is not valid YAML"),
    ],
)
def test_a_fault_is_named_with_its_key(space: str, settings: tuple[str, ...], message: str) -> None:
    given = {"data": {"dataset": "fashion"}} if "budgets" in str(settings) else GIVEN
    with pytest.raises(NetspaceError, match=message):
        resolve(space, settings=settings, options=given)


def test_all_faults_are_named_at_once(tmp_path: Path) -> None:
    file = tmp_path / "my.yaml"
    file.write_text("sede: 1\nsearch: {draws: 1}\n")
    with pytest.raises(NetspaceError, match=r"search\.draws: .*; unknown key 'sede', did you mean 'seed'"):
        resolve("tiny", file=file, options=GIVEN)


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text", ""])
def test_a_document_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(NetspaceError, match="should hold keys and values"):
        parse_yaml(text, "my.yaml")


def test_numbers_in_scientific_notation_are_numbers() -> None:
    config = resolve("tiny", settings=("search.theta.weight_decay=1e-3",), options={**GIVEN, "budgets": ["2e6"]})
    assert config.search.theta.weight_decay == 1e-3
    assert config.parsed_budgets[0].target == 2_000_000


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.yaml"
    write_atomically(file, "old")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(file, "new")
    assert file.read_text() == "old"


def test_a_space_written_from_the_preset_reads_back(tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    space = load_search_space("expanded")
    file.write_text(to_yaml(space))
    assert load_search_space(str(file)) == space
    assert to_plain(space)["stages"][0]["width"] == {"low": 1, "high": 512, "ranges": 16, "step": 1}
    assert isinstance(space, SearchSpace)


def test_a_setting_holds_one_value() -> None:
    with pytest.raises(NetspaceError, match="one setting has one value"):
        resolve("tiny", settings=("seed=1\nbudgets: [3M]",), options=GIVEN)


@pytest.mark.parametrize("text", ["config: {}", "config: 5", "data: x", "config: {space: {name: a}}"])
def test_a_runs_config_without_its_parts_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.yaml").write_text(text)
    for part in ("config", "stored_space"):
        with pytest.raises(NetspaceError, match=r"config\.yaml"):
            getattr(Run(tmp_path), part)


def test_a_space_that_is_too_large_to_count_is_refused_at_once(tmp_path: Path) -> None:
    file = tmp_path / "big.yaml"
    stage = "{depth: {low: 1, high: 500, ranges: 5}, width: {low: 1, high: 8192, ranges: 8192}}"
    file.write_text(f"name: big\nstages: [{stage}, {stage}, {stage}]\n")
    space = load_search_space(str(file))
    with pytest.raises(NetspaceError, match="too many to count; give the widths a larger step"):
        SpaceCosts(CostModel(space.template(32, 3, 10)), space.full)
