"""Nested initial weights: a narrower network's are a part of a wider one's."""

import numpy as np
import pytest
import torch

from netspace import Architecture
from netspace.models import Network, initialise_nested
from netspace.models.initial import nested_normal
from netspace.spaces import NetworkTemplate

TEMPLATE = NetworkTemplate(stem_width=8, image_size=28, channels=1, classes=10)


def test_weights_of_shared_channels_and_blocks_are_the_same_but_for_their_scale() -> None:
    narrow, wide = (
        Network(Architecture.of(*shape), TEMPLATE) for shape in [((1, 1, 1), (8, 12, 8)), ((2, 1, 3), (20, 12, 40))]
    )
    for network in (narrow, wide):
        initialise_nested(network, seed=3)
    more = dict(wide.named_parameters())
    for name, weight in narrow.named_parameters():
        if weight.ndim == 4:
            part = more[name][: weight.shape[0], : weight.shape[1]]
            ratio = (more[name].shape[0] / weight.shape[0]) ** 0.5  # He's scale, fan out
            torch.testing.assert_close(weight, part * ratio, msg=name)


@pytest.mark.parametrize("shape", [(64, 64, 3, 3), (10, 100)])
def test_nested_numbers_are_standard_normal_and_depend_on_layer_and_seed(shape: tuple[int, ...]) -> None:
    found = nested_normal(shape, "a", 0)
    assert found.shape == shape
    assert abs(found.mean()) < 4 / np.sqrt(found.size)
    assert abs(found.std() - 1) < 4 / np.sqrt(found.size)
    for name, seed in (("b", 0), ("a", 1)):
        assert abs(np.corrcoef(found.ravel(), nested_normal(shape, name, seed).ravel())[0, 1]) < 0.2
