"""One set of shared weights in which each architecture of a search space is a sub-network.

Weight sharing as in the paper (section 3.3): width w is the first w channels of one super kernel, depth d the
output of block d of one deepest stage. Here only the channels and blocks in use are computed (sliced.py);
masking.py is the same arithmetic as the paper writes it, with masks over the full super kernels.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspace.errors import NetspaceError
from netspace.models.batch_norm import share_statistics
from netspace.models.masking import forward_masked
from netspace.models.masks import masks_of_mixture
from netspace.models.network import Body, Network
from netspace.models.sliced import run_sliced
from netspace.models.subnetwork import Mixture, SubNetwork, limits_of
from netspace.runtime import ALONE, Runtime
from netspace.spaces import Architecture, NetworkTemplate, SearchSpace, Stage, StageSpace


class SuperNetwork(nn.Module):
    """The shared weights of every architecture of a search space.

    BatchNorm always uses the statistics of the batch, of all its shares where it is shared among processes: running
    averages would mix the sub-networks'.

    Args:
        template: all that is not searched.
        search_space: its largest depths, widths and further knobs give the size of the shared weights.
        runtime: the processes that share a batch.
    """

    def __init__(self, template: NetworkTemplate, search_space: SearchSpace, runtime: Runtime = ALONE) -> None:
        super().__init__()
        self.template, self.space = template, search_space.full
        self.limits = limits_of(self.space, template)
        plans = [[entry] + [further] * (depth - 1) for entry, further, depth in self.limits]
        self.shared = Body(template, plans, shared=True, running=False)
        share_statistics(self.shared, runtime)

    def forward(self, x: Tensor, choice: Architecture | SubNetwork | Mixture) -> Tensor:
        """Compute logits of a sub-network.

        Args:
            x: images, shape (n, channels, image_size, image_size); resized where the choice has another image size.
            choice: an Architecture or SubNetwork runs sliced, a Mixture (the relaxed search) masked.

        Returns:
            logits, shape (n, classes).

        Raises:
            NetspaceError: where an architecture has other stages than the search space, or exceeds it.
        """
        if isinstance(choice, Mixture):
            return self._mixed(x, choice)
        if isinstance(choice, Architecture):
            choice = SubNetwork.of(self.checked(choice), self.template)
        return run_sliced(self.shared, resized(x, choice.image_size), choice)

    def _mixed(self, x: Tensor, mixture: Mixture) -> Tensor:
        total: Tensor | None = None
        masks = masks_of_mixture(self.shared, mixture, self.space)
        for size, weight in mixture.image_sizes():
            logits = forward_masked(self.shared, resized(x, size), masks)
            if weight is None:
                return logits
            part = weight.to(x.device) * logits
            total = part if total is None else total + part
        assert total is not None
        return total

    def checked(self, architecture: Architecture) -> Architecture:
        """Return an architecture with every knob, where the shared weights hold it.

        Raises:
            NetspaceError: where they do not.
        """
        limits = self.space.stages
        if len(architecture.stages) == len(limits):
            whole = self.template.complete(architecture)
            if all(_within(point, most) for point, most in zip(whole.stages, limits, strict=True)):
                return whole
        raise NetspaceError(f"{architecture} is not inside of the super network's {self.space}")

    @torch.no_grad()
    def extract(self, architecture: Architecture) -> Network:
        """Return a stand-alone copy of a sub-network, with the same output in training mode.

        Its BatchNorms have no running statistics yet: `recalibrate` it before evaluation mode.
        """
        network = Network(self.checked(architecture), self.template).to(self.shared.classifier.weight.device)
        shared = dict(self.shared.named_parameters())
        for name, parameter in network.named_parameters():
            parameter.copy_(part_of(shared[name], parameter.shape))
        return network


def _within(stage: Stage, most: StageSpace) -> bool:
    axes = {"depth": stage.depth, "width": stage.width, **dict(stage.knobs)}
    return all(value <= most.knob(name).high for name, value in axes.items())


def resized(x: Tensor, image_size: int | None) -> Tensor:
    """Return images (n, channels, size, size) at another size, bilinear with antialiasing; None leaves them."""
    if image_size is None or image_size == x.shape[-1]:
        return x
    return F.interpolate(x, size=(image_size, image_size), mode="bilinear", antialias=True, align_corners=False)


def part_of(shared: Tensor, shape: torch.Size) -> Tensor:
    """Return the first channels of a shared weight, and the middle of its kernel."""
    kept = [slice(size) for size in shape[:2]]
    for whole, size in zip(shared.shape[2:], shape[2:], strict=True):
        kept.append(slice((whole - size) // 2, (whole - size) // 2 + size))
    return shared[tuple(kept)]
