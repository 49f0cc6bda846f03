"""Plans of blocks: what does not join is refused, what does not divide is adjusted, and the largest holds the rest."""

import numpy as np
import pytest

from netspace import NetspaceError
from netspace.blocks import BLOCKS, IN, OUT, BlockPlan, BlockSettings, Conv, Layer, Squeeze, block_named

CHANNELS = {IN: 8, "inner": 4, OUT: 16}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((Conv("a", IN, "inner"), Conv("b", IN, OUT)), "layer 'b' reads 'in', but the layer before it writes 'inner'"),
        ((Conv("a", IN, "inner"),), "the residual ends at 'inner' with stride 1; it has to end at 'out'"),
        ((Conv("a", IN, OUT, 3, 2),), "ends at 'out' with stride 2; it has to end at 'out' with the block's stride 1"),
        ((Conv("a", IN, "iner"), Conv("b", "iner", OUT)), "layer 'a': no channels 'iner', did you mean 'inner'"),
        ((Conv("a", IN, OUT, 3, 1, 4),), "layer 'a' is grouped from 'in' to 'out'; .* let it write 'in'"),
        ((Conv("a", IN, OUT, activation="rel"),), "layer 'a': unknown activation, did you mean 'relu'"),
        ((Conv("a", IN, "inner"), Conv("a", "inner", OUT)), "layers a, a: each needs a name of its own"),
        ((Conv("plan", IN, OUT),), "layers plan: each needs a name of its own, other than .*plan"),
        ((Conv("a b", IN, OUT),), "layers a b: each needs a name"),
        ((Squeeze("s", IN, "narow"), Conv("a", IN, OUT)), "layer 's': no channels 'narow'"),
        ((), "the residual ends at 'in' with stride 1; it has to end at 'out'"),
    ],
)
def test_a_plan_whose_layers_do_not_join_is_refused_in_one_line(layers: tuple[Layer, ...], message: str) -> None:
    with pytest.raises(NetspaceError, match=message) as caught:
        BlockPlan(CHANNELS, layers)
    assert "\n" not in str(caught.value)


def test_an_unknown_kind_of_block_is_refused_with_the_nearest() -> None:
    with pytest.raises(NetspaceError, match="unknown block 'bottlneck', did you mean 'bottleneck'"):
        block_named("bottlneck")


def planned(name: str, inputs: object, *, stride: int = 1, squeeze: int = 0, **values: object) -> BlockPlan:
    return block_named(name).plan(inputs, values, stride=stride, settings=BlockSettings("relu", squeeze))


@pytest.mark.parametrize(
    ("width", "group", "expansion", "adjusted"),
    [
        (24, 8, 1, (8, 24, 24)),
        (20, 8, 1, (8, 16, 16)),  # 2.5 groups: half to even
        (28, 8, 1, (8, 32, 32)),  # 3.5 groups
        (21, 8, 1, (8, 24, 24)),
        (6, 8, 1, (6, 6, 6)),  # a group is at most as wide as the inside
        (40, 8, 2, (8, 16, 32)),  # the width follows from the inside
        (3, 1, 1, (1, 3, 3)),
    ],
)
def test_groups_that_do_not_divide_are_adjusted_as_regnet_does(
    width: int, group: int, expansion: int, adjusted: tuple[int, int, int]
) -> None:
    plan = planned("x", 16, width=width, group_width=group, expansion=expansion)
    middle = plan.residual[1]
    assert isinstance(middle, Conv)
    assert (middle.group_width, plan.channels["inner"], plan.channels[OUT]) == adjusted
    assert plan.channels["inner"] % plan.reads(middle) == 0


def test_a_plan_of_arrays_stands_for_the_plans_of_its_numbers() -> None:
    widths, groups = np.array([20, 28, 6, 24]), np.array([8, 8, 8, 4])
    whole = planned("x", 16, stride=2, width=widths, group_width=groups, expansion=np.ones(4, np.int64))
    for i, (width, group) in enumerate(zip(widths.tolist(), groups.tolist(), strict=True)):
        one = planned("x", 16, stride=2, width=width, group_width=group, expansion=1)
        assert whole.channels["inner"][i] == one.channels["inner"]
        assert whole.channels[OUT][i] == one.channels[OUT]
        assert bool(np.broadcast_to(whole.projected, 4)[i]) == bool(one.projected)


def test_the_largest_plan_has_the_largest_of_every_amount_as_a_number() -> None:
    values = {"width": np.array([8, 24, 16]), "kernel": np.array([3, 5, 3]), "expansion": np.array([6, 1, 2])}
    largest = planned("mbconv", np.array([4, 8, 4]), squeeze=4, **values).largest()
    assert largest.channels == {IN: 8, "inner": 24, OUT: 24, "squeezed": 2}
    assert [getattr(layer, "kernel", None) for layer in largest.residual] == [1, 5, None, 1]
    assert all(type(n) is int for n in largest.channels.values())
    grouped = planned("x", 8, width=np.array([8, 32]), group_width=np.array([8, 4]), expansion=1).largest()
    assert (grouped.residual[1].group_width, grouped.channels["inner"]) == (8, 32)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_a_shortcut_is_projected_only_where_the_shape_changes(name: str) -> None:
    knobs = {knob: about.default for knob, about in block_named(name).knobs.items()}
    same, wider = (planned(name, 16, width=width, **knobs) for width in (16, 32))
    smaller = planned(name, 16, stride=2, width=16, **knobs)
    assert not same.projected
    assert [bool(plan.projected) for plan in (wider, smaller)] == [wider.shortcut == "project"] * 2


@pytest.mark.parametrize("name", sorted(BLOCKS))
def test_the_output_of_a_block_does_not_depend_on_its_input(name: str) -> None:
    knobs = {knob: about.default for knob, about in block_named(name).knobs.items()}
    assert len({int(planned(name, inputs, width=20, **knobs).channels[OUT]) for inputs in (1, 7, 64)}) == 1
