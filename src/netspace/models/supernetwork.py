"""One set of shared weights in which each architecture of a search space is a sub-network.

Weight sharing as in the paper (section 3.3): width w is the first w channels of one super kernel, depth d the
output of block d of one deepest stage. Here only the channels and blocks in use are computed ("sliced");
`masking.py` is the same arithmetic as the paper writes it, with masks over the full super kernels.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspace.errors import NetspaceError
from netspace.models.masking import forward_mixture
from netspace.models.network import BasicBlock, ConvNorm, Network
from netspace.models.subnetwork import Channels, Mixture, SubNetwork
from netspace.spaces import Architecture, NetworkTemplate, SearchSpace


def _take(tensor: Tensor, channels: Channels, dim: int = 0) -> Tensor:
    """Keep the channels in use along one dimension: a slice for the first w, a gather for a random set."""
    if isinstance(channels, int):
        return tensor.narrow(dim, 0, channels)
    return tensor.index_select(dim, channels)


def _conv_norm(layer: ConvNorm, x: Tensor, inputs: Channels, outputs: Channels) -> Tensor:
    weight = _take(_take(layer.conv.weight, outputs), inputs, dim=1)
    x = F.conv2d(layer.thinned(x), weight, None, layer.conv.stride, layer.conv.padding)
    scale, shift = _take(layer.norm.weight, outputs), _take(layer.norm.bias, outputs)
    return F.batch_norm(x, None, None, scale, shift, training=True, eps=layer.norm.eps)


def _same(a: Channels, b: Channels) -> bool:
    if isinstance(a, int) or isinstance(b, int):
        return isinstance(a, int) and isinstance(b, int) and a == b
    return torch.equal(a, b)


def _block(block: BasicBlock, x: Tensor, inputs: Channels, outputs: Channels) -> Tensor:
    residual = torch.relu(_conv_norm(block.first, x, inputs, outputs))
    residual = _conv_norm(block.second, residual, outputs, outputs)
    # As in a stand-alone block, the shortcut is projected only where the shape changes.
    if block.shortcut is not None and (block.shortcut.stride != 1 or not _same(inputs, outputs)):
        x = _conv_norm(block.shortcut, x, inputs, outputs)
    return torch.relu(residual + x)


class SuperNetwork(nn.Module):
    """The shared weights of every architecture of a search space.

    BatchNorm always uses the statistics of the batch: running averages would mix the sub-networks'.

    Args:
        template: all that is not searched.
        search_space: its largest depths and widths give the size of the shared weights.
    """

    def __init__(self, template: NetworkTemplate, search_space: SearchSpace) -> None:
        super().__init__()
        self.template, self.space = template, search_space.full
        stages = self.space.stages
        largest = Architecture.of([s.depth.high for s in stages], [s.width.high for s in stages])
        self.shared = Network(largest, template, project=True, running=False)

    def forward(self, x: Tensor, choice: Architecture | SubNetwork | Mixture) -> Tensor:
        """Compute logits of a sub-network.

        Args:
            x: images, shape (n, channels, image_size, image_size).
            choice: an Architecture or SubNetwork runs sliced, a Mixture (the relaxed search) masked.

        Returns:
            logits, shape (n, classes).

        Raises:
            NetspaceError: where an architecture has other stages than the search space, or exceeds it.
        """
        if isinstance(choice, Mixture):
            return forward_mixture(self.shared, x, choice)
        if isinstance(choice, Architecture):
            self._check(choice)
            choice = SubNetwork.of(choice)
        return self._sliced(x, choice)

    def _sliced(self, x: Tensor, choice: SubNetwork) -> Tensor:
        x = torch.relu(_conv_norm(self.shared.stem, x, self.template.channels, self.template.stem_width))
        chain: list[Channels] = [self.template.stem_width, *(_on(c, x) for c in choice.channels)]
        for stage, blocks, (inputs, outputs) in zip(self.shared.stages, choice.blocks, pairwise(chain), strict=True):
            assert isinstance(stage, nn.Sequential)
            assert blocks[0] == 0
            for j in blocks:
                block = stage[j]
                assert isinstance(block, BasicBlock)
                x = _block(block, x, inputs if j == 0 else outputs, outputs)
        head = self.shared.classifier
        return F.linear(x.mean((2, 3)), _take(head.weight, chain[-1], dim=1), head.bias)

    def _check(self, architecture: Architecture) -> None:
        limits = self.shared.architecture
        if len(architecture.stages) != len(limits.stages) or any(
            point.depth > most.depth or point.width > most.width
            for point, most in zip(architecture.stages, limits.stages, strict=True)
        ):
            raise NetspaceError(f"{architecture} is not inside of the super network's {limits}")

    @torch.no_grad()
    def extract(self, architecture: Architecture) -> Network:
        """Return a stand-alone copy of a sub-network, with the same output in training mode.

        Its BatchNorms have no running statistics yet: `recalibrate` it before evaluation mode.
        """
        self._check(architecture)
        network = Network(architecture, self.template).to(self.shared.classifier.weight.device)
        shared = dict(self.shared.named_parameters())
        for name, parameter in network.named_parameters():
            parameter.copy_(shared[name][tuple(slice(size) for size in parameter.shape)])
        return network


def _on(channels: Channels, x: Tensor) -> Channels:
    return channels if isinstance(channels, int) else channels.to(x.device)
