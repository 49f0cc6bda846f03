"""The sizes of a plan: whether layers can have them."""

from __future__ import annotations

import numpy as np

from netspace.blocks.plan import IN, Amount, BlockPlan, Conv
from netspace.errors import NetspaceError


def check_sizes(plan: BlockPlan, where: str) -> None:
    """Raise NetspaceError where a size is none that a layer can have.

    Args:
        plan: of one block or of many.
        where: what the message begins with, such as the kind of block and the stage.
    """
    if np.asarray(plan.channels[IN]).dtype.kind == "f":
        return  # a bound of costs, worked out in floating point
    for name, amount in plan.channels.items():
        _check_whole(f"{where}: channels '{name}'", amount)
    for layer in plan.residual:
        if isinstance(layer, Conv):
            _check_conv(f"{where}, layer '{layer.name}'", layer, plan.channels[layer.outputs])


def _check_whole(where: str, amount: Amount) -> None:
    values = np.asarray(amount)
    if not values.size:
        return
    if values.dtype.kind not in "iu":
        raise NetspaceError(f"{where}: {values.flat[0]} is no whole number; round it, as np.rint(…).astype(np.int64)")
    if values.min() < 1:
        raise NetspaceError(f"{where}: {values.min()} is too few; nearest is 1, as np.maximum(…, 1)")


def _check_conv(where: str, conv: Conv, channels: Amount) -> None:
    _check_whole(f"{where}: kernel", conv.kernel)
    kernels = np.asarray(conv.kernel)
    even = kernels[kernels % 2 == 0]
    if even.size:
        raise NetspaceError(
            f"{where}: kernel {even.flat[0]} is even; nearest is {even.flat[0] + 1}, as Knob(…, odd=True)"
        )
    if conv.group_width is None:
        return
    _check_whole(f"{where}: group width", conv.group_width)
    if not np.any(np.remainder(channels, conv.group_width)):
        return
    n, group = (one.ravel() for one in np.broadcast_arrays(channels, conv.group_width))
    first = int(np.flatnonzero(n % group)[0])
    nearest = max(round(int(n[first]) / int(group[first])), 1) * int(group[first])
    raise NetspaceError(
        f"{where}: {n[first]} channels of '{conv.outputs}' make no whole groups of {group[first]}; nearest is {nearest}"
    )
