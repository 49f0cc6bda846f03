"""A kind of block with a knob of its own, known to this file alone, from a search to an exported network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from typer.testing import CliRunner

from netspace.blocks import BLOCKS, IN, OUT, Amount, BlockPlan, BlockSettings, Conv, Knob
from netspace.cli.main import app
from netspace.testing import check_block, check_exports


class Split:
    """1×1 to a third of the width or so, a grouped 5×5 there, 1×1 back; `parts` says how narrow."""

    knobs: ClassVar[Mapping[str, Knob]] = {"parts": Knob(2, high=8)}

    def plan(self, inputs: Amount, stage: Mapping[str, Amount], *, stride: int, settings: BlockSettings) -> BlockPlan:
        """See Block."""
        inner = np.maximum(stage["width"] // stage["parts"] // 2, 1) * 2
        layers = (
            Conv("down", IN, "inner", 1, activation=settings.activation),
            Conv("wide", "inner", "inner", 5, stride, 2, settings.activation),
            Conv("up", "inner", OUT, 1),
        )
        return BlockPlan({IN: inputs, "inner": inner, OUT: stage["width"]}, layers, stride, "project", "relu")


BLOCKS["split"] = Split()
SPACE = """
name: toy
block: split
stem_width: 8
strides: [1, 2]
stages:
- &stage
  depth: {low: 1, high: 2, ranges: 2}
  width: {low: 8, high: 16, step: 4, ranges: 1}
  parts: [2, 3]
- *stage
search: {epochs: 3, warmup_epochs: 1, steps_per_epoch: 6, batch_size: 32}
"""
RECIPE = "{name: toy, epochs: 1, warmup_epochs: 0, batch_size: 32, train_images: 256}"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == 0, (arguments, result.output, result.exception)
    return result.output


def test_a_block_of_ones_own_does_what_every_block_has_to() -> None:
    check_block("split")
    check_exports("split", n=1)


@pytest.mark.parametrize("estimator", ["score", "gumbel", "front", "population"])
def test_a_block_of_ones_own_is_searched_by_every_estimator(estimator: str, tmp_path: Path) -> None:
    space, recipe = tmp_path / "toy.yaml", tmp_path / "recipe.yaml"
    space.write_text(SPACE)
    recipe.write_text(RECIPE)
    data = ("--dataset", "fashion", "--image-size", "8")
    few = ("--set", "search.front.evaluations=16", "--set", "search.front.population=8")
    few += ("--set", f"search.front.recipe={recipe}", "--estimator", estimator)
    out = tmp_path / "run"
    run("search", *data, "--space", space, "--budget", "70K", "--budget", "params=1500", *few, "--out", out)
    elite = out / "elite-70K.yaml"
    assert "parts:" in elite.read_text()
    assert "kind: params" in (out / "elite-params=1.5K.yaml").read_text()
    if estimator == "front":
        from_search_to_export(tmp_path, out, elite, recipe, data)


def from_search_to_export(tmp_path: Path, out: Path, elite: Path, recipe: Path, data: tuple[str, ...]) -> None:
    judged, chosen, network = tmp_path / "judged", tmp_path / "chosen", tmp_path / "network"
    run(
        *("evaluate", elite, *data[:2], "--baseline", "expanded", "--baseline", "uniform-width", "--n", "2"),
        *("--recipe", recipe, "--jobs", "2", "--out", judged),
    )
    rows: list[dict[str, Any]] = json.loads(run("results", judged, "--format", "json"))
    assert {row["status"] for row in rows} == {"ok"}
    assert all(len(row["knobs"]["parts"]) == 2 for row in rows)
    run("front", out, "--evaluations", "16", "--calibrate", judged, "--signal", "supernet", "--refine")
    run("nas", elite, "--run", out, "--samples", "1", "--candidates", "2", "--out", chosen)
    run("train", chosen / "architecture-1.yaml", *data[:2], "--recipe", recipe, "--out", network)
    run("export", network, "--format", "all", "--int8", "--out", tmp_path / "export")
    card = json.loads((tmp_path / "export" / "card.json").read_text())
    assert card["architecture"]["template"]["block"] == "split"
    assert {export["format"] for export in card["exports"]} == {"python", "onnx", "torch-export", "onnx-int8"}
    run("report", out, judged, "--out", tmp_path / "report.html")
