"""A cost of one's own: bytes that move between memory and processor, as far as sizes alone say."""

import numpy as np

from netspace import Budget, CostModel, load_search_space
from netspace.cost import COSTS

FLOAT = 4


class Traffic:
    """Every layer reads its weights and writes its outputs once, in single precision."""

    def conv(self, reads, outputs, kernel, size):
        """A convolution's kernel and its maps."""
        return FLOAT * (kernel * kernel * reads * outputs + outputs * size * size)

    def linear(self, inputs, outputs):
        """A fully connected layer's weights and its outputs."""
        return FLOAT * (inputs * outputs + outputs)

    def pool(self, channels, size):
        """The maps that pooling writes."""
        return FLOAT * channels * size * size


COSTS["traffic"] = Traffic()

if __name__ == "__main__":
    space = load_search_space("small")
    template = space.template(image_size=32, channels=3, classes=10)
    budget = Budget.parse("traffic=2M")
    band = budget.band(space.full, template)  # counted and drawn exactly, as for FLOPs
    points = band.draw(5, rng=np.random.default_rng(0))
    print(f"{band.size:,} networks move {budget}:", CostModel(template, "traffic")(points).tolist())
