"""What no count can hold, and what is none, is refused before anything is counted or drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netspace import Budget, CostModel, NetspaceError, SearchSpace, SpaceCosts
from netspace.cost import COSTS
from netspace.cost.layers import Params
from netspace.spaces import Architecture, GridAxis, KnobAxis, StageGrid


def huge(block: str, **knobs: Any) -> tuple[SearchSpace, Any]:
    stage = StageGrid(GridAxis(1, 500, 2), GridAxis(8, 8192, 2, 8), knobs)  # type: ignore[arg-type]
    space = SearchSpace("huge", (stage,) * 3, strides=(1, 1, 1), block=block, stem_width=8192)
    return space, space.template(1024, 3, 10)


def test_a_space_whose_costs_no_integer_can_hold_is_refused_and_not_wrapped() -> None:
    space, template = huge("mbconv", expansion=KnobAxis([1, 64]), kernel=KnobAxis([3, 15]))  # type: ignore[arg-type]
    with pytest.raises(NetspaceError, match=r"costs more than 4.6e\+18 flops; give smaller ranges"):
        SpaceCosts(CostModel(template), space.full)
    with pytest.raises(NetspaceError, match=r"costs more than 4.6e\+18 flops"):
        Budget.parse("1T").band(space.full, template)


def test_the_largest_cost_is_found_where_it_falls_as_a_knob_rises(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dear(Params):
        def conv(self, reads: Any, outputs: Any, kernel: Any, size: Any) -> Any:
            return 10**10 * super().conv(reads, outputs, kernel, size)

    monkeypatch.setitem(COSTS, "dear", Dear())
    _, template = huge("bottleneck", expansion=KnobAxis([1, 64]))  # type: ignore[arg-type]
    points = template.points(
        [Architecture.of([1] * 3, [8192] * 3, {"expansion": [e] * 3}) for e in (1, 64)],
    )
    with pytest.raises(NetspaceError, match="costs more than"):
        CostModel(template, "dear")(points)
    assert CostModel(template, "dear")(points[1:])[0] > 10**16


@pytest.mark.parametrize(
    ("factor", "message"),
    [(0.5, "gives float64 .*; costs are whole numbers"), (-1, "gives -[0-9]+; a part of a network costs 0 or more")],
)
def test_a_cost_that_gives_no_counts_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, tiny: SearchSpace, factor: float, message: str
) -> None:
    class Scaled(Params):
        def linear(self, inputs: Any, outputs: Any) -> Any:
            return factor * np.asarray(super().linear(inputs, outputs))

    monkeypatch.setitem(COSTS, "scaled", Scaled())
    template = tiny.template(16, 1, 10)
    with pytest.raises(NetspaceError, match=f"cost 'scaled' {message}"):
        CostModel(template, "scaled")(tiny.full.enumerate()[:3])
    with pytest.raises(NetspaceError, match=f"cost 'scaled' {message}"):
        Budget.parse("scaled=5K").band(tiny.full, template)


def test_a_cost_entered_as_a_class_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COSTS, "mine", Params)  # type: ignore[arg-type]
    with pytest.raises(NetspaceError, match="cost 'mine' is entered as a class; enter an instance"):
        Budget.parse("mine=5K")


def test_a_kernel_at_its_largest_is_not_said_to_bind_at_a_value_that_no_block_has() -> None:
    stage = StageGrid(GridAxis(1, 2, 1), GridAxis(8, 16, 1, 8), {"kernel": KnobAxis([3, 15])})  # type: ignore[arg-type]
    space = SearchSpace("s", (stage,), strides=(1,), block="mbconv")
    with pytest.raises(NetspaceError, match="is infeasible.*what binds is the highest (width|depth)"):
        Budget.parse("1T").band(space.full, space.template(8, 1, 10))


def test_no_networks_cost_nothing(tiny: SearchSpace) -> None:
    assert CostModel(tiny.template(16, 1, 10))(tiny.full.enumerate()[:0]).tolist() == []
