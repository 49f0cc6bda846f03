"""The paper's execution of the super network: masks over the full super kernels, kept readable as the reference.

A mixture of widths is the same mixture of masks (models/masks.py), a mixture of depths the same mixture of the blocks'
outputs, a mixture of group widths that of the grouped convolutions' outputs.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from netspace.blocks import Conv, Squeeze
from netspace.models.masks import BlockMasks, StageMasks
from netspace.models.network import ACTIVATE, Body, ConvNorm, PlannedBlock, SqueezeExcite, convolve


def forward_masked(network: Body, x: Tensor, masks: list[StageMasks]) -> Tensor:
    """Compute logits (n, classes) with masks over the full super kernels.

    Args:
        network: the shared weights at the largest widths and depths.
        x: images, shape (n, channels, image_size, image_size).
        masks: one StageMasks per stage.
    """
    x = network.begin(x)
    for stage, mask in zip(network.stages, masks, strict=True):
        x = _stage([*stage.children()], x, mask)
    return network.end(x)


def _stage(blocks: list[Any], x: Tensor, mask: StageMasks) -> Tensor:
    output: Tensor | float = 0.0
    for j, block in enumerate(blocks):
        y = _entry(block, x, mask) if j == 0 else _further(block, x, mask)
        x = y if j == 0 else mask.blocks[j] * y + (1 - mask.blocks[j]) * x
        output = output + mask.outputs[j] * x
    assert isinstance(output, Tensor)
    return output


def _entry(block: PlannedBlock, x: Tensor, mask: StageMasks) -> Tensor:
    residual = _residual(block, x, mask.entry)
    identity = mask.identity if block.plan.stride == 1 else torch.zeros_like(mask.identity)
    if block.shortcut is not None:
        shortcut = (mask.width - identity)[:, None, None] * block.shortcut(x)
        if block.plan.stride == 1:
            shortcut = shortcut + identity[:, None, None] * _with_channels(x, len(identity))
        residual = residual + shortcut
    elif block.plan.stride == 1:
        residual = residual + identity[:, None, None] * _with_channels(x, len(identity))
    return ACTIVATE[block.plan.activation](residual)


def _further(block: PlannedBlock, x: Tensor, mask: StageMasks) -> Tensor:
    return ACTIVATE[block.plan.activation](_residual(block, x, mask.further) + x)


def _residual(block: PlannedBlock, x: Tensor, masks: BlockMasks) -> Tensor:
    for layer in block.plan.residual:
        module = getattr(block, layer.name)
        if isinstance(layer, Squeeze):
            x = _squeeze(module, layer, x, masks)
        elif layer.name in masks.groups:
            parts = [
                kept[:, None, None] * ACTIVATE[layer.activation](_grouped(module, layer, x, group, masks))
                for group, kept in masks.groups[layer.name]
            ]
            x = sum(parts[1:], parts[0])
        else:
            y = _conv(module, layer, x, masks)
            x = masks.channels[layer.outputs][:, None, None] * ACTIVATE[layer.activation](y)
    return x


def _conv(module: ConvNorm, layer: Conv, x: Tensor, masks: BlockMasks) -> Tensor:
    if layer.name not in masks.taps:
        out: Tensor = module(x)
        return out
    weight = module.conv.weight * masks.taps[layer.name]
    normed: Tensor = module.norm(convolve(x, weight, layer.stride))
    return normed


def _grouped(module: ConvNorm, layer: Conv, x: Tensor, group: int, masks: BlockMasks) -> Tensor:
    """Convolve whole groups of one width; channels that make no whole group are zero."""
    channels = x.shape[1] // group * group
    weight = module.conv.weight[:channels, :group]
    if layer.name in masks.taps:
        weight = weight * masks.taps[layer.name]
    y = convolve(x[:, :channels], weight, layer.stride, channels // group)
    out: Tensor = module.norm(_with_channels(y, x.shape[1]))
    return out


def _squeeze(module: SqueezeExcite, layer: Squeeze, x: Tensor, masks: BlockMasks) -> Tensor:
    y = masks.channels[layer.squeezed] * ACTIVATE[layer.activation](module.narrow(x.mean((2, 3))))
    return x * torch.sigmoid(module.widen(y))[:, :, None, None]


def _with_channels(x: Tensor, channels: int) -> Tensor:
    """Cut or zero-pad (n, c, h, w) to the given number of channels."""
    kept = x[:, :channels]
    return F.pad(kept, (0, 0, 0, 0, 0, channels - kept.shape[1]))
