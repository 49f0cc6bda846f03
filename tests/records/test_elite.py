"""Elite files: small, complete, and readable for good."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from netspace import Budget, EliteSpace, NetspaceError, SearchSpace, load_elite
from netspace.cost import CostModel
from netspace.records import Candidate, Fidelity, Provenance, Quantiles
from netspace.spaces import NetworkSpace, NetworkTemplate, Range, StageSpace

GOLDEN = Path(__file__).parent.parent / "golden"


def elite(space: SearchSpace) -> EliteSpace:
    template, budget = space.template(28, 1, 10), Budget.parse("2M")
    choices = [(0, 1, 0, 1, 1, 0), (0, 0, 1, 1, 1, 1)]
    candidates = tuple(Candidate.measure(space.space(c), 0.5, budget=budget, template=template) for c in choices)
    return EliteSpace(budget, template, candidates, PROVENANCE)


PROVENANCE = Provenance("0.1.0", "fashion", "0" * 16, "tiny", "score", 3, 0, "1" * 16, 0.5, 2_000_000, 0.25)


def test_an_elite_file_gives_back_the_same_value_and_is_small(tiny: SearchSpace, tmp_path: Path) -> None:
    value = elite(tiny)
    file = value.save(tmp_path)
    assert file.name == "elite-2M.yaml"
    assert load_elite(file) == value
    assert file.stat().st_size < 2000
    assert [entry.name for entry in tmp_path.iterdir()] == ["elite-2M.yaml"]


def test_a_candidate_is_measured_exactly(tiny: SearchSpace) -> None:
    value = elite(tiny)
    costs = CostModel(value.template)(value.space.enumerate())
    low, high = value.budget.interval
    assert value.candidates[0].hit_rate == pytest.approx(((costs >= low) & (costs <= high)).mean(), rel=1e-5)
    assert value.candidates[0].cost.median == np.quantile(costs, 0.5, method="inverted_cdf")


@pytest.mark.parametrize("schema", [1, 2])
def test_elite_files_of_every_schema_still_load(schema: int) -> None:
    file = GOLDEN / f"elite-schema-{schema}.yaml"
    value = load_elite(file)
    assert load_elite(str(file)) == value  # a path as text is as good
    assert value.budget == Budget(3_000_000)
    assert str(value.space) == "d=[1 1 2] w=[12..16 by 4 4..8 by 4 12..16 by 4]"
    assert value.candidates[0].cost == Quantiles(2161608, 2527776, 3631648)
    assert value.provenance.dataset == "fashion"
    assert value.schema == 2


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "elite.yaml"
    file.write_text((GOLDEN / "elite-schema-2.yaml").read_text().replace("schema: 2", "schema: 9"))
    with pytest.raises(NetspaceError, match=r"schema 9 is not readable; this version reads schemas 1 to 2"):
        load_elite(file)


def test_a_damaged_elite_file_names_the_field(tmp_path: Path) -> None:
    file = tmp_path / "elite.yaml"
    file.write_text((GOLDEN / "elite-schema-2.yaml").read_text().replace("hit_rate: 0.125", "hitrate: 0.125"))
    with pytest.raises(NetspaceError, match=r"unknown key 'candidates\.0\.hitrate', did you mean 'hit_rate'"):
        load_elite(file)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("strides: [1, 2, 2]", "strides: [1, 2]", "candidates.0 has 3 stages, but the template 2 strides"),
        ("hit_rate: 0.125", "hit_rate: 1.5", r"candidates\.0\.hit_rate: Input should be less than or equal to 1"),
        ("hit_rate: 0.125", "hit_rate: .nan", r"candidates\.0\.hit_rate: Input should be a finite number"),
        (
            "image_size: 28",
            f"image_size: {10**30}",
            r"template\.image_size: Input should be less than or equal to 1024",
        ),
    ],
)
def test_an_elite_that_cannot_be_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (GOLDEN / "elite-schema-2.yaml").read_text()
    assert old in text
    (tmp_path / "elite.yaml").write_text(text.replace(old, new))
    with pytest.raises(NetspaceError, match=message):
        load_elite(tmp_path / "elite.yaml")


@pytest.mark.parametrize("candidates", ["", "candidates: 5", "candidates: [x]", "candidates: [{}]"])
def test_an_old_elite_without_its_parts_names_them(tmp_path: Path, candidates: str) -> None:
    (tmp_path / "elite.yaml").write_text(f"schema: 1\n{candidates}\n")
    with pytest.raises(NetspaceError, match=r"elite\.yaml: .*budget: Field required.*candidates"):
        load_elite(tmp_path / "elite.yaml")


def test_a_gate_that_found_no_order_is_read(tmp_path: Path, tiny: SearchSpace) -> None:
    value = elite(tiny)
    gate = Fidelity(float("nan"), float("nan"), float("nan"), 12, False)
    file = replace(value, provenance=replace(value.provenance, fidelity=gate)).save(tmp_path)
    found = load_elite(file).provenance.fidelity
    assert found is not None
    assert found.tau != found.tau


def test_an_elite_of_values_that_its_block_has_not_is_refused_with_candidate_and_stage(tmp_path: Path) -> None:
    stage = StageSpace(Range(1, 2), Range(8, 16, 8), {"expansion": Range(4, 4), "kernel": Range(3, 3)})  # type: ignore[arg-type]
    template = NetworkTemplate(strides=(1, 2), block="mbconv", image_size=8)
    budget = Budget.parse("100K")
    candidate = Candidate.measure(NetworkSpace((stage, stage)), 0.5, budget=budget, template=template)
    file = EliteSpace(budget, template, (candidate,), PROVENANCE).save(tmp_path)
    file.write_text(file.read_text().replace("kernel: 3", "kernel: 99"))
    with pytest.raises(NetspaceError, match="candidates.0: block 'mbconv' in stage 1: kernel 99 .*; nearest is 15"):
        load_elite(file)
