"""Why no member of a space satisfies what is asked, and what the nearest is that one does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from netspace.cost.amounts import exact_amount, format_amount
from netspace.cost.constraint import common
from netspace.cost.joint import BLOCK, MOST_LOOKS, Condition, JointBand
from netspace.cost.layers import IN_BYTES, LATENCY
from netspace.cost.model import CostModel
from netspace.cost.spaces import SpaceCosts
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace, NetworkTemplate
from netspace.spaces.ranges import WIDEST, IntArray

LOOKED = 2**14  # members of a band that cannot be listed, whose costs are looked at


class Bound(NamedTuple):
    """One of several things that are asked of a network.

    Args:
        name: as messages call it.
        kind: of cost.
        low: smallest cost that meets it.
        high: largest.
        wanted: the amount that it names.
    """

    name: str
    kind: str
    low: int
    high: int
    wanted: int


def infeasible_alone(costs: SpaceCosts, budget: str, target: int, tolerance: float) -> str:
    """Say why no member of a space lies within a budget without constraints."""
    kind = costs.model.kind
    low, high = costs.bounds
    before, behind = ("", " flops") if kind == "flops" else (f"{kind}=", "")
    unit = " ns" if kind == LATENCY else ""
    nearest = f"{before}{costs.nearest(target)}{unit.strip()}"
    text = (
        f"budget {budget} ±{tolerance:.0%}{behind} is infeasible: {costs.space} costs "
        f"{format_amount(low, kind)} to {format_amount(high, kind)} (exactly {low:,} to {high:,}{unit}); "
        f"the nearest feasible budget is {nearest}"
    )
    if low <= target <= high:
        return f"{text}; no member lies in the band, so allow a larger tolerance or a smaller step"
    return f"{text}; what binds is the {_binding_knob(costs, -1 if target < low else 1)}"


def infeasible_together(
    space: NetworkSpace, template: NetworkTemplate, bounds: Sequence[Bound], *, counted: bool
) -> str:
    """Say which of several bounds binds, and the nearest value of each at which the others leave a member.

    Args:
        space: whose members.
        template: of its networks.
        bounds: the budget's band, and constraints.
        counted: whether all members were looked at, instead of draws.
    """
    alone = [(b, SpaceCosts(CostModel(template, b.kind), space)) for b in bounds]
    impossible = [(b, costs) for b, costs in alone if not costs.band(b.low, b.high).size]
    if impossible:
        told = [f"{b.name} by itself: the nearest is {_amount(b, costs.nearest(b.wanted))}" for b, costs in impossible]
        return f"no member of {space} meets {'; nor '.join(told)}"
    names = ", ".join(bound.name for bound in bounds)
    found = [(bound, _nearest(space, template, bound, [b for b in bounds if b is not bound])) for bound in bounds]
    told = [f"{bound.name} to {_amount(bound, nearest)}" for bound, nearest in found if nearest is not None]
    none = f"no member of {space}" if counted else f"none of {MOST_LOOKS * BLOCK:,} members drawn from {space}"
    text = f"{none} satisfies all of {names}"
    if not told:
        return f"{text}; no single one of them is to blame, so loosen two or more"
    binds = " or ".join(bound.name for bound, nearest in found if nearest is not None)
    drawn = "" if counted else " among those that were looked at"
    return (
        f"{text}. What binds is {binds}; with the others as they are, the nearest that is feasible{drawn}: "
        f"{'; '.join(told)}"
    )


def _amount(bound: Bound, amount: int) -> str:
    if bound.kind == LATENCY:
        return exact_amount(amount, bound.kind)
    return f"{amount:,} {'bytes' if bound.kind in IN_BYTES else bound.kind}"


def _nearest(space: NetworkSpace, template: NetworkTemplate, bound: Bound, others: Sequence[Bound]) -> int | None:
    """Return the cost nearest to a bound among members that meet the others; None where none does."""
    merged = common((one.kind, (one.low, one.high)) for one in others)
    if any(low > high for low, high in merged.values()):
        return None
    if not merged:
        return SpaceCosts(CostModel(template, bound.kind), space).nearest(bound.wanted)
    band = JointBand(space, [Condition(CostModel(template, kind), *ends) for kind, ends in merged.items()])
    if not band.size:
        return None
    points = band.draw(LOOKED, rng=np.random.default_rng(0)) if band.listed is None else band.listed
    costs = CostModel(template, bound.kind)(points)
    return int(costs[np.abs(costs - bound.wanted).argmin()])


def _binding_knob(costs: SpaceCosts, sign: int) -> str:
    """Name the end of a range that, moved by a factor of two, would move the space's bound the most.

    The bound is the lowest (sign −1) or the highest (1). A cost may fall where a knob rises, so each end is tried.
    """
    template, space = costs.model.template, costs.space
    bound = np.array([_outer_end(costs, place, sign) for place in range(len(space.axes))])
    why = "which no range changes" if costs.model.takes_largest else "since every range is at 1"
    best, name = 0, f"stem (width {template.stem_width}) at image size {template.image_size}, {why}"
    for place, values in enumerate(space.axes):
        for end, moved in (("low", max(values.low // 2, 1)), ("high", min(values.high * 2, WIDEST))):
            if bound[place] != getattr(values, end):
                continue
            change = sign * _change(costs, bound, place, moved)
            if change > best:
                best, name = change, f"{end}est {_shown(space, place)} ({getattr(values, end)})"
    return name


def _change(costs: SpaceCosts, point: IntArray, place: int, value: int) -> int:
    """Return what a network's cost changes by with another value on one axis, or the nearest that its knob allows."""
    layout, further = costs.space.layout, point.copy()
    knob = layout.each[place % len(layout.each)] if place < layout.columns - layout.image_size else ""
    own = costs.model.template.kind.knobs
    further[place] = own[knob].nearest(value) if knob in own else value
    try:
        return int(np.subtract(*costs.model(np.stack([further, point])).tolist()))
    except NetspaceError:
        return 0  # no block can have it


def _outer_end(costs: SpaceCosts, place: int, sign: int) -> int:
    """Return the end of an axis at which networks cost the least (sign −1) or the most (1), the others being low."""
    axes = costs.space.axes
    points = np.array([[values.low for values in axes]] * 2)
    points[1, place] = axes[place].high
    low, high = costs.model(points).tolist()
    return axes[place].high if sign * (high - low) > 0 else axes[place].low


def _shown(space: NetworkSpace, place: int) -> str:
    layout = space.layout
    stage, knob = divmod(place, len(layout.each))
    return f"{layout.each[knob].replace('_', ' ')} of stage {stage + 1}" if stage < layout.stages else "image size"
