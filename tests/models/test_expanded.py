"""The paper's super network at full size: slow, since its weights alone are 0.9 GB."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from netspace import Budget, SearchSpace, SuperNetwork
from netspace.models import SubNetwork, forward_masked, initialise, masks_of_subnetwork


@pytest.mark.slow
@pytest.mark.parametrize("text", ["200M", "4G"])
def test_a_weights_step_of_the_expanded_super_network_runs_and_agrees_with_masking(
    expanded: SearchSpace, rng: np.random.Generator, text: str
) -> None:
    template = expanded.template(32, 3, 10)
    supernet = SuperNetwork(template, expanded)
    initialise(supernet, generator=torch.Generator().manual_seed(0))
    assert sum(p.numel() for p in supernet.parameters()) > 224e6
    (architecture,) = template.architectures(Budget.parse(text).band(expanded.full, template).draw(1, rng=rng))
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    logits = supernet(images, architecture)
    with torch.no_grad():
        masks = masks_of_subnetwork(supernet.shared, SubNetwork.of(architecture, template))
        assert bool(((logits - forward_masked(supernet.shared, images, masks)).abs() <= 1e-4).all())
    before = supernet.shared.stem.conv.weight.clone()
    F.cross_entropy(logits, torch.tensor([1, 2])).backward()
    torch.optim.SGD(supernet.parameters(), lr=0.1).step()
    assert not torch.equal(before, supernet.shared.stem.conv.weight)
