"""What has to hold for any kind of block: priced as counted, one arithmetic however it is run, gradients where used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from netspace.blocks import block_named
from netspace.cost import cost
from netspace.models import (
    Mixture,
    Network,
    SubNetwork,
    SuperNetwork,
    forward_masked,
    masks_of_subnetwork,
    resized,
    warm_up,
)
from netspace.models.supernetwork import part_of
from netspace.spaces import Architecture, GridAxis, KnobAxis, NetworkTemplate, SearchSpace, StageGrid, Stem

CLOSE = 1e-5
IMAGES = 6
REDRAWN = 8


class ConformanceError(AssertionError):
    """A kind of block does not do what every kind has to."""


@dataclass(frozen=True)
class Subject:
    """A search space of one kind of block, small enough to try in seconds.

    Args:
        space: the grid.
        template: of its networks.
        seed: of weights, images and draws.
    """

    space: SearchSpace
    template: NetworkTemplate
    seed: int = 0

    @classmethod
    def of(cls, block: str, *, strides: tuple[int, ...] = (1, 2), seed: int = 0, **settings: Any) -> Subject:
        """Return a space of two stages in which every knob of a block has two values or three.

        Args:
            block: a name in `netspace.blocks.BLOCKS`.
            strides: of the stages.
            seed: of weights, images and draws.
            settings: of the search space, such as `squeeze=4` or `activation="silu"`.
        """
        knobs = []
        for name, knob in block_named(block).knobs.items():
            values = {knob.default, knob.nearest(max(knob.default // 2, 1)), knob.nearest(knob.default + 2)}
            knobs.append((name, KnobAxis(sorted(values))))  # type: ignore[arg-type]
        stage = StageGrid(GridAxis(1, 3, 3), GridAxis(8, 24, 3, 8), tuple(knobs))
        whole = {"stem_width": 8, "block": block, **settings}
        space = SearchSpace(f"all of {block}", (stage,) * len(strides), strides, **whole)  # type: ignore[arg-type]
        return cls(space, space.template(12, 3, 5), seed)

    def architectures(self, n: int) -> list[Architecture]:
        """Draw members of the space."""
        return self.template.architectures(self.space.full.draw(n, rng=np.random.default_rng(self.seed)))

    def supernet(self) -> SuperNetwork:
        """Build shared weights, each of them a random number, so that none hides what another does."""
        generator = torch.Generator().manual_seed(self.seed)
        net = SuperNetwork(self.template, self.space)
        for parameter in net.parameters():
            nn.init.normal_(parameter, 0.0, 0.3, generator=generator)
        return net

    def images(self) -> Tensor:
        """Draw a batch of images, shape (6, channels, size, size)."""
        size, generator = self.template.image_size, torch.Generator().manual_seed(self.seed)
        return torch.randn(IMAGES, self.template.channels, size, size, generator=generator)


def check_block(block: str, **settings: Any) -> None:
    """Check all that has to hold for a kind of block, with stems and settings that differ.

    Args:
        block: a name in `netspace.blocks.BLOCKS`; add your own there first.
        settings: of the search space, such as `squeeze=4`.

    Raises:
        ConformanceError: names the architecture and what is wrong with it.
    """
    for more in ({}, {"stem": Stem(3, 2, 2), "head_width": 20}):
        subject = Subject.of(block, **{**more, **settings})
        check_priced(subject)
        check_executions(subject)
        check_warm_up(subject)
        check_gradients(subject)


def check_priced(subject: Subject, n: int = 8) -> None:
    """Hold prices against torch's counter of operations, the parameters and the outputs of a built network.

    Raises:
        ConformanceError: where they differ.
    """
    for architecture in subject.architectures(n):
        template = subject.template.at(architecture.image_size)
        counted = count(Network(architecture, template), template)
        priced = tuple(cost(architecture, subject.template))
        if priced != counted:
            raise ConformanceError(f"{architecture}: priced {priced} (FLOPs, params, activations), counted {counted}")


def count(network: nn.Module, template: NetworkTemplate) -> tuple[int, int, int]:
    """Count the multiply-adds, parameters and activations of a built network by running it on one image."""
    outputs: list[int] = []
    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear, nn.MaxPool2d))]
    hooks = [m.register_forward_hook(lambda _, __, out: outputs.append(out.numel())) for m in layers]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network.eval()(torch.zeros(1, template.channels, template.image_size, template.image_size))
    for hook in hooks:
        hook.remove()
    params = sum(parameter.numel() for parameter in network.parameters())
    return counter.get_total_flops() // 2, params, sum(outputs)


def check_executions(subject: Subject, n: int = 8) -> None:
    """Compare sliced, masked, mixed (one-hot weights) and extracted execution of sub-networks.

    Raises:
        ConformanceError: where logits differ by more than 1e-5 of their size.
    """
    net, images = subject.supernet(), subject.images()
    for architecture in subject.architectures(n):
        with torch.no_grad():
            sliced = net(images, architecture)
            choice, small = SubNetwork.of(architecture, subject.template), resized(images, architecture.image_size)
            others = {
                "masked": forward_masked(net.shared, small, masks_of_subnetwork(net.shared, choice)),
                "mixed": net(images, _one_hot(subject, architecture)),
                "extracted": net.extract(architecture).train()(small),
            }
        for name, logits in others.items():
            _compare(sliced, logits, f"{architecture}: sliced and {name}")


def check_warm_up(subject: Subject, n: int = 8) -> None:
    """Compare sliced and masked execution where random channels and blocks are switched on.

    Raises:
        ConformanceError: where logits differ by more than 1e-5 of their size.
    """
    net, images, rng = subject.supernet(), subject.images(), np.random.default_rng(subject.seed)
    for architecture in subject.architectures(n):
        share = float(rng.random())
        choice = warm_up(architecture, net.limits, subject.template, filters=share, blocks=share, rng=rng)
        with torch.no_grad():
            small = resized(images, architecture.image_size)
            masked = forward_masked(net.shared, small, masks_of_subnetwork(net.shared, choice))
            _compare(net(images, choice), masked, f"{architecture}, warmed up: sliced and masked")


def check_gradients(subject: Subject, n: int = 4) -> None:
    """Check that a step's gradients reach every weight that a sub-network uses, and no other.

    A ReLU may be off for every image, so what no gradient reaches is tried again with other weights and images.

    Raises:
        ConformanceError: names the weight.
    """
    for architecture in subject.architectures(n):
        silent = _silent(subject, architecture)
        for seed in range(subject.seed + 1, subject.seed + REDRAWN):
            if silent:
                silent &= _silent(replace(subject, seed=seed), architecture)
        if silent:
            raise ConformanceError(f"{architecture}: no gradient reaches {min(silent)}")


def _silent(subject: Subject, architecture: Architecture) -> set[str]:
    """Return the weights that a sub-network uses and no gradient reaches."""
    net, images = subject.supernet(), subject.images()
    net(images, architecture).square().mean().backward()
    used, silent = dict(net.extract(architecture).named_parameters()), set()
    for name, parameter in net.shared.named_parameters():
        total = torch.zeros(()) if parameter.grad is None else parameter.grad.abs().sum()
        part = torch.zeros(())
        if name in used and parameter.grad is not None:
            part = part_of(parameter.grad, used[name].shape).abs().sum()
        if name in used and not part > 0:
            silent.add(name)
        if abs(float(total - part)) > 1e-6 * float(total):
            raise ConformanceError(f"{architecture}: gradients reach weights of {name} that are not in use")
    return silent


def _one_hot(subject: Subject, architecture: Architecture) -> Mixture:
    """Return a mixture of all values of each axis in which an architecture's have all the weight."""
    layout = subject.space.full.layout
    (point,) = layout.points([subject.template.complete(architecture)])
    values = [torch.from_numpy(axis.values) for axis in subject.space.full.axes]
    weights = [(v == int(at)).float() for v, at in zip(values, point, strict=True)]
    return Mixture(layout, tuple(values), tuple(weights))


def _compare(one: Tensor, other: Tensor, what: str) -> None:
    difference = float((one - other).abs().max() / one.abs().max().clamp_min(1.0))
    if not difference <= CLOSE:
        raise ConformanceError(f"{what} logits differ by {difference:.1e}; at most {CLOSE:.0e} is rounding")


# Settings of a search space that change what blocks are made of.
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"activation": "hardswish", "squeeze": 4},
    {"activation": "silu"},
    {"activation": "relu6"},
)
