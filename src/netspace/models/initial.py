"""Initial weights: drawn for a network alone, or nested, so that a narrower network's are a part of a wider one's."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netspace.models.network import ConvNorm, PlannedBlock

Draw = Callable[[str, Tensor], Tensor]  # name and weight of a layer → normal numbers of the weight's shape
SMALLEST = 8


def initialise(network: nn.Module, *, generator: torch.Generator) -> None:
    """Set initial weights from a seeded generator.

    Convolutions: He's normal initialisation, fan out (He et al. 2015, arXiv 1502.01852). Fully connected layers: N(0,
    0.01). The last BatchNorm of each block that has a shortcut: scale 0, so that a block starts as its shortcut (Goyal
    et al. 2017, arXiv 1706.02677); shared weights need it, since one step trains a network of one block and the next
    one of sixteen.
    """
    _initialise(network, lambda name, weight: torch.randn(weight.shape, generator=generator))


def initialise_nested(network: nn.Module, *, seed: int) -> None:
    """Set initial weights as `initialise` does, but the same for the channels and blocks that networks share.

    Two networks of one seed then differ by their shapes alone: with the same batches their errors move together, and
    the difference of the errors says more of the shapes (common random numbers).
    """
    _initialise(network, lambda name, weight: torch.from_numpy(nested_normal(tuple(weight.shape), name, seed)))


def nested_normal(shape: tuple[int, ...], name: str, seed: int) -> NDArray[np.float32]:
    """Return standard normal numbers; those of a smaller shape are a corner of those of a larger one.

    Drawn as shells: the first is of 8 rows and columns, each further one twice as large and around those before.

    Args:
        shape: (rows, columns, …), such as (outputs, inputs, kernel, kernel); what follows the columns is the same for
            all.
        name: of the layer.
        seed: of the numbers.
    """
    side, found = SMALLEST, np.empty((0, 0, *shape[2:]), np.float32)
    while True:
        rng = np.random.default_rng([seed, zlib.crc32(name.encode()), side])
        shell = rng.standard_normal((side, side, *shape[2:]), np.float32)
        shell[: len(found), : len(found)] = found
        found = shell
        if side >= max(shape[:2]):
            return found[: shape[0], : shape[1]]
        side *= 2


@torch.no_grad()
def _initialise(network: nn.Module, draw: Draw) -> None:
    for name, module in network.named_modules():
        if isinstance(module, PlannedBlock) and module.adds:
            last = getattr(module, module.plan.residual[-1].name)
            if isinstance(last, ConvNorm):
                nn.init.zeros_(last.norm.weight)
        if isinstance(module, nn.Conv2d):
            fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1]
            module.weight.copy_(draw(name, module.weight) * (2.0 / fan_out) ** 0.5)
        elif isinstance(module, nn.Linear):
            module.weight.copy_(draw(name, module.weight) * 0.01)
            nn.init.zeros_(module.bias)
