"""From stored pixels to what a network sees: normalised, and augmented on the device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

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


@dataclass(frozen=True)
class Draws:
    """What is drawn for each of n images before they are changed; on the CPU, so that devices agree on it.

    Args:
        shift: rows and columns of the crop's corner in the padded image, shape (2, n); None where none is cropped.
        flipped: which are mirrored, shape (n,); None where none is.
        centre: row and column of the centre of what is cut out, shape (2, n); None where nothing is.
    """

    shift: Tensor | None
    flipped: Tensor | None
    centre: Tensor | None

    @classmethod
    def of(cls, n: int, size: int, settings: Augmentation, *, generator: torch.Generator) -> Draws:
        """Draw for n images of a size, pixels."""
        crop, cutout = settings.crop, settings.cutout
        return cls(
            torch.randint(2 * crop + 1, (2, n), generator=generator) if crop else None,
            torch.rand(n, generator=generator) < 0.5 if settings.flip else None,
            torch.randint(size, (2, n, 1), generator=generator)[..., 0] if cutout else None,
        )

    @classmethod
    def joined(cls, parts: Sequence[Draws]) -> Draws:
        """Return the draws of several batches, one after the other, as those of one."""
        columns = ([getattr(part, field.name) for part in parts] for field in fields(cls))
        return cls(*(None if column[0] is None else torch.cat(column, dim=-1) for column in columns))

    def part(self, rows: slice) -> Draws:
        """Return the draws of some of the images."""
        columns = (getattr(self, field.name) for field in fields(self))
        return Draws(*(None if column is None else column[..., rows] for column in columns))


def augment(images: Tensor, settings: Augmentation, *, generator: torch.Generator) -> Tensor:
    """Crop, flip and cut out at random.

    Args:
        images: normalised images, shape (n, channels, size, size); 0 is the mean.
        settings: which changes.
        generator: source of randomness, on the CPU.

    Returns:
        images of the same shape.
    """
    return changed(images, settings, Draws.of(len(images), images.shape[-1], settings, generator=generator))


def changed(images: Tensor, settings: Augmentation, draws: Draws) -> Tensor:
    """Crop, flip and cut out as was drawn for each of the images (n, channels, size, size)."""
    size, device = images.shape[-1], images.device
    if draws.shift is not None:
        images = _crop(images, settings.crop, draws.shift.to(device))
    if draws.flipped is not None:
        images = torch.where(draws.flipped.to(device)[:, None, None, None], images.flip(3), images)
    if draws.centre is not None:
        near = (torch.arange(size) - draws.centre[..., None] + settings.cutout // 2).to(device)
        inside = (near >= 0) & (near < settings.cutout)
        images = images.masked_fill((inside[0][:, :, None] & inside[1][:, None, :])[:, None], 0.0)
    return images.contiguous(memory_format=torch.channels_last)


def _crop(images: Tensor, padding: int, shift: Tensor) -> Tensor:
    """Shift each image by up to `padding` pixels both ways: a window into the padded image."""
    size = images.shape[-1]
    windows = F.pad(images, (padding,) * 4).unfold(2, size, 1).unfold(3, size, 1)
    row, column = shift
    return windows[torch.arange(len(images), device=images.device), :, row, column]
