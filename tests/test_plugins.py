"""A package of one's own names its module in its entry points; commands find its blocks, knobs and costs there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from netspace.blocks import BLOCKS
from netspace.cli.main import app
from netspace.config import load_search_space
from netspace.cost import COSTS
from netspace.errors import NetspaceError
from netspace.plugins import Entries, load_plugins, own_modules

MODULE = """
from netspace.blocks import BLOCKS, IN, OUT, BlockPlan, Conv, Knob
from netspace.cost import COSTS
from netspace.cost.layers import Params

class Plugged:
    knobs = {"reach": Knob(default=3, high=9, odd=True)}

    def plan(self, inputs, stage, *, stride, settings):
        layer = Conv("only", IN, OUT, stage["reach"], stride)
        return BlockPlan({IN: inputs, OUT: stage["width"]}, (layer,), stride, "project", settings.activation)

BLOCKS["plugged"] = Plugged()
COSTS["plugged-cost"] = Params()
"""
SPACE = """
name: plugged
block: plugged
strides: [1, 2]
stages:
- {depth: {low: 1, high: 2, ranges: 2}, width: {low: 8, high: 16, step: 8, ranges: 2}}
- {depth: {low: 1, high: 2, ranges: 2}, width: {low: 8, high: 16, step: 8, ranges: 2}, reach: [3, 5]}
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a file of a search space of a block that an installed package enters, and nobody has imported yet."""
    (tmp_path / "plugged_module.py").write_text(MODULE)
    information = tmp_path / "plugged-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text("[netspace.plugins]\nplugged = plugged_module\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    load_plugins.cache_clear()
    (tmp_path / "space.yaml").write_text(SPACE)
    yield tmp_path / "space.yaml"
    sys.modules.pop("plugged_module", None)
    BLOCKS.pop("plugged", None)
    COSTS.pop("plugged-cost", None)
    load_plugins.cache_clear()


def test_a_space_is_read_whose_block_and_knobs_only_an_installed_package_knows(installed: Path) -> None:
    space = load_search_space(str(installed))
    assert space.block == "plugged"
    assert space.full.stages[1].knob("reach").values.tolist() == [3, 5]


def test_a_budget_may_be_of_a_cost_that_only_an_installed_package_knows(installed: Path) -> None:
    result = CliRunner().invoke(app, ["sample", str(installed), "--budget", "plugged-cost=5K", "--n", "2", "--json"])
    assert result.exit_code == 0, result.output
    assert '"plugged-cost"' in result.stdout


def test_a_knob_that_one_stage_alone_names_is_listed_with_its_default_elsewhere(installed: Path) -> None:
    result = CliRunner().invoke(app, ["spaces", str(installed)], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "reach 3 / 3,5" in result.stdout


def test_a_block_is_brought_to_other_processes_by_the_module_that_enters_it_and_the_one_that_defines_it() -> None:
    entries = Entries[object]({"basic": BLOCKS["basic"]})
    entries["of-the-library"] = BLOCKS["x"]
    assert own_modules(entries, "of-the-library") == [__name__]
    assert own_modules(entries, "basic") == []


def test_a_block_entered_by_the_script_that_runs_is_refused() -> None:
    entries = Entries[object]({})
    exec("entries['mine'] = block", {"__name__": "__main__", "entries": entries, "block": BLOCKS["x"]})
    with pytest.raises(NetspaceError, match="'mine' is defined in the script that runs"):
        own_modules(entries, "mine")
