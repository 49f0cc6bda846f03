"""What is asked of a network, and the preset of spaces that holds such networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from netspace.config import load_search_space, preset_names
from netspace.cost import Budget, Constraint, CostModel, SpaceCosts, band_within, format_amount, profile_in_use
from netspace.cost.layers import LATENCY
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace, NetworkTemplate, SearchSpace

ROOM = 2.0  # between a budget and the dearest network of a preset
BLOCK = "basic"  # of the presets to choose from: what the choice was tried with
TOY = 1000  # spaces: a preset of fewer has little to choose from
COARSE = 1000  # times a budget: the spaces of a preset that goes beyond it are too wide to meet the budget
# Of the networks that meet constraints, those that take fewer FLOPs than the budget. In `small`, under bounds of flash
# and memory, the best candidate space at 0.9 has as many members in band as at 0.5 (24 % and 23 %, 34 % and 36 %); at
# 0.95 it begins to have fewer (17 %, 32 %).
BELOW = 0.9
DRAWN, LEAST = 20_000, 50  # networks to read that share off, and how few do where they are hard to find
LOOKS = 2**19  # draws in which they are looked for
Shape = tuple[int, int, int]  # image size (pixels), channels, classes
Know = Callable[[SearchSpace, NetworkTemplate], None]


@dataclass(frozen=True)
class Wanted:
    """What is asked of a network: a budget, constraints, or both.

    Args:
        budget: target of any cost, without constraints of its own; None where constraints say how large it may be.
        constraints: bounds of this cost or of others.

    Raises:
        NetspaceError: where nothing says how large the network may be, or constraints contradict the budget.
    """

    budget: Budget | None
    constraints: tuple[Constraint, ...] = ()

    def __post_init__(self) -> None:
        if self.budget is not None:
            self.budget.bounded(self.constraints)
        elif not _says_how_large(None, self.constraints):
            raise NetspaceError(
                "nothing says how large the network may be; give --budget, as 5M, or what it may take at most, as "
                "--max-flash 1M"
            )

    @property
    def of_latency(self) -> bool:
        """Whether latency is asked for, so that a profile has to say what it is of."""
        return LATENCY in {self.budget and self.budget.kind, *(one.kind for one in self.constraints)}

    @property
    def but_latency(self) -> Wanted | None:
        """What is asked for beside latency; None where that says nothing of how large the network may be."""
        budget = None if self.budget is not None and self.budget.kind == LATENCY else self.budget
        kept = tuple(one for one in self.constraints if one.kind != LATENCY)
        return Wanted(budget, kept) if _says_how_large(budget, kept) else None

    @property
    def bounds(self) -> str:
        """The constraints as text, as `flash<=1M, latency<=5ms`; empty without any."""
        return ", ".join(sorted(map(str, self.constraints)))

    @property
    def why(self) -> str:
        """What a budget is that nobody gave, in half a sentence."""
        return f"{BELOW:.0%} of the space's networks that keep to {self.bounds} take fewer FLOPs"


def _says_how_large(budget: Budget | None, constraints: tuple[Constraint, ...]) -> bool:
    return budget is not None or any(one.side == "at most" for one in constraints)


class Fit(NamedTuple):
    """A search space that holds what is wanted.

    Args:
        space: the search space.
        budget: with the constraints.
        low: the least of the budget's cost that one of its networks takes.
        high: the most.
        has_room: whether it reaches well beyond the budget, or where there is none beyond the constraints.
    """

    space: SearchSpace
    budget: Budget
    low: int
    high: int
    has_room: bool

    @property
    def is_coarse(self) -> bool:
        """Whether its spaces are too wide to meet the budget."""
        return self.high > COARSE * self.budget.target

    @property
    def rank(self) -> tuple[float, ...]:
        """The best first: with room before without, small before large; of those without room the one that has most."""
        return (0, self.space.num_spaces < TOY, self.high) if self.has_room else (1, -self.budget.target)

    @property
    def reason(self) -> str:
        """Why it is this one, in half a sentence."""
        few, smallest = "the preset that is fine enough, though it has few spaces,", "the smallest preset with room"
        why = f"{few if self.space.num_spaces < TOY else smallest} around {self.budget}"
        if not self.has_room:
            why = "no preset that holds it has more room; --space may name a larger one"
        low, high = (format_amount(amount, self.budget.kind) for amount in (self.low, self.high))
        return f"{why} ({low} to {high}, {self.space.num_spaces:,} spaces)"


def fit_in(space: SearchSpace, wanted: Wanted, template: NetworkTemplate) -> Fit:
    """Return what a space holds: the budget, or the FLOPs that constraints leave room for.

    These are the FLOPs that nine in ten of the space's networks that meet the constraints stay below, in two figures:
    close to what is allowed, with networks enough around it to choose a space from.

    Raises:
        NetspaceError: where it holds no such network: which bound binds, and the nearest feasible value of each.
    """
    if wanted.budget is not None:
        budget = wanted.budget
    else:
        budget, share = _left_by(wanted.constraints, space.full, template)
    budget = budget.bounded(wanted.constraints)
    budget.band(space.full, template)
    low, high = SpaceCosts(CostModel(template, budget.kind), space.full).bounds
    room = budget.target * ROOM <= high if wanted.budget is not None else share * ROOM <= 1
    return Fit(space, budget, low, high, room)


def _left_by(
    constraints: tuple[Constraint, ...], space: NetworkSpace, template: NetworkTemplate
) -> tuple[Budget, float]:
    """Return the FLOPs that constraints leave room for, and the share of a space's members that meet them."""
    sizes = {one: SpaceCosts(CostModel(template, one.kind), space).band(*one.interval).size for one in constraints}
    tightest = sorted(constraints, key=sizes.__getitem__)  # of which members are drawn, to be tried by the others
    within = band_within(tightest, space, template)
    n = DRAWN if within.exact else max(min(DRAWN, LOOKS * within.size // sizes[tightest[0]]), LEAST)
    flops = CostModel(template)(within.draw(n, rng=np.random.default_rng(0)))
    amount = int(np.quantile(flops, BELOW, method="inverted_cdf"))
    unit = 10 ** max(len(str(amount)) - 2, 0)  # rounded down by less than a tenth: that network stays in band
    return Budget(amount // unit * unit), within.hit_rate


def choose_space(wanted: Wanted, shape: Shape, know: Know = lambda space, template: None) -> Fit:
    """Return the smallest preset of basic blocks that holds what is wanted, with room beyond it.

    A preset of few spaces is taken only where no other one does, or one that is far too coarse. Where a profile says
    what latency is, of the presets that one which was profiled is taken.

    Args:
        wanted: of the network.
        shape: of the data.
        know: uses a profile of the space that it is given, where latency is asked for and nothing says what it is of.

    Raises:
        NetspaceError: where no preset holds it.
    """
    spaces = [load_search_space(name) for name in preset_names()]
    spaces = [space for space in spaces if space.block == BLOCK]
    spaces.sort(key=lambda space: (space.num_spaces < TOY, space.num_spaces))
    if not wanted.of_latency:
        return next(_best_first(wanted, spaces, shape))
    if (used := profile_in_use()) is None:
        return _choose_knowing(wanted, spaces, shape, know)
    able = [space for space in spaces if space.name == used.space]
    able = able or [space for space in spaces if _is_priced(space.template(*shape))]
    if not able:
        raise NetspaceError(
            f"the profile of {used.device} is of space '{used.space}', none of the presets to choose from; give --space"
        )
    return next(_best_first(wanted, able, shape))


def _choose_knowing(wanted: Wanted, spaces: list[SearchSpace], shape: Shape, know: Know) -> Fit:
    """Return the best preset without regard to latency, measured, in which the latency too can be met."""
    rest, faults, others = wanted.but_latency, [], []
    for space in spaces if rest is None else (fit.space for fit in _best_first(rest, spaces, shape)):
        template = space.template(*shape)
        try:
            if _is_priced(template):  # by the profile of a smaller space of the same stem: far sooner than by its own
                fit_in(space, wanted, template)
            know(space, template)
            found = fit_in(space, wanted, template)
        except NetspaceError as error:
            faults.append(f"{space.name}: {error}")
            continue
        if found.has_room and not found.is_coarse:
            return found
        others.append(found)
    if not others:
        raise _none_of(faults)
    best = min(others, key=lambda fit: fit.rank)
    know(best.space, best.space.template(*shape))
    return best


def _is_priced(template: NetworkTemplate) -> bool:
    """Say whether a profile of networks of a template is in use."""
    used = profile_in_use()
    return used is not None and used.template == template


def _best_first(wanted: Wanted, spaces: list[SearchSpace], shape: Shape) -> Iterator[Fit]:
    """Yield the spaces that hold what is wanted, each priced when it is asked for.

    Raises:
        NetspaceError: where there are none, and what each holds, or which bound binds in it.
    """
    if wanted.budget is not None:
        spaces = _around(wanted.budget, spaces, shape)
    others, faults = [], []
    for space in spaces:
        try:
            found = fit_in(space, wanted, space.template(*shape))
        except NetspaceError as error:
            faults.append(f"{space.name}: {error}")
            continue
        if found.has_room and not found.is_coarse:
            yield found
        else:
            others.append(found)
    if len(faults) == len(spaces):
        raise _none_of(faults)
    yield from sorted(others, key=lambda fit: fit.rank)


def _none_of(faults: list[str]) -> NetspaceError:
    return NetspaceError(
        f"no preset to choose from holds such networks: {'; '.join(faults)}. Loosen what binds, or give another "
        "--image-size, or a --space of your own"
    )


def _around(budget: Budget, spaces: list[SearchSpace], shape: Shape) -> list[SearchSpace]:
    """Return the spaces that reach from below a budget to far beyond it.

    Raises:
        NetspaceError: where there are none, and from where to where each reaches.
    """
    costs = [SpaceCosts(CostModel(space.template(*shape), budget.kind), space.full) for space in spaces]
    bounds = [cost.bounds for cost in costs]
    fit = [s for s, (low, high) in zip(spaces, bounds, strict=True) if low <= budget.target <= high / ROOM]
    if not fit:
        amounts = [[format_amount(amount, budget.kind) for amount in ends] for ends in bounds]
        spans = ", ".join(f"{s.name} {low} to {high}" for s, (low, high) in zip(spaces, amounts, strict=True))
        raise NetspaceError(
            f"budget {budget} is outside of what the presets hold for images of {shape[0]}×{shape[0]}×{shape[1]} "
            f"({spans}); give another --budget, another --image-size, or a --space of your own"
        )
    return fit
