"""A stand-alone network: an architecture in a template, built of plain torch layers as its blocks' plans say.

Stem, stages of residual blocks, global average pooling, classifier (paper, supplementary material).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspace.blocks import BlockPlan, Layer, Squeeze
from netspace.spaces import Architecture, NetworkTemplate

ACTIVATE: dict[str, Callable[[Tensor], Tensor]] = {
    "": lambda x: x,
    "relu": torch.relu,
    "relu6": F.relu6,
    "silu": F.silu,
    "hardswish": F.hardswish,
}


class ConvNorm(nn.Module):
    """A convolution without bias and the BatchNorm behind it; `same` padding at stride 1.

    A 1×1 kernel with a stride reads every stride-th pixel alone, so these are taken first and convolved at stride 1.
    The arithmetic is the same, and torch's own strided 1×1 kernel crashes in its backward pass on CPUs (channels
    last, at 48 and 64 pixels among others).
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, stride: int = 1, running: bool = True, groups: int = 1
    ) -> None:
        super().__init__()
        self.stride, self.thinning = stride, stride if kernel == 1 else 1
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride // self.thinning, kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, track_running_stats=running)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, ⌈h/stride⌉, ⌈w/stride⌉)."""
        out: Tensor = self.norm(self.conv(thinned(x, self.thinning)))
        return out


def thinned(x: Tensor, stride: int) -> Tensor:
    """Return every stride-th pixel of (n, channels, h, w): what a 1×1 kernel with that stride reads.

    By pooling over single pixels: three times as fast, forward and backward, as a slice with a step.
    """
    return x if stride == 1 else F.avg_pool2d(x, 1, stride)


def convolve(x: Tensor, weight: Tensor, stride: int, groups: int = 1) -> Tensor:
    """Convolve (n, channels, h, w) with a given kernel, as the convolution of a ConvNorm does."""
    kernel = weight.shape[-1]
    thinning = stride if kernel == 1 else 1
    return F.conv2d(thinned(x, thinning), weight, None, stride // thinning, kernel // 2, groups=groups)


class SqueezeExcite(nn.Module):
    """Channels weighed by what their means say; see `netspace.blocks.Squeeze`."""

    def __init__(self, channels: int, squeezed: int, activation: str) -> None:
        super().__init__()
        self.narrow, self.widen = nn.Linear(channels, squeezed), nn.Linear(squeezed, channels)
        self._activation = activation

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, channels, h, w) to the same shape."""
        weights = torch.sigmoid(self.widen(ACTIVATE[self._activation](self.narrow(x.mean((2, 3))))))
        return x * weights[:, :, None, None]


class PlannedBlock(nn.Module):
    """One block, its layers named as in its plan.

    Args:
        plan: its amounts are numbers.
        shared: build super kernels: convolutions without groups, of which grouped ones are slices.
        project: build a projection even where the shape does not change.
        running: keep running averages in BatchNorm.

    `adds` says whether something is added to the residual.
    """

    def __init__(self, plan: BlockPlan, *, shared: bool = False, project: bool = False, running: bool = True) -> None:
        super().__init__()
        self.plan = plan
        same = plan.stride == 1 and plan.channels["in"] == plan.channels["out"]
        # Of a shared first block that is never projected, some architectures have a shortcut and others none.
        self.adds = plan.shortcut == "project" or bool(same and not project)
        for layer in plan.residual:
            self.add_module(layer.name, self._layer(layer, shared, running))
        self.shortcut: ConvNorm | None = None
        if plan.projected or (project and plan.shortcut == "project"):
            self.shortcut = ConvNorm(plan.channels["in"], plan.channels["out"], 1, plan.stride, running)

    def _layer(self, layer: Layer, shared: bool, running: bool) -> nn.Module:
        channels = self.plan.channels
        if isinstance(layer, Squeeze):
            return SqueezeExcite(channels[layer.channels], channels[layer.squeezed], layer.activation)
        inputs, outputs = channels[layer.inputs], channels[layer.outputs]
        reads = self.plan.reads(layer)
        groups = 1 if shared else inputs // reads
        return ConvNorm(reads if shared else inputs, outputs, layer.kernel, layer.stride, running, groups)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, ⌈h/stride⌉, ⌈w/stride⌉)."""
        y = x
        for layer in self.plan.residual:
            y = getattr(self, layer.name)(y)
            if not isinstance(layer, Squeeze):
                y = ACTIVATE[layer.activation](y)
        if self.adds:
            y = y + (x if self.shortcut is None else self.shortcut(x))
        return ACTIVATE[self.plan.activation](y)


class Body(nn.Module):
    """Stem, stages, head and classifier: what a stand-alone network and shared weights have in common.

    Args:
        template: all that is not searched.
        plans: of each block of each stage, amounts being numbers.
        shared: build super kernels, and a projection in each stage's first block.
        running: keep running averages in BatchNorm (else batch statistics are used in training and evaluation).
    """

    def __init__(
        self, template: NetworkTemplate, plans: list[list[BlockPlan]], *, shared: bool = False, running: bool = True
    ) -> None:
        super().__init__()
        self.template = template
        stem = template.stem
        self.stem = ConvNorm(template.channels, template.stem_width, stem.kernel, stem.stride, running)
        self.pool = None if stem.pool == 1 else nn.MaxPool2d(3, stem.pool, 1)
        self.stages = nn.ModuleList()
        for stage in plans:
            blocks = [
                PlannedBlock(plan, shared=shared, project=shared and j == 0, running=running)
                for j, plan in enumerate(stage)
            ]
            self.stages.append(nn.Sequential(*blocks))
        inputs = plans[-1][-1].channels["out"]
        self.head = ConvNorm(inputs, template.head_width, 1, 1, running) if template.head_width else None
        self.classifier = nn.Linear(template.head_width or inputs, template.classes)

    def begin(self, x: Tensor) -> Tensor:
        """Run the stem."""
        x = ACTIVATE[self.template.activation](self.stem(x))
        return x if self.pool is None else self.pool(x)

    def end(self, x: Tensor) -> Tensor:
        """Run head and classifier."""
        if self.head is not None:
            x = ACTIVATE[self.template.activation](self.head(x))
        logits: Tensor = self.classifier(x.mean((2, 3)))
        return logits


class Network(Body):
    """An Architecture in a NetworkTemplate, with weights of its own.

    Args:
        architecture: depth, width and further knobs per stage.
        template: all that is not searched.
        running: keep running averages in BatchNorm (else batch statistics are used in training and evaluation).

    Raises:
        NetspaceError: where the architecture does not fit the template.
    """

    def __init__(self, architecture: Architecture, template: NetworkTemplate, *, running: bool = True) -> None:
        super().__init__(template, template.plans(architecture), running=running)
        self.architecture = architecture

    def forward(self, x: Tensor) -> Tensor:
        """Map images (n, channels, image_size, image_size) to logits (n, classes)."""
        x = self.begin(x)
        for stage in self.stages:
            x = stage(x)
        return self.end(x)
