"""The members of a search space's grid, priced, as what judges look at."""

from __future__ import annotations

from netspace.cost import CostModel
from netspace.spaces import NetworkSpace, SearchSpace
from netspace.spaces.ranges import IntArray
from netspace.surrogate.candidates import Candidates
from netspace.surrogate.judging import Choice, EnumeratedMembers, Members
from netspace.surrogate.sampled import SampledMembers
from netspace.surrogate.searched import SearchedMembers

ENUMERATED = 2**22
NUMBERED = 2**20


def flops_of(model: CostModel, points: IntArray, costs: IntArray) -> IntArray:
    """Return the FLOPs of points, shape (n,): what models of error see, whatever cost a budget is of.

    Args:
        model: of the cost that is known.
        points: shape (n, axes).
        costs: by that model, shape (n,).
    """
    return costs if model.kind == "flops" else CostModel(model.template)(points)


def candidates_of(search_space: SearchSpace) -> Candidates | None:
    """Return the first candidates of a grid of more than 1 048 576 spaces; None where all spaces are judged."""
    grid = search_space.grid
    return Candidates(grid) if grid.num_members > ENUMERATED and grid.num_spaces > NUMBERED else None


def members(
    search_space: SearchSpace, model: CostModel, *, hit_rate: float = 0.0, candidates: Candidates | None = None
) -> Members:
    """Return the members of a search space, by one kind of cost.

    Up to 4 194 304 each of them; beyond that a sample of every space of up to 1 048 576; of a grid with more spaces a
    sample of candidates.

    Args:
        search_space: the grid.
        model: of the cost.
        hit_rate: spaces below it need not be judged closely.
        candidates: of `candidates_of`, where several kinds of cost share them; None makes them.
    """
    grid = search_space.grid
    if grid.num_members <= ENUMERATED:
        return EnumeratedMembers(grid, None, model.product([axis.values for axis in grid.axes]).ravel())
    candidates = candidates or candidates_of(search_space)
    if candidates is None:
        return SampledMembers(grid, model, least_hit_rate=hit_rate)
    return SearchedMembers(model, candidates, least_hit_rate=hit_rate)


def network_space(search_space: SearchSpace, number: int) -> NetworkSpace:
    """Return a space of the grid by its number."""
    return search_space.space(search_space.grid.choice(number))


def choice_of(search_space: SearchSpace, space: NetworkSpace) -> Choice | None:
    """Return the index of a space's range on each axis of the grid; None where it is not one of the grid's."""
    if len(space.axes) != len(search_space.grid.axes):
        return None
    pairs = zip(search_space.grid.axes, space.axes, strict=True)
    choice = tuple(int(axis.range_at[min(values.low, len(axis.range_at) - 1)]) for axis, values in pairs)
    return choice if min(choice) >= 0 and search_space.space(choice) == space else None
