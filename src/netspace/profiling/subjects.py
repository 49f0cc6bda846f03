"""What is measured: one block alone, or a whole network; each knows its work, its module and how a table says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from netspace.blocks import IN, BlockPlan
from netspace.cost.work import CALL, Work, added, block_work, network_work
from netspace.models import Network
from netspace.models.network import PlannedBlock
from netspace.spaces import Architecture, NetworkTemplate
from netspace.spaces.template import halved

FIRST, FURTHER = "first", "further"


@dataclass(frozen=True)
class BlockSubject:
    """A block in its place in a network.

    Args:
        template: of the network, for its image size.
        stage: index of its stage.
        inputs: channels before it.
        values: `width` and each further knob.
        first: whether it is the first of its stage, which has the stride.
    """

    template: NetworkTemplate
    stage: int
    inputs: int
    values: Mapping[str, int]
    first: bool

    @property
    def plan(self) -> BlockPlan:
        """The block's plan, all amounts numbers."""
        stride = self.template.strides[self.stage] if self.first else 1
        return self.template.checked_plan(self.stage, self.inputs, self.values, stride).largest()

    @property
    def sizes(self) -> tuple[int, int]:
        """Height of its input and of its output, pixels."""
        template = self.template
        entered = halved(halved(template.image_size, template.stem.stride), template.stem.pool)
        sizes = (entered, *template.resolutions)
        return sizes[self.stage if self.first else self.stage + 1], sizes[self.stage + 1]

    @property
    def work(self) -> Work:
        """What it has a device do when it is called alone."""
        return added([CALL, block_work(self.plan, *self.sizes)])

    @property
    def told(self) -> dict[str, Any]:
        """The block as a table says it."""
        place = {"stage": self.stage + 1, "block": FIRST if self.first else FURTHER, "inputs": self.inputs}
        return {**place, **self.values, "image_size": self.template.image_size}

    def module(self, batch: int) -> tuple[nn.Module, Tensor]:
        """Return it in evaluation mode, and an input of its shape."""
        plan, size = self.plan, self.sizes[0]
        return PlannedBlock(plan).eval(), torch.randn(batch, plan.channels[IN], size, size)


@dataclass(frozen=True)
class NetworkSubject:
    """A whole network.

    Args:
        template: all of it that is not searched.
        architecture: the rest.
    """

    template: NetworkTemplate
    architecture: Architecture

    @property
    def work(self) -> Work:
        """What it has a device do when it is called."""
        return network_work(self.architecture, self.template)

    @property
    def told(self) -> dict[str, Any]:
        """The network as a table says it."""
        own = self.template.complete(self.architecture)
        knobs = {name: list(values) for name, values in own.knobs.items()}
        size = own.image_size or self.template.image_size
        return {"depth": list(own.depths), "width": list(own.widths), **knobs, "image_size": size}

    def module(self, batch: int) -> tuple[nn.Module, Tensor]:
        """Return it in evaluation mode, and an input of its shape."""
        template = self.template.at(self.architecture.image_size)
        network = Network(Architecture(self.architecture.stages), template).eval()
        return network, torch.randn(batch, template.channels, template.image_size, template.image_size)


Subject = BlockSubject | NetworkSubject
