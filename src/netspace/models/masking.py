"""The paper's execution of the super network: masks over the full super kernels, kept readable as the reference.

A width w zeroes all channels but the first w (channel masking, FBNetV2, arXiv 2004.05565); a mixture of widths is
the same mixture of masks, a mixture of depths the same mixture of the blocks' outputs.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspace.models.network import BasicBlock, Network
from netspace.models.subnetwork import Mixture, SubNetwork


@dataclass(frozen=True)
class StageMasks:
    """What one stage keeps, as numbers between 0 and 1.

    Args:
        width: weight of each channel, shape (largest width,).
        identity: the part of `width` that comes from widths equal to the width before the stage: there the first
            block's shortcut is the identity, elsewhere its projection. Shape (largest width,).
        blocks: whether each block runs (0 passes its input on), shape (largest depth,).
        outputs: weight of each block's output in the stage's output, shape (largest depth,).
    """

    width: Tensor
    identity: Tensor
    blocks: Tensor
    outputs: Tensor


def masks_of_mixture(network: Network, mixture: Mixture) -> list[StageMasks]:
    """Turn weights of widths and depths into masks, differentiable in the weights."""
    device = network.classifier.weight.device
    before = torch.tensor([network.template.stem_width], device=device), torch.ones(1, device=device)
    masks = []
    for i, stage in enumerate(network.architecture.stages):
        widths, weights = mixture.widths[i].to(device), mixture.width_weights[i].to(device)
        kept = (torch.arange(stage.width, device=device) < widths[:, None]).float()
        unchanged = (widths[:, None] == before[0]).float() @ before[1]
        outputs = F.one_hot(mixture.depths[i].to(device) - 1, stage.depth).float()
        masks.append(
            StageMasks(
                width=weights @ kept,
                identity=(weights * unchanged) @ kept,
                blocks=torch.ones(stage.depth, device=device),
                outputs=mixture.depth_weights[i].to(device) @ outputs,
            )
        )
        before = widths, weights
    return masks


def masks_of_subnetwork(network: Network, choice: SubNetwork) -> list[StageMasks]:
    """Turn the channels and blocks in use into masks of zeros and ones."""
    device = network.classifier.weight.device
    before = set(range(network.template.stem_width))
    masks = []
    for stage, channels, blocks in zip(network.architecture.stages, choice.channels, choice.blocks, strict=True):
        kept = set(range(channels)) if isinstance(channels, int) else set(channels.tolist())
        width = torch.tensor([float(c in kept) for c in range(stage.width)], device=device)
        runs = torch.tensor([float(j in blocks) for j in range(stage.depth)], device=device)
        last = torch.zeros(stage.depth, device=device)
        last[-1] = 1.0
        masks.append(StageMasks(width, width * float(kept == before), runs, last))
        before = kept
    return masks


def forward_mixture(network: Network, x: Tensor, mixture: Mixture) -> Tensor:
    """Compute logits (n, classes) of a mixture of widths and depths; gradients reach its weights."""
    return forward_masked(network, x, masks_of_mixture(network, mixture))


def forward_masked(network: Network, x: Tensor, masks: list[StageMasks]) -> Tensor:
    """Compute logits (n, classes) with masks over the full super kernels.

    Args:
        network: the shared weights at the largest widths and depths.
        x: images, shape (n, channels, image_size, image_size).
        masks: one StageMasks per stage.
    """
    x = torch.relu(network.stem(x))
    for stage, mask in zip(network.stages, masks, strict=True):
        x = _stage(stage, x, mask)
    logits: Tensor = network.classifier(x.mean((2, 3)))
    return logits


def _stage(stage: nn.Module, x: Tensor, mask: StageMasks) -> Tensor:
    output: Tensor | float = 0.0
    for j, block in enumerate(stage.children()):
        assert isinstance(block, BasicBlock)
        y = _block(block, x, mask)
        x = y if j == 0 else mask.blocks[j] * y + (1 - mask.blocks[j]) * x
        output = output + mask.outputs[j] * x
    assert isinstance(output, Tensor)
    return output


def _block(block: BasicBlock, x: Tensor, mask: StageMasks) -> Tensor:
    width = mask.width[:, None, None]
    residual = block.second(width * torch.relu(block.first(x)))
    if block.shortcut is None:
        return torch.relu(width * residual + x)
    identity = torch.zeros_like(mask.identity) if block.shortcut.stride != 1 else mask.identity
    shortcut = (mask.width - identity)[:, None, None] * block.shortcut(x)
    if block.shortcut.stride == 1:
        shortcut = shortcut + identity[:, None, None] * _with_channels(x, len(identity))
    return torch.relu(width * residual + shortcut)


def _with_channels(x: Tensor, channels: int) -> Tensor:
    """Cut or zero-pad (n, c, h, w) to the given number of channels."""
    kept = x[:, :channels]
    return F.pad(kept, (0, 0, 0, 0, 0, channels - kept.shape[1]))
