"""Statistics of BatchNorm measured anew, so that a score belongs to the network it is read from."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from netspace.models.network import Network


@torch.no_grad()
def recalibrate(network: Network, batches: Iterable[Tensor]) -> None:
    """Replace BatchNorm's running statistics by the mean over the given batches, and set evaluation mode.

    Args:
        network: a stand-alone network, for instance one that was extracted from a SuperNetwork.
        batches: prepared images, each of shape (n, channels, image_size, image_size); at least one.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a cumulative mean instead of an exponential one
    network.train()
    last = network.template.at(network.architecture.image_size).resolutions[-1]
    for batch in batches:
        # BatchNorm refuses one image whose last maps are single pixels: there is no spread, as in the same image twice.
        alone = len(batch) == 1 and last == 1
        network(batch.repeat(2, 1, 1, 1) if alone else batch)
    network.eval()


@torch.no_grad()
def error_rate(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Return the share of images whose likeliest class is wrong, in evaluation mode.

    Args:
        network: a network with statistics of its own.
        batches: prepared images (n, channels, size, size) and labels (n,).
    """
    network.eval()
    wrong = total = 0
    for images, labels in batches:
        wrong += int((network(images).argmax(1) != labels).sum())
        total += len(labels)
    return wrong / total
