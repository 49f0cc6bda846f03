"""Exact costs of architectures in a template, one or a million at a time.

Every cost is a chain: what a stage costs depends on its own depth and width and on the width before it.
FLOPs are multiply-adds of the convolutions and the classifier (RegNet's convention, Radosavovic et al. 2020);
activations are the outputs of the convolutions and the classifier (same source).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from netspace.spaces import Architecture, NetworkTemplate
from netspace.spaces.ranges import IntArray

CostKind = Literal["flops", "params", "activations"]
COST_KINDS: tuple[CostKind, ...] = get_args(CostKind)


class Cost(NamedTuple):
    """FLOPs (multiply-adds), parameters and activations of one network, exact."""

    flops: int
    params: int
    activations: int


def _conv(kind: CostKind, kernel: int, inputs: Any, outputs: Any, size: int) -> Any:
    """Cost of a convolution without bias and the BatchNorm behind it; `size` is the output's height."""
    if kind == "flops":
        return kernel * kernel * inputs * outputs * size * size
    if kind == "params":
        return kernel * kernel * inputs * outputs + 2 * outputs
    return outputs * size * size


def _linear(kind: CostKind, inputs: Any, outputs: int) -> Any:
    """Cost of a fully connected layer with bias."""
    if kind == "flops":
        return inputs * outputs
    return inputs * outputs + outputs if kind == "params" else inputs * 0 + outputs


@dataclass(frozen=True)
class CostModel:
    """One kind of cost in one template.

    cost(d, w) = stem + Σ_i [first(i, w_{i−1}, w_i) + (d_i − 1)·rest(i, w_i)] + head(w_S)

    Args:
        template: all of the network that is not searched.
        kind: `flops`, `params` or `activations`.
    """

    template: NetworkTemplate
    kind: CostKind = "flops"

    @property
    def stem(self) -> int:
        """Cost of the stem."""
        t = self.template
        return int(_conv(self.kind, 3, t.channels, t.stem_width, t.image_size))

    def first(self, stage: int, inputs: Any, width: Any) -> Any:
        """Cost of the first block of a stage, from the width before it; arrays broadcast."""
        size, stride = self.template.resolutions[stage], self.template.strides[stage]
        convs = _conv(self.kind, 3, inputs, width, size) + _conv(self.kind, 3, width, width, size)
        projected = (np.asarray(inputs) != width) | (stride != 1)
        return convs + projected * _conv(self.kind, 1, inputs, width, size)

    def rest(self, stage: int, width: Any) -> Any:
        """Cost of each further block of a stage."""
        return 2 * _conv(self.kind, 3, width, width, self.template.resolutions[stage])

    def head(self, width: Any) -> Any:
        """Cost of the classifier behind the last stage."""
        return _linear(self.kind, width, self.template.classes)

    def __call__(self, depths: IntArray, widths: IntArray) -> IntArray:
        """Price architectures.

        Args:
            depths: blocks per stage, shape (n, stages).
            widths: channels per stage, shape (n, stages).

        Returns:
            exact costs, shape (n,), int64.
        """
        depths, widths = np.asarray(depths, np.int64), np.asarray(widths, np.int64)
        total = self.head(widths[:, -1]) + self.stem
        inputs: Any = np.int64(self.template.stem_width)
        for stage in range(len(self.template.strides)):
            width = widths[:, stage]
            total += self.first(stage, inputs, width) + (depths[:, stage] - 1) * self.rest(stage, width)
            inputs = width
        return total


def cost(architecture: Architecture, template: NetworkTemplate) -> Cost:
    """Return the exact costs of one architecture.

    Raises:
        ValueError: where its number of stages is not the template's.
    """
    if len(architecture.stages) != len(template.strides):
        raise ValueError(f"{architecture} has {len(architecture.stages)} stages, the template {len(template.strides)}")
    depths, widths = np.array([architecture.depths]), np.array([architecture.widths])
    return Cost(*(int(CostModel(template, kind)(depths, widths)[0]) for kind in COST_KINDS))
