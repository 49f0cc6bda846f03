"""A knob of one's own: the basic block with a kernel that is searched stage by stage."""

from dataclasses import replace

from netspace import Budget, SearchSpace
from netspace.blocks import BLOCKS, Basic, Knob
from netspace.spaces import GridAxis, KnobAxis, StageGrid
from netspace.testing import check_block


class AnyKernel(Basic):
    """Two k×k convolutions."""

    knobs = {"kernel": Knob(default=3, high=9, odd=True)}

    def plan(self, inputs, stage, *, stride, settings):
        """Return the basic block's plan with another kernel."""
        plan = super().plan(inputs, stage, stride=stride, settings=settings)
        return replace(plan, residual=tuple(replace(layer, kernel=stage["kernel"]) for layer in plan.residual))


BLOCKS["any-kernel"] = AnyKernel()

if __name__ == "__main__":
    check_block("any-kernel")
    stage = StageGrid(GridAxis(1, 4, 2), GridAxis(8, 32, 2, 8), {"kernel": KnobAxis([3, 5, 7])})
    space = SearchSpace("kernels", (stage, stage, stage), block="any-kernel")
    template = space.template(image_size=32, channels=3, classes=10)
    band = Budget.parse("20M").band(space.full, template)
    print(f"{space.num_spaces} spaces; {band.size:,} of {space.full.size:,} networks cost 20M, within 10 %")
