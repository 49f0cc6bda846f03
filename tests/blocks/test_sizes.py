"""Sizes of plans: what no layer can have is refused in one line with the block, the stage and the nearest that fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from netspace import Budget, NetspaceError, SearchSpace
from netspace.blocks import BLOCKS, IN, OUT, Amount, BlockPlan, BlockSettings, Conv, Knob, Layer, block_named
from netspace.models import Network, SuperNetwork
from netspace.spaces import Architecture, GridAxis, StageGrid
from netspace.testing import check_block


class Planned:
    """A block of layers over the sets `in`, `inner` and `out`."""

    def __init__(self, inner: Any, *layers: Layer, **knobs: Knob) -> None:
        self.inner, self.layers, self.knobs = inner, layers, knobs

    def plan(self, inputs: Amount, stage: Mapping[str, Amount], *, stride: int, settings: BlockSettings) -> BlockPlan:
        """See Block."""
        first, *others = self.layers
        assert isinstance(first, Conv)
        strided = Conv(
            first.name, first.inputs, first.outputs, first.kernel, stride, first.group_width, first.activation
        )
        channels = {IN: inputs, "inner": self.inner(inputs), OUT: stage["width"]}
        return BlockPlan(channels, (strided, *others), stride, "identity")


def entered(monkeypatch: pytest.MonkeyPatch, block: Any) -> SearchSpace:
    monkeypatch.setitem(BLOCKS, "mine", block)
    stage = StageGrid(GridAxis(1, 2, 2), GridAxis(8, 16, 2, 8))
    return SearchSpace("s", (stage, stage), strides=(1, 2), block="mine", stem_width=8)


NARROW, WIDEN = Conv("narrow", IN, "inner", 1), Conv("widen", "inner", OUT, 1)


@pytest.mark.parametrize(
    ("inner", "middle", "message"),
    [
        (lambda n: n * 2, [Conv("m", "inner", "inner", 3, 1, 5)], "'m': 16 .* no whole groups of 5; nearest is 15"),
        (lambda n: n * 2, [Conv("m", "inner", "inner", 4)], "layer 'm': kernel 4 is even; nearest is 5"),
        (lambda n: n * 1.5, [], "channels 'inner': 12.0 is no whole number"),
        (lambda n: n // 100, [], "channels 'inner': 0 is too few; nearest is 1"),
        (lambda n: n - 20, [], "channels 'inner': -12 is too few; nearest is 1"),
    ],
)  # fmt: skip
def test_sizes_that_no_layer_can_have_are_refused_when_priced_and_when_built(
    monkeypatch: pytest.MonkeyPatch, inner: Any, middle: list[Layer], message: str
) -> None:
    space = entered(monkeypatch, Planned(inner, NARROW, *middle, WIDEN))
    template = space.template(8, 1, 10)
    doings: list[Any] = [
        lambda: Budget.parse("10K").band(space.full, template),
        lambda: Network(Architecture.of([1, 1], [8, 8]), template),
        lambda: SuperNetwork(template, space),
    ]
    for do in doings:
        with pytest.raises(NetspaceError, match=f"block 'mine' in stage 1.*{message}") as caught:
            do()
        assert "\n" not in str(caught.value)


def test_outputs_that_depend_on_the_inputs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Growing(Planned):
        def plan(self, inputs: Amount, stage: Mapping[str, Amount], **given: Any) -> BlockPlan:
            return super().plan(inputs, {**stage, "width": stage["width"] + inputs}, **given)

    space = entered(monkeypatch, Growing(lambda n: n, Conv("a", IN, OUT)))
    with pytest.raises(NetspaceError, match="stage 1: channels 'out' depend on 'in'"):
        SuperNetwork(space.template(8, 1, 10), space)


@pytest.mark.parametrize(
    ("inner", "layers"),
    [
        (lambda n: n, [Conv("a", IN, IN, 3, 1, 1, "relu"), Conv("b", IN, OUT)]),  # depthwise before all else
        (lambda n: n, [Conv("a", IN, IN, 3), Conv("b", IN, OUT)]),
        (lambda n: n, [Conv("a", IN, OUT), Conv("b", OUT, OUT, 3, 1, 4, "silu")]),  # grouped over the shared channels
        (lambda n: np.maximum(40 - n, 4), [NARROW, WIDEN]),  # narrower inside where the inputs are wider
    ],
)
def test_a_plan_may_work_on_the_shared_channels_and_get_narrower(
    monkeypatch: pytest.MonkeyPatch, inner: Any, layers: list[Layer]
) -> None:
    entered(monkeypatch, Planned(inner, *layers))
    check_block("mine")


def test_groups_over_the_inputs_are_refused_but_for_depthwise() -> None:
    with pytest.raises(NetspaceError, match="layer 'a' is grouped over 'in'.*depthwise"):
        BlockPlan({IN: 8, OUT: 8}, (Conv("a", IN, IN, 3, 1, 4), Conv("b", IN, OUT)))


def test_an_unknown_shortcut_is_refused() -> None:
    with pytest.raises(NetspaceError, match="unknown shortcut 'projct', did you mean 'project'"):
        BlockPlan({IN: 8, OUT: 8}, (Conv("b", IN, OUT),), shortcut="projct")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        (Planned, "block 'mine' is entered as a class; enter an instance"),
        (Planned(None, width=Knob(4)), "block 'mine' calls a knob 'width', which is an axis already"),
        (Planned(None, image_size=Knob(4)), "calls a knob 'image_size'"),
    ],
)
def test_what_is_no_kind_of_block_is_refused_by_its_name(
    monkeypatch: pytest.MonkeyPatch, block: Any, message: str
) -> None:
    monkeypatch.setitem(BLOCKS, "mine", block)
    with pytest.raises(NetspaceError, match=message):
        block_named("mine")


@pytest.mark.parametrize(
    ("knob", "message"),
    [
        ({"default": 4, "odd": True}, r"default 4 is not allowed \(odd, 1 to 64\); nearest is 5"),
        ({"default": 9, "high": 8}, r"default 9 is not allowed \(1 to 8\); nearest is 8"),
        ({"default": 2, "within": "height"}, "within 'height'; allowed: width, depth"),
    ],
)
def test_a_knob_that_contradicts_itself_is_refused(knob: dict[str, Any], message: str) -> None:
    with pytest.raises(NetspaceError, match=message):
        Knob(**knob)


def test_a_block_entered_anew_under_its_name_is_the_one_that_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    space = entered(monkeypatch, Planned(lambda n: n, NARROW, WIDEN))
    template = space.template(8, 1, 10)
    few = sum(p.numel() for p in SuperNetwork(template, space).parameters())
    entered(monkeypatch, Planned(lambda n: n * 4, NARROW, WIDEN))
    assert sum(p.numel() for p in SuperNetwork(template, space).parameters()) > few


def test_a_block_may_be_a_value_that_cannot_be_hashed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Equal(Planned):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Equal)

    space = entered(monkeypatch, Equal(lambda n: n, NARROW, WIDEN))
    SuperNetwork(space.template(8, 1, 10), space)
