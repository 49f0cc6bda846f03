"""Which channels and blocks of a super network are in use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from netspace.spaces import Architecture, NetworkSpace

Channels = int | Tensor


@dataclass(frozen=True)
class SubNetwork:
    """The channels and blocks in use, per stage.

    Args:
        channels: per stage the first w channels (an int), or sorted channel indices, shape (k,), int64.
        blocks: per stage the indices of the blocks that run, rising, the first always 0.
    """

    channels: tuple[Channels, ...]
    blocks: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, architecture: Architecture) -> SubNetwork:
        """Return the first w channels and the first d blocks of each stage."""
        return cls(architecture.widths, tuple(tuple(range(depth)) for depth in architecture.depths))


@dataclass(frozen=True)
class Mixture:
    """A weighted mixture of widths and of depths per stage, through which gradients reach the weights.

    Args:
        widths: per stage the widths that are mixed, shape (k,), int64.
        width_weights: per stage their weights, shape (k,).
        depths: per stage the depths that are mixed, shape (k,), int64.
        depth_weights: per stage their weights, shape (k,).
    """

    widths: tuple[Tensor, ...]
    width_weights: tuple[Tensor, ...]
    depths: tuple[Tensor, ...]
    depth_weights: tuple[Tensor, ...]


def warm_up(
    architecture: Architecture,
    space: NetworkSpace,
    *,
    filters: float,
    blocks: float,
    rng: np.random.Generator,
) -> SubNetwork:
    """Switch on, at random, channels beyond the drawn widths and blocks beyond the drawn depths.

    Filter warm-up and block warm-up (Hong et al. 2021, arXiv 2104.11014): one set of channels per stage, since the
    residual connections of a stage's blocks share it.

    Args:
        architecture: what was drawn.
        space: the full space, whose largest widths and depths bound what is switched on.
        filters: probability of each further channel, 0..1.
        blocks: probability of each further block, 0..1.
        rng: source of randomness.
    """
    channels: list[Channels] = []
    in_use = []
    for stage, limits in zip(architecture.stages, space.stages, strict=True):
        further = stage.width + np.flatnonzero(rng.random(limits.width.high - stage.width) < filters)
        chosen = np.concatenate([np.arange(stage.width), further])
        channels.append(torch.from_numpy(chosen) if len(further) else stage.width)
        past = stage.depth + np.flatnonzero(rng.random(limits.depth.high - stage.depth) < blocks)
        in_use.append((*range(stage.depth), *past.tolist()))
    return SubNetwork(tuple(channels), tuple(in_use))
