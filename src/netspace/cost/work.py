"""What the parts of a network have a device do: amounts of work by kind of layer, of which latency is a sum."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from netspace.blocks import OUT, BlockPlan, Conv, Squeeze
from netspace.spaces import Architecture, NetworkTemplate
from netspace.spaces.template import halved

Amount = Any  # a whole number or an integer array
Work = Mapping[str, Amount]
LANES = (8, 16)  # channels that the vector units of common processors take at once in single precision
CALL = {"call": 1}  # what every call of a runtime takes beside its layers, once for a network and for a block alone
# A runtime may fill up both channels of a convolution to its lanes, or those that come out alone, as ONNX Runtime does
# where less come in than it has lanes.
_CONV = ("flops", *(f"{of}{lanes}" for of in ("flops", "outs") for lanes in LANES), "weights", "maps", "layers")
_DENSE, _POINTWISE, _GROUPED = "dense", "pointwise", "grouped"
NAMES = (
    *("call", "block", "sum"),
    *(f"{kind}.{amount}" for kind in (_DENSE, _POINTWISE, _GROUPED) for amount in _CONV),
    *("squeeze.flops", "squeeze.maps", "squeeze.layers"),
    *("stem.flops", "stem.maps", "stem.layers", "head.flops", "head.maps", "head.layers"),
)


def stem_work(template: NetworkTemplate, size: Amount) -> Work:
    """Return the work of the stem, and of the call, on images of height `size`."""
    stem, out = template.stem, halved(size, template.stem.stride)
    maps = template.channels * size**2 + template.stem_width * out**2
    maps = maps if stem.pool == 1 else maps + template.stem_width * halved(out, stem.pool) ** 2
    flops = stem.kernel**2 * template.channels * template.stem_width * out**2
    return {**CALL, "stem.flops": flops, "stem.maps": maps, "stem.layers": 1}


def block_work(plan: BlockPlan, before: Amount, behind: Amount) -> Work:
    """Return the work of a block; see `PartCost.block`."""
    size = before
    parts: list[Work] = [{"block": 1, "sum": plan.adds * plan.channels[OUT] * behind**2}]
    for layer in plan.residual:
        outputs = plan.channels[layer.outputs]
        if isinstance(layer, Squeeze):
            flops = 2 * outputs * plan.channels[layer.squeezed]
            parts.append({"squeeze.flops": flops, "squeeze.maps": outputs * size**2, "squeeze.layers": 1})
            continue
        out = behind if layer.stride != 1 else size
        parts += _conv(layer, plan, size, out)
        size = out
    if plan.shortcut == "project":
        parts += [_times(plan.projected, part) for part in _conv(plan.projection, plan, before, behind)]
    return added(parts)


def head_work(template: NetworkTemplate, width: Amount, size: Amount) -> Work:
    """Return the work of what comes behind the last stage; see `PartCost.head`."""
    pooled, flops, layers = width, 0, 1
    if template.head_width:
        pooled, flops, layers = template.head_width, width * template.head_width * size**2, 2
    maps = (width + pooled) * size**2
    return {"head.flops": flops + pooled * template.classes, "head.maps": maps, "head.layers": layers}


def network_work(architecture: Architecture, template: NetworkTemplate) -> Work:
    """Return the work of a whole network, called once.

    Raises:
        NetspaceError: where it does not fit the template.
    """
    own = template.at(architecture.image_size)
    plans = own.plans(architecture)
    before = halved(halved(own.image_size, own.stem.stride), own.stem.pool)
    parts: list[Work] = [stem_work(own, own.image_size)]
    for stage, behind in zip(plans, own.resolutions, strict=True):
        for plan in stage:
            parts.append(block_work(plan, before, behind))
            before = behind
    return added([*parts, head_work(own, plans[-1][-1].channels[OUT], before)])


def added(parts: Iterable[Work]) -> Work:
    """Return the sum of works, name by name."""
    total: dict[str, Amount] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total[name] + amount if name in total else amount
    return total


def _conv(layer: Conv, plan: BlockPlan, before: Amount, behind: Amount) -> list[Work]:
    """Return a convolution's work as that of its kind; where an array of kernels holds both kinds, of each."""
    reads, inputs, outputs = plan.reads(layer), plan.channels[layer.inputs], plan.channels[layer.outputs]
    kernel = layer.kernel
    weights = kernel * kernel * reads * outputs
    filled = [kernel * kernel * _filled(reads, n) * _filled(outputs, n) * behind**2 for n in LANES]
    filled += [kernel * kernel * reads * _filled(outputs, n) * behind**2 for n in LANES]
    amounts = (weights * behind**2, *filled, weights, inputs * before**2 + outputs * behind**2, 1)
    work = dict(zip(_CONV, amounts, strict=True))
    if layer.group_width is not None:
        return [_of(_GROUPED, work)]
    narrow = np.equal(kernel, 1)
    return [_times(narrow * 1, _of(_POINTWISE, work)), _times(1 - narrow * 1, _of(_DENSE, work))]


def _filled(channels: Amount, lanes: int) -> Amount:
    return -(-channels // lanes) * lanes


def _of(kind: str, work: Work) -> Work:
    return {f"{kind}.{name}": amount for name, amount in work.items()}


def _times(times: Amount, work: Work) -> Work:
    return {name: times * amount for name, amount in work.items()}
