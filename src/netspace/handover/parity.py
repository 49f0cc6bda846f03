"""Whether an exported model computes what the trained network computes, on real images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

LARGEST_DIFFERENCE = 1e-4
BATCHES = (1, 2, 61)


@dataclass(frozen=True)
class Parity:
    """How far two models are apart on the same images.

    Args:
        images: compared.
        difference: largest absolute difference of a logit.
        agreement: share of the images with the same likeliest class, 0..1.
    """

    images: int
    difference: float
    agreement: float

    @property
    def holds(self) -> bool:
        """Whether every logit is within 1e-4 and every class the same."""
        return self.difference <= LARGEST_DIFFERENCE and self.agreement == 1.0


@torch.no_grad()
def compare(reference: Callable[[Tensor], Tensor], other: Callable[[Tensor], Tensor], pixels: Tensor) -> Parity:
    """Compare the logits of two models, in batches of 1, 2 and 61 images by turns, so that the batch may vary.

    Args:
        reference: from pixels (n, channels, size, size), uint8, to logits (n, classes).
        other: the same.
        pixels: real images.
    """
    a, b = (torch.cat([model(part) for part in _parts(pixels)]) for model in (reference, other))
    difference = float((a - b).abs().max())
    if difference != difference:
        difference = float("inf")
    return Parity(len(pixels), difference, float((a.argmax(1) == b.argmax(1)).double().mean()))


@torch.no_grad()
def error_of(model: Callable[[Tensor], Tensor], pixels: Tensor, labels: Tensor) -> float:
    """Return the share of images whose likeliest class is wrong.

    Args:
        model: from pixels to logits.
        pixels: shape (n, channels, size, size), uint8.
        labels: shape (n,).
    """
    likeliest = torch.cat([model(part).argmax(1) for part in pixels.split(256)])
    return float((likeliest != labels).double().mean())


def _parts(pixels: Tensor) -> tuple[Tensor, ...]:
    sizes: list[int] = []
    while (left := len(pixels) - sum(sizes)) > 0:
        sizes.append(min(left, BATCHES[len(sizes) % len(BATCHES)]))
    return pixels.split(sizes)
