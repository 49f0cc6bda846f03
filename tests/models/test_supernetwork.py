"""The super network: sliced, masked and extracted are one arithmetic."""

import numpy as np
import pytest
import torch

from netspace import Architecture, NetspaceError, SearchSpace, SuperNetwork
from netspace.cost import cost
from netspace.models import (
    Mixture,
    Network,
    SubNetwork,
    error_rate,
    forward_masked,
    initialise,
    masks_of_subnetwork,
    recalibrate,
    warm_up,
)

CASES = 24


@pytest.fixture(scope="module")
def supernet(mixed: SearchSpace) -> SuperNetwork:
    network = SuperNetwork(mixed.template(12, 3, 7), mixed)
    generator = torch.Generator().manual_seed(0)
    initialise(network, generator=generator)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim == 1:  # BatchNorm's scale and shift and the bias: away from 0 and 1
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator))
    return network


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randn(6, 3, 12, 12, generator=torch.Generator().manual_seed(1))


def architectures(space: SearchSpace) -> list[Architecture]:
    points, layout = space.full.draw(CASES, rng=np.random.default_rng(0)), space.full.layout
    widths = layout.all(points, "width")
    widths[::3] = 16  # the stem's width throughout: identity shortcuts in stages 1 and 2
    widths[1::3, 1] = widths[1::3, 0]
    return layout.architectures(points)


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool((a - b).abs().max() <= 1e-5)


def test_masked_and_sliced_agree_on_random_architectures(
    supernet: SuperNetwork, mixed: SearchSpace, images: torch.Tensor
) -> None:
    for architecture in architectures(mixed):
        masks = masks_of_subnetwork(supernet.shared, SubNetwork.of(architecture, supernet.template))
        assert close(supernet(images, architecture), forward_masked(supernet.shared, images, masks)), architecture


def test_masked_and_sliced_give_equal_gradients(
    supernet: SuperNetwork, mixed: SearchSpace, images: torch.Tensor
) -> None:
    architecture = architectures(mixed)[2]
    masks = masks_of_subnetwork(supernet.shared, SubNetwork.of(architecture, supernet.template))
    parameters = list(supernet.parameters())
    sliced = torch.autograd.grad(supernet(images, architecture).square().sum(), parameters, allow_unused=True)
    masked = torch.autograd.grad(forward_masked(supernet.shared, images, masks).square().sum(), parameters)
    for a, b in zip(sliced, masked, strict=True):
        assert torch.allclose(torch.zeros_like(b) if a is None else a, b, atol=1e-4, rtol=1e-4)


def test_masked_and_sliced_agree_on_warmed_up_sub_networks(
    supernet: SuperNetwork, mixed: SearchSpace, images: torch.Tensor, rng: np.random.Generator
) -> None:
    for architecture in architectures(mixed):
        choice = warm_up(architecture, supernet.limits, supernet.template, filters=0.5, blocks=0.5, rng=rng)
        masks = masks_of_subnetwork(supernet.shared, choice)
        assert close(supernet(images, choice), forward_masked(supernet.shared, images, masks)), choice


def test_a_mixture_with_one_hot_weights_is_the_architecture(
    supernet: SuperNetwork, mixed: SearchSpace, images: torch.Tensor, rng: np.random.Generator
) -> None:
    for architecture in architectures(mixed):
        values = []
        for stage in architecture.stages:
            width = torch.tensor([int(rng.integers(1, 25)), stage.width, int(rng.integers(1, 25))])
            values += [torch.tensor([stage.depth, int(rng.integers(1, 5))]), width]
        one_hot = (torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0, 0.0])) * 3
        mixture = Mixture(supernet.template.layout(), tuple(values), one_hot)
        assert close(supernet(images, mixture), supernet(images, architecture)), architecture


def test_gradients_of_a_mixture_reach_every_weight_of_widths_and_depths(
    supernet: SuperNetwork, images: torch.Tensor
) -> None:
    weights = [torch.full((2,), 0.5, requires_grad=True) for _ in range(6)]
    values = (torch.tensor([1, 3]), torch.tensor([8, 20])) * 3
    mixture = Mixture(supernet.template.layout(), values, tuple(weights))
    gradients = torch.autograd.grad(supernet(images, mixture).square().sum(), weights)
    assert all(bool((gradient != 0).all()) for gradient in gradients)


def test_an_extracted_network_has_the_same_output_and_the_priced_parameters(
    supernet: SuperNetwork, mixed: SearchSpace, images: torch.Tensor
) -> None:
    for architecture in architectures(mixed):
        network = supernet.extract(architecture).train()
        assert close(network(images), supernet(images, architecture)), architecture
        assert sum(p.numel() for p in network.parameters()) == cost(architecture, supernet.template).params


def test_an_extracted_network_shares_no_memory_with_the_super_network(supernet: SuperNetwork) -> None:
    network = supernet.extract(Architecture.of((1, 1, 1), (4, 4, 4)))
    before = supernet.shared.stem.conv.weight.clone()
    torch.nn.init.zeros_(network.stem.conv.weight)
    assert torch.equal(supernet.shared.stem.conv.weight, before)


def test_a_super_network_keeps_no_running_averages(supernet: SuperNetwork, images: torch.Tensor) -> None:
    architecture = Architecture.of((2, 2, 2), (8, 8, 8))
    assert not dict(supernet.named_buffers())
    supernet.eval()
    evaluated = supernet(images, architecture)
    supernet.train()
    assert torch.equal(evaluated, supernet(images, architecture))


def test_recalibration_measures_the_mean_of_the_batches_statistics(
    supernet: SuperNetwork, images: torch.Tensor
) -> None:
    network = supernet.extract(Architecture.of((2, 1, 2), (8, 12, 4)))
    recalibrate(network, images.split(3))
    stem = [network.stem.conv(part) for part in images.split(3)]
    mean = torch.stack([out.mean((0, 2, 3)) for out in stem]).mean(0)
    assert torch.allclose(network.stem.norm.running_mean, mean, atol=1e-6)
    assert not network.training


def test_recalibration_takes_a_single_image_whose_last_maps_are_single_pixels(mixed: SearchSpace) -> None:
    network = Network(Architecture.of((1, 1, 1), (4, 4, 4)), mixed.template(2, 3, 7))
    image = torch.randn(1, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    recalibrate(network, [image])
    logits = network(image)
    assert bool(logits.isfinite().all())
    last = network.stages[-1][0].second.norm
    assert bool((last.running_var == 0).all())


def test_error_rate_counts_wrong_classes(supernet: SuperNetwork, images: torch.Tensor) -> None:
    network = supernet.extract(Architecture.of((1, 1, 1), (8, 8, 8)))
    recalibrate(network, [images])
    labels = network(images).argmax(1)
    assert error_rate(network, [(images, labels)]) == 0
    labels[:2] = (labels[:2] + 1) % 7
    assert error_rate(network, [(images[:3], labels[:3]), (images[3:], labels[3:])]) == pytest.approx(2 / 6)


@pytest.mark.parametrize(("depths", "widths"), [((5, 1, 1), (4, 4, 4)), ((1, 1, 1), (4, 28, 4)), ((1, 1), (4, 4))])
def test_an_architecture_outside_of_the_super_network_is_refused(
    supernet: SuperNetwork, images: torch.Tensor, depths: tuple[int, ...], widths: tuple[int, ...]
) -> None:
    architecture = Architecture.of(depths, widths)
    with pytest.raises(NetspaceError, match="is not inside of the super network's"):
        supernet(images, architecture)
    with pytest.raises(NetspaceError, match="is not inside of the super network's"):
        supernet.extract(architecture)
