"""A sub-network run with shared weights, only what is in use being computed: the super network's fast execution.

A set of channels is a slice of the super kernels where it is the first ones, a gather where it is any; a smaller kernel
is the middle of the largest; a narrower group the first channels of the widest.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from netspace.blocks import IN, OUT, BlockPlan, Conv, Squeeze
from netspace.models.batch_norm import batch_normalised
from netspace.models.network import ACTIVATE, Body, ConvNorm, PlannedBlock, SqueezeExcite, convolve
from netspace.models.subnetwork import Channels, Inner, SubNetwork, count, same_channels


def run_sliced(shared: Body, x: Tensor, choice: SubNetwork) -> Tensor:
    """Compute logits (n, classes) of a sub-network.

    Args:
        shared: the shared weights.
        x: images of the sub-network's size, shape (n, channels, size, size).
        choice: what is in use.
    """
    template = shared.template
    x = shared.begin(x)
    chain: list[Channels] = [template.stem_width, *(_on(c, x) for c in choice.channels)]
    for i, (inputs, outputs) in enumerate(pairwise(chain)):
        own = choice.stages[i]
        plans = (
            template.plan(count(inputs), own.values, template.strides[i]),
            template.plan(count(outputs), own.values, 1),
        )
        stage = list(shared.stages[i].children())
        assert own.blocks[0] == 0
        for j in own.blocks:
            block = stage[j]
            assert isinstance(block, PlannedBlock)
            plan, inner = (plans[0], own.entry) if j == 0 else (plans[1], own.further)
            x = _block(block, plan, x, _sets(plan, inputs if j == 0 else outputs, outputs, inner, x))
    if shared.head is not None:
        x = ACTIVATE[template.activation](
            _conv_norm(shared.head, Conv("head", IN, OUT), x, chain[-1], template.head_width)
        )
        return F.linear(x.mean((2, 3)), shared.classifier.weight, shared.classifier.bias)
    return F.linear(x.mean((2, 3)), _take(shared.classifier.weight, chain[-1], dim=1), shared.classifier.bias)


def _sets(plan: BlockPlan, inputs: Channels, outputs: Channels, inner: Inner, x: Tensor) -> dict[str, Channels]:
    own = {name: _on(inner.get(name, int(n)), x) for name, n in plan.channels.items() if name not in (IN, OUT)}
    return {IN: inputs, OUT: outputs, **own}


def _block(block: PlannedBlock, plan: BlockPlan, x: Tensor, sets: dict[str, Channels]) -> Tensor:
    y = x
    for layer in plan.residual:
        module = getattr(block, layer.name)
        if isinstance(layer, Squeeze):
            assert isinstance(module, SqueezeExcite)
            y = _squeeze(module, layer, y, sets)
        else:
            y = _conv_norm(module, layer, y, sets[layer.inputs], sets[layer.outputs])
            y = ACTIVATE[layer.activation](y)
    # As in a stand-alone block, the shortcut is projected, or left out, only where the shape changes.
    if plan.stride == 1 and same_channels(sets[IN], sets[OUT]):
        y = y + x
    elif plan.shortcut == "project":
        assert block.shortcut is not None
        y = y + _conv_norm(block.shortcut, plan.projection, x, sets[IN], sets[OUT])
    return ACTIVATE[plan.activation](y)


def _conv_norm(module: ConvNorm, layer: Conv, x: Tensor, inputs: Channels, outputs: Channels) -> Tensor:
    weight, groups = _take(module.conv.weight, outputs), 1
    if layer.group_width is None:
        weight = _take(weight, inputs, dim=1)
    else:
        weight, groups = weight.narrow(1, 0, int(layer.group_width)), count(outputs) // int(layer.group_width)
    x = convolve(x, middle(weight, int(layer.kernel)), layer.stride, groups)
    scale, shift = _take(module.norm.weight, outputs), _take(module.norm.bias, outputs)
    return batch_normalised(module.norm, x, scale, shift)


def _squeeze(module: SqueezeExcite, layer: Squeeze, x: Tensor, sets: dict[str, Channels]) -> Tensor:
    channels, squeezed = sets[layer.channels], sets[layer.squeezed]
    narrow = _take(_take(module.narrow.weight, squeezed), channels, dim=1)
    widen = _take(_take(module.widen.weight, channels), squeezed, dim=1)
    y = ACTIVATE[layer.activation](F.linear(x.mean((2, 3)), narrow, _take(module.narrow.bias, squeezed)))
    return x * torch.sigmoid(F.linear(y, widen, _take(module.widen.bias, channels)))[:, :, None, None]


def middle(weight: Tensor, kernel: int) -> Tensor:
    """Return the middle of a kernel (outputs, inputs, k, k) of the largest size."""
    edge = (weight.shape[-1] - kernel) // 2
    return weight if not edge else weight[:, :, edge : edge + kernel, edge : edge + kernel]


def _take(tensor: Tensor, channels: Channels, dim: int = 0) -> Tensor:
    """Keep the channels in use along one dimension: a slice for the first w, a gather for a random set."""
    if isinstance(channels, int):
        return tensor.narrow(dim, 0, channels)
    return tensor.index_select(dim, channels)


def _on(channels: Channels, x: Tensor) -> Channels:
    return channels if isinstance(channels, int) else channels.to(x.device)
