"""What a training step takes of a GPU's memory at the least, told before a run instead of by an error in its middle."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from netspace.cost import cost
from netspace.errors import NetspaceError
from netspace.models.network import Network
from netspace.settings import FP32, Precision
from netspace.spaces import Architecture, NetworkTemplate

BYTES = 4  # of a weight, of its gradient, of its momentum
HALF = 0.5  # of what is kept for the backward pass in bf16; 0.50 to 0.54 was measured
SLACK = 1.6  # what was reserved on a GPU over what is counted here: 1.2 to 1.7 (benchmarks/README.md)
FEW = 2  # images


def step_bytes(
    architecture: Architecture, template: NetworkTemplate, batch: int, *, precision: Precision = FP32, shared: int = 0
) -> int:
    """Return the bytes that a step holds at least, without workspace and what the allocator keeps beside it.

    These are weights, gradients and momentum, and what the forward pass keeps for the backward pass. Nothing is
    computed: the network is laid out on torch's `meta` device.

    Args:
        architecture: of the network.
        template: of it.
        batch: images of a step.
        precision: of the arithmetic.
        shared: weights of a super network that the network is a part of; 0 where it is trained alone.
    """
    with torch.device("meta"):
        network = Network(architecture, template).train()
    own = sum(weight.numel() for weight in network.parameters())
    kept = _kept(network, template, FEW) / FEW * (1 if precision == FP32 else HALF)
    weights = BYTES * (2 * max(shared, own) + own)
    return int(weights + batch * kept)


def _kept(network: Network, template: NetworkTemplate, batch: int) -> int:
    """Return the bytes that a forward pass in fp32 keeps for the backward pass, weights not counted."""
    weights = {tensor.untyped_storage()._cdata for tensor in (*network.parameters(), *network.buffers())}
    found: dict[int, Tensor] = {}

    def keep(tensor: Tensor) -> Tensor:
        found.setdefault(tensor.untyped_storage()._cdata, tensor)  # held, so that its number is not given twice
        return tensor

    size = (batch, template.channels, template.image_size, template.image_size)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = network(torch.empty(size, device="meta"))
        F.cross_entropy(logits, torch.zeros(batch, dtype=torch.long, device="meta"))
    return sum(one.untyped_storage().nbytes() for number, one in found.items() if number not in weights)


def check_fits(
    architectures: Iterable[Architecture],
    template: NetworkTemplate,
    batch: int,
    *,
    jobs: int = 1,
    free: int | None = None,
    **how: Any,
) -> None:
    """Raise NetspaceError where steps of networks cannot be on the GPU at a time; says what can.

    What is refused does not fit; what is not may still run out of memory, by a workspace or a broken-up memory.

    Args:
        architectures: of the networks, one or more.
        template: of all of them.
        batch: images of a step.
        jobs: networks that are trained at a time; the largest may meet.
        free: bytes of the GPU; None asks it.
        how: further arguments of `step_bytes`.
    """
    room = torch.cuda.mem_get_info()[0] if free is None else free

    def about(one: Architecture) -> int:
        amounts = cost(one, template)
        return amounts.params + batch * amounts.activations

    dearest = sorted(set(architectures), key=about)[-jobs:]
    *_, largest = needed = sorted(step_bytes(one, template, batch, **how) for one in dearest)
    told = f"a step of {dearest[-1]} with {batch} images takes {largest / 1e9:.1f} GB or more, and the GPU has "
    told += f"{room / 1e9:.1f} GB free"
    if largest > room:
        without = step_bytes(dearest[-1], template, 0, **how)
        fit = int((room / SLACK - without) / (largest - without) * batch)
        few = "not even a small batch fits; give a smaller budget"
        instead = f"give a batch_size of {fit} or less" if fit >= FEW else few
        raise NetspaceError(f"{told}; {instead}, or another device")
    if sum(needed) > room:
        fit = max(int(room / (SLACK * largest)), 1)
        raise NetspaceError(f"{told}, which is too little for {jobs} at a time; give --jobs {fit}")
