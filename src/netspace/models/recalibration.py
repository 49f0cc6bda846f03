"""Statistics of BatchNorm measured anew, so that a score belongs to the network it is read from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
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


class Outcome(NamedTuple):
    """How a network does on labelled images.

    Args:
        error: share of images whose likeliest class is wrong, 0..1.
        loss: mean cross-entropy, nats.
    """

    error: float
    loss: float


@torch.no_grad()
def outcome_of(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> Outcome:
    """Return error and cross-entropy in evaluation mode.

    Args:
        network: a network with statistics of its own.
        batches: prepared images (n, channels, size, size) and labels (n,).
    """
    network.eval()
    wrong = total = 0
    loss = 0.0
    for images, labels in batches:
        logits = network(images)
        wrong += int((logits.argmax(1) != labels).sum())
        loss += float(F.cross_entropy(logits, labels, reduction="sum"))
        total += len(labels)
    return Outcome(wrong / total, loss / total)


def error_rate(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Return the share of images whose likeliest class is wrong; see `outcome_of`."""
    return outcome_of(network, batches).error


@torch.no_grad()
def expected_error(network: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Return the mean probability that a network gives to the wrong classes, 0..1, in evaluation mode.

    It is the error rate of a class that is drawn by the network's probabilities. It takes each image by how sure the
    network is of it, and so tells networks apart on fewer images than the share of wrong ones does.

    Args:
        network: a network with statistics of its own.
        batches: prepared images (n, channels, size, size) and labels (n,).
    """
    network.eval()
    wrong, total = 0.0, 0
    for images, labels in batches:
        right = network(images).softmax(1).gather(1, labels[:, None])
        wrong += float((1 - right.double()).sum())
        total += len(labels)
    return wrong / total
