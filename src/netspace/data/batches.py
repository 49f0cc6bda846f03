"""From stored pixels to what a network sees: normalised, and augmented on the device."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from netspace.settings import Augmentation


@dataclass(frozen=True)
class Normalisation:
    """Mean and standard deviation of each channel, in pixel values 0..255, each of shape (channels,)."""

    mean: Tensor
    deviation: Tensor

    @classmethod
    def of(cls, images: Tensor) -> Normalisation:
        """Measure uint8 images of shape (n, channels, size, size), exactly (by counting values)."""
        values = torch.arange(256, dtype=torch.float64)
        pixels = images.cpu().transpose(0, 1).flatten(1)
        counts = torch.stack([torch.bincount(channel, minlength=256) for channel in pixels])
        shares = counts.double() / counts.sum(1, keepdim=True)
        mean = shares @ values
        variance = (shares * (values - mean[:, None]) ** 2).sum(1)
        return cls(mean.float().to(images.device), variance.sqrt().clamp_min(1.0).float().to(images.device))

    def __call__(self, images: Tensor) -> Tensor:
        """Map uint8 images (n, channels, size, size) to float32 of mean 0 and deviation 1, channels last in memory."""
        scaled = (images.float() - self.mean[:, None, None]) / self.deviation[:, None, None]
        return scaled.contiguous(memory_format=torch.channels_last)


def augment(images: Tensor, settings: Augmentation, *, generator: torch.Generator) -> Tensor:
    """Crop, flip and cut out at random.

    Args:
        images: normalised images, shape (n, channels, size, size); 0 is the mean.
        settings: which changes.
        generator: source of randomness, on the CPU, so that devices agree on the draws.

    Returns:
        images of the same shape.
    """
    n, _, size, _ = images.shape
    device = images.device
    if settings.crop:
        images = _crop(images, settings.crop, generator)
    if settings.flip:
        flipped = torch.rand(n, generator=generator) < 0.5
        images = torch.where(flipped.to(device)[:, None, None, None], images.flip(3), images)
    if settings.cutout:
        centre = torch.randint(size, (2, n, 1), generator=generator)
        near = (torch.arange(size) - centre + settings.cutout // 2).to(device)
        inside = (near >= 0) & (near < settings.cutout)
        images = images.masked_fill((inside[0][:, :, None] & inside[1][:, None, :])[:, None], 0.0)
    return images.contiguous(memory_format=torch.channels_last)


def _crop(images: Tensor, padding: int, generator: torch.Generator) -> Tensor:
    """Shift each image by up to `padding` pixels both ways: a window into the padded image."""
    n, _, size, _ = images.shape
    windows = F.pad(images, (padding,) * 4).unfold(2, size, 1).unfold(3, size, 1)
    row, column = torch.randint(2 * padding + 1, (2, n), generator=generator).to(images.device)
    return windows[torch.arange(n, device=images.device), :, row, column]
