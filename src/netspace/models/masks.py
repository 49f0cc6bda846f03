"""What a choice, or a mixture of choices, keeps of the super kernels, as numbers between 0 and 1.

A width w keeps the first w channels (channel masking, FBNetV2, arXiv 2004.05565); a mixture of widths is the same
mixture of masks, a mixture of kernels that of masks over their taps; of a mixture of group widths each has its mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from netspace.blocks import IN, OUT, BlockPlan, Squeeze
from netspace.models.network import Body, PlannedBlock
from netspace.models.subnetwork import Channels, Inner, Mixture, SubNetwork, count, same_channels
from netspace.spaces import NetworkSpace

Groups = list[tuple[int, Tensor]]


@dataclass(frozen=True)
class BlockMasks:
    """What the blocks of a stage keep inside, as numbers between 0 and 1.

    Args:
        channels: weight of each channel of each set of the plan, shape (largest size,).
        taps: weight of each tap of a kernel, shape (largest, largest), by layer; none where all count.
        groups: for each group width of a grouped convolution, the weight of each of its channels, by layer.
    """

    channels: Mapping[str, Tensor]
    taps: Mapping[str, Tensor] = field(default_factory=dict)
    groups: Mapping[str, Groups] = field(default_factory=dict)


@dataclass(frozen=True)
class StageMasks:
    """What one stage keeps, as numbers between 0 and 1.

    Args:
        width: weight of each output channel, shape (largest width,).
        identity: the part of `width` that comes from widths equal to the width before the stage: there the first
            block's shortcut is the identity, elsewhere its projection or nothing. Shape (largest width,).
        blocks: whether each block runs (0 passes its input on), shape (largest depth,).
        outputs: weight of each block's output in the stage's output, shape (largest depth,).
        entry: inside of the first block.
        further: inside of the others.
    """

    width: Tensor
    identity: Tensor
    blocks: Tensor
    outputs: Tensor
    entry: BlockMasks
    further: BlockMasks


def masks_of_mixture(network: Body, mixture: Mixture, space: NetworkSpace) -> list[StageMasks]:
    """Turn weights of values on each axis into masks, differentiable in the weights."""
    device, template = network.classifier.weight.device, network.template
    before = np.array([template.stem_width]), torch.ones(1, device=device)
    read, masks = torch.ones(template.stem_width, device=device), []
    for i, stage in enumerate(space.stages):
        own = mixture.stage(i)
        depths, depth_weights = own.pop("depth")
        values, weights = _joint(own, device)
        blocks = list(network.stages[i].children())
        outs = np.asarray(template.out(values))
        largest = _largest(blocks[0], OUT)
        kept = _first(outs, largest, device)
        unchanged = torch.from_numpy(outs[:, None] == before[0]).to(device).float() @ before[1]
        inside = before[1][:, None] * weights
        entry = template.plan(before[0][:, None], {k: v[None] for k, v in values.items()}, template.strides[i])
        outputs = F.one_hot(depths.to(device) - 1, stage.depth.high).float()
        width = weights @ kept
        masks.append(
            StageMasks(
                width=width,
                identity=(weights * unchanged) @ kept,
                blocks=torch.ones(stage.depth.high, device=device),
                outputs=depth_weights.to(device) @ outputs,
                entry=_inside(blocks[0], entry, inside, read, width),
                further=_inside(blocks[-1], template.plan(outs, values, 1), weights, width, width),
            )
        )
        before, read = (outs, weights), width
    return masks


def _joint(axes: Mapping[str, tuple[Tensor, Tensor]], device: torch.device) -> tuple[dict[str, Any], Tensor]:
    """Return every choice of values of several knobs, by knob, and the weight of each choice."""
    grid = np.meshgrid(*(values.cpu().numpy() for values, _ in axes.values()), indexing="ij")
    joint: Tensor | None = None
    for _, weights in axes.values():
        own = weights.to(device)
        joint = own if joint is None else (joint[:, None] * own).reshape(-1)
    assert joint is not None
    return {name: values.ravel() for name, values in zip(axes, grid, strict=True)}, joint


def _first(amounts: Any, most: int, device: torch.device) -> Tensor:
    """Return, for each amount, ones for the first channels and zeros beyond: shape (…, most)."""
    whole = torch.from_numpy(np.array(amounts, np.int64)).to(device)
    return (torch.arange(most, device=device) < whole[..., None]).float()


def _largest(block: object, name: str) -> int:
    assert isinstance(block, PlannedBlock)
    return int(block.plan.channels[name])


def _inside(block: object, plan: BlockPlan, weights: Tensor, read: Tensor, width: Tensor) -> BlockMasks:
    """Return the masks inside a block of a plan that stands for many, each with a weight.

    `read` and `width` are the masks of what it reads and writes.
    """
    assert isinstance(block, PlannedBlock)
    device, shape, flat = weights.device, tuple(weights.shape), weights.reshape(-1)

    def each(amount: Any) -> np.ndarray:
        return np.broadcast_to(amount, shape).reshape(-1)

    def mask(amount: Any, chosen: np.ndarray | None = None) -> Tensor:
        rows = slice(None) if chosen is None else torch.from_numpy(chosen).to(device)
        kept = each(amount) if chosen is None else each(amount)[chosen]
        return flat[rows] @ _first(kept, most, device)

    channels, taps, groups = {IN: read, OUT: width}, {}, {}
    for name, amount in plan.channels.items():
        if name not in (IN, OUT):
            most = _largest(block, name)
            channels[name] = mask(amount)
    for layer, whole in zip(plan.residual, block.plan.residual, strict=True):
        if isinstance(layer, Squeeze) or isinstance(whole, Squeeze):
            continue
        kernels = each(layer.kernel)
        if (kernels != whole.kernel).any():
            taps[layer.name] = _taps(kernels, flat, whole.kernel)
        if layer.group_width is not None:
            most, each_group = _largest(block, layer.outputs), each(layer.group_width)
            amount = plan.channels[layer.outputs]
            groups[layer.name] = [(int(g), mask(amount, each_group == g)) for g in np.unique(each_group)]
    return BlockMasks(channels, taps, groups)


def _taps(kernels: np.ndarray, weights: Tensor, largest: int) -> Tensor:
    total: Tensor | float = 0.0
    for kernel in np.unique(kernels):
        edge = (largest - int(kernel)) // 2
        ones = F.pad(torch.ones(int(kernel), int(kernel), device=weights.device), (edge,) * 4)
        total = total + weights[torch.from_numpy(kernels == kernel).to(weights.device)].sum() * ones
    assert isinstance(total, Tensor)
    return total


def masks_of_subnetwork(network: Body, choice: SubNetwork) -> list[StageMasks]:
    """Turn the channels, blocks and knobs in use into masks of zeros and ones."""
    device, template = network.classifier.weight.device, network.template
    before: Channels = template.stem_width
    masks = []
    for i, own in enumerate(choice.stages):
        blocks = list(network.stages[i].children())
        reads = _ones(before, _largest(blocks[0], IN), device)
        width = _ones(own.channels, _largest(blocks[0], OUT), device)
        runs = torch.tensor([float(j in own.blocks) for j in range(len(blocks))], device=device)
        last = torch.zeros(len(blocks), device=device)
        last[-1] = 1.0
        plans = (
            template.plan(count(before), own.values, template.strides[i]),
            template.plan(count(own.channels), own.values, 1),
        )
        same = same_channels(before, own.channels)
        inside = [
            _chosen(block, plan, inner, read, width)
            for block, plan, inner, read in zip(
                (blocks[0], blocks[-1]), plans, (own.entry, own.further), (reads, width), strict=True
            )
        ]
        masks.append(StageMasks(width, width * float(same), runs, last, *inside))
        before = own.channels
    return masks


def _members(channels: Channels) -> set[int]:
    return set(range(channels)) if isinstance(channels, int) else set(channels.tolist())


def _ones(channels: Channels, most: int, device: torch.device) -> Tensor:
    kept = _members(channels)
    return torch.tensor([float(c in kept) for c in range(most)], device=device)


def _chosen(block: object, plan: BlockPlan, inner: Inner, read: Tensor, width: Tensor) -> BlockMasks:
    """Return the masks inside a block of one plan, with sets of channels of its own."""
    whole = _inside(block, plan, torch.ones(1, device=width.device), read, width)
    sets = {
        name: _ones(inner.get(name, int(n)), _largest(block, name), width.device)
        for name, n in plan.channels.items()
        if name not in (IN, OUT)
    }
    channels = {**whole.channels, **sets}
    outputs = {layer.name: layer.outputs for layer in plan.residual}
    groups = {name: [(g, channels[outputs[name]]) for g, _ in found] for name, found in whole.groups.items()}
    return BlockMasks(channels, whole.taps, groups)
