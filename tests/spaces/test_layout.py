"""Many networks as one array: which column says what, and back to architectures."""

import numpy as np
import pytest

from netspace import Architecture, NetspaceError, NetworkSpace, NetworkTemplate, Range
from netspace.spaces import Layout, StageSpace

LAYOUT = Layout(2, ("expansion", "kernel"), image_size=True)
POINTS = np.array([[1, 16, 4, 3, 2, 24, 6, 5, 32], [3, 8, 1, 5, 4, 16, 2, 7, 24]])


def test_columns_are_stage_by_stage_depth_width_and_further_knobs_then_the_image_size() -> None:
    assert LAYOUT.each == ("depth", "width", "expansion", "kernel")
    assert LAYOUT.columns == 9
    assert [LAYOUT.column(0, "depth"), LAYOUT.column(1, "width"), LAYOUT.column(1, "kernel")] == [0, 5, 7]
    assert LAYOUT.column(None, "image_size") == 8
    assert {name: values.tolist() for name, values in LAYOUT.stage(POINTS, 1).items()} == {
        **{"depth": [2, 4], "width": [24, 16]},
        **{"expansion": [6, 2], "kernel": [5, 7]},
    }
    assert LAYOUT.all(POINTS, "width").tolist() == [[16, 24], [8, 16]]
    sizes = LAYOUT.image_sizes(POINTS)
    assert sizes is not None
    assert sizes.tolist() == [32, 24]
    assert Layout(2).image_sizes(POINTS) is None


def test_points_and_architectures_turn_into_each_other() -> None:
    first, second = LAYOUT.architectures(POINTS)
    assert first == Architecture.of((1, 2), (16, 24), {"kernel": (3, 5), "expansion": (4, 6)}, image_size=32)
    assert (second.depths, second.widths, second.image_size) == ((3, 4), (8, 16), 24)
    assert second.knobs == {"expansion": (1, 2), "kernel": (5, 7)}
    np.testing.assert_array_equal(LAYOUT.points([first, second]), POINTS)
    assert LAYOUT.points([]).shape == (0, 9)


def test_points_are_joined_from_one_array_per_knob() -> None:
    knobs = {name: LAYOUT.all(POINTS, name) for name in LAYOUT.each}
    np.testing.assert_array_equal(LAYOUT.join(knobs, LAYOUT.image_sizes(POINTS)), POINTS)
    np.testing.assert_array_equal(Layout(2, LAYOUT.knobs).join(knobs), POINTS[:, :-1])


@pytest.mark.parametrize(
    "other",
    [
        Architecture.of((1,), (16,), {"kernel": (3,), "expansion": (4,)}, 32),
        Architecture.of((1, 1), (16, 16), {"kernel": (3, 3)}, 32),
        Architecture.of((1, 1), (16, 16), {"kernel": (3, 3), "expansion": (4, 4)}),
    ],
    ids=["stages", "knobs", "image size"],
)
def test_an_architecture_of_another_layout_is_refused(other: Architecture) -> None:
    with pytest.raises(NetspaceError, match="has not the stages and knobs of 2 stages with depth, width, expansion"):
        LAYOUT.points([other])


def test_a_template_completes_knobs_that_are_left_out_and_names_strange_ones() -> None:
    template = NetworkTemplate(strides=(1, 2), block="mbconv")
    assert template.points([Architecture.of((1, 2), (16, 24))]).tolist() == [[1, 16, 4, 3, 2, 24, 4, 3]]
    sized = [Architecture.of((1, 2), (16, 24)), Architecture.of((1, 2), (16, 24), image_size=24)]
    assert template.points(sized)[:, -1].tolist() == [32, 24]
    assert template.architectures(template.points(sized))[1].image_size == 24
    strange = Architecture.of((1, 2), (16, 24), {"kernal": (3, 3)})
    with pytest.raises(NetspaceError, match="block 'mbconv' has no knob 'kernal', did you mean 'kernel'"):
        template.points([strange])
    with pytest.raises(NetspaceError, match="block 'basic' has no knob 'kernel', it has none"):
        NetworkTemplate(strides=(1,)).complete(Architecture.of((1,), (16,), {"kernel": (3,)}))


def test_the_members_of_a_space_have_its_layout_and_lie_in_it(rng: np.random.Generator) -> None:
    stage = StageSpace(Range(1, 2), Range(8, 16, 8), {"kernel": Range(3, 5, 2), "expansion": Range(4, 4)})  # type: ignore[arg-type]
    space = NetworkSpace((stage, stage), Range(16, 32, 16))
    points = space.enumerate()
    assert space.layout == LAYOUT
    assert len(np.unique(points, axis=0)) == len(points) == space.size == 8 * 8 * 2
    assert all(one in space for one in space.layout.architectures(points))
    assert all(one in space for one in space.layout.architectures(space.draw(20, rng=rng)))
    assert Architecture.of((1, 1), (8, 8), {"kernel": (3, 7), "expansion": (4, 4)}, 16) not in space
    assert Architecture.of((1, 1), (8, 8), {"kernel": (3, 3), "expansion": (4, 4)}) not in space
    assert Architecture.of((1, 1), (8, 8)) not in space
