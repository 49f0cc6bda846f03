"""A stand-alone network: an architecture in a template, built of plain torch layers.

Stem, stages of residual blocks, global average pooling, classifier (paper, supplementary material).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from netspace.errors import NetspaceError
from netspace.spaces import Architecture, NetworkTemplate


class ConvNorm(nn.Module):
    """A convolution without bias and the BatchNorm behind it; `same` padding at stride 1.

    A 1×1 kernel with a stride reads every stride-th pixel alone, so these are taken first and convolved at stride 1.
    The arithmetic is the same, and torch's own strided 1×1 kernel crashes in its backward pass on CPUs (channels
    last, at 48 and 64 pixels among others).
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1, running: bool = True) -> None:
        super().__init__()
        self.stride, self.thinning = stride, stride if kernel == 1 else 1
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride // self.thinning, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(outputs, track_running_stats=running)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, ⌈h/stride⌉, ⌈w/stride⌉)."""
        out: Tensor = self.norm(self.conv(self.thinned(x)))
        return out

    def thinned(self, x: Tensor) -> Tensor:
        """Return the pixels of (n, inputs, h, w) that the kernel reads.

        By pooling over single pixels: three times as fast, forward and backward, as a slice with a step.
        """
        return x if self.thinning == 1 else F.avg_pool2d(x, 1, self.thinning)


class BasicBlock(nn.Module):
    """Two 3×3 convolutions and a residual connection, projected by a 1×1 convolution where the shape changes."""

    def __init__(
        self, inputs: int, outputs: int, *, stride: int = 1, project: bool = False, running: bool = True
    ) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, 3, stride, running)
        self.second = ConvNorm(outputs, outputs, 3, 1, running)
        projected = project or stride != 1 or inputs != outputs
        self.shortcut = ConvNorm(inputs, outputs, 1, stride, running) if projected else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, inputs, h, w) to (n, outputs, ⌈h/stride⌉, ⌈w/stride⌉)."""
        residual = self.second(torch.relu(self.first(x)))
        return torch.relu(residual + (x if self.shortcut is None else self.shortcut(x)))


class Network(nn.Module):
    """An Architecture in a NetworkTemplate, with weights of its own.

    Args:
        architecture: depth and width per stage.
        template: all that is not searched.
        project: build a projection in each stage's first block even where the shape does not change.
        running: keep running averages in BatchNorm (else batch statistics are used in training and evaluation).

    Raises:
        NetspaceError: where the numbers of stages differ.
    """

    def __init__(
        self, architecture: Architecture, template: NetworkTemplate, *, project: bool = False, running: bool = True
    ) -> None:
        super().__init__()
        if len(architecture.stages) != len(template.strides):
            raise NetspaceError(
                f"{architecture} has {len(architecture.stages)} stages, but the template {len(template.strides)}"
            )
        self.architecture, self.template = architecture, template
        self.stem = ConvNorm(template.channels, template.stem_width, 3, 1, running)
        self.stages = nn.ModuleList()
        inputs = template.stem_width
        for stage, stride in zip(architecture.stages, template.strides, strict=True):
            blocks = [BasicBlock(inputs, stage.width, stride=stride, project=project, running=running)]
            blocks += [BasicBlock(stage.width, stage.width, running=running) for _ in range(stage.depth - 1)]
            self.stages.append(nn.Sequential(*blocks))
            inputs = stage.width
        self.classifier = nn.Linear(inputs, template.classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images (n, channels, image_size, image_size) to logits (n, classes)."""
        x = torch.relu(self.stem(x))
        for stage in self.stages:
            x = stage(x)
        logits: Tensor = self.classifier(x.mean((2, 3)))
        return logits


def initialise(network: nn.Module, *, generator: torch.Generator) -> None:
    """Set initial weights from a seeded generator.

    Convolutions: He's normal initialisation, fan out (He et al. 2015, arXiv 1502.01852). Classifiers: N(0, 0.01).
    The last BatchNorm of each block: scale 0, so that a block starts as its shortcut (Goyal et al. 2017, arXiv
    1706.02677); shared weights need it, since one step trains a network of one block and the next one of sixteen.
    """
    for module in network.modules():
        if isinstance(module, BasicBlock):
            nn.init.zeros_(module.second.norm.weight)
        if isinstance(module, nn.Conv2d):
            fan_out = module.out_channels * module.kernel_size[0] * module.kernel_size[1]
            nn.init.normal_(module.weight, 0.0, (2.0 / fan_out) ** 0.5, generator=generator)
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, 0.0, 0.01, generator=generator)
            nn.init.zeros_(module.bias)
