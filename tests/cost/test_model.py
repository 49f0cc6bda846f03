"""Costs: exact against published figures, torch's own counter and built modules."""

import time

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from netspace import Architecture, Network, NetworkTemplate, SearchSpace
from netspace.cost import CostModel, cost


@pytest.mark.parametrize(
    ("depths", "widths", "flops"),
    [((3, 3, 3), (16, 32, 64), 40_813_184), ((16, 16, 16), (512, 512, 512), 99_220_902_912)],
)
def test_flops_follow_the_papers_convention(depths: tuple[int, ...], widths: tuple[int, ...], flops: int) -> None:
    assert cost(Architecture.of(depths, widths), NetworkTemplate()).flops == flops


def measured(network: nn.Module, template: NetworkTemplate) -> tuple[int, int, int]:
    """Count multiply-adds, parameters and outputs of convolutions and classifier by running the network."""
    outputs = []
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(lambda _, __, out: outputs.append(out[0].numel()))
    counter = FlopCounterMode(display=False)
    with torch.device("meta"), counter:
        network(torch.empty(1, template.channels, template.image_size, template.image_size))
    return counter.get_total_flops() // 2, sum(p.numel() for p in network.parameters()), sum(outputs)


def test_costs_of_60_random_architectures_equal_what_torch_counts(rng: np.random.Generator) -> None:
    for _ in range(60):
        stages = int(rng.integers(1, 5))
        template = NetworkTemplate(
            strides=tuple(int(s) for s in rng.integers(1, 3, stages)),
            stem_width=int(rng.choice([8, 16])),
            image_size=int(rng.choice([28, 32, 33])),
            channels=int(rng.choice([1, 3])),
            classes=int(rng.integers(2, 101)),
        )
        # Few widths, so that equal neighbours and the stem's width come up: there the shortcut is the identity.
        architecture = Architecture.of(rng.integers(1, 6, stages), rng.choice([4, 8, 16, 17, 64], stages))
        with torch.device("meta"):
            network = Network(architecture, template)
        assert measured(network, template) == tuple(cost(architecture, template)), architecture


def test_a_million_architectures_are_priced_in_under_a_second(expanded: SearchSpace, rng: np.random.Generator) -> None:
    points = expanded.full.draw(10**6, rng=rng)
    started = time.process_time()
    costs = CostModel(NetworkTemplate())(points)
    assert time.process_time() - started < 1
    # The published median of uniformly drawn architectures is 12.0 GF.
    assert 11.8e9 < np.median(costs) < 12.1e9


def test_an_architecture_of_other_stages_is_refused() -> None:
    with pytest.raises(ValueError, match="2 stages, the template 3"):
        cost(Architecture.of((1, 1), (4, 4)), NetworkTemplate())
