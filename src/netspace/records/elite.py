"""Elite Spaces as small files: what a search found for a budget, and where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass
from typing_extensions import TypedDict

from netspace.cost import Budget, CostModel, SpaceCosts
from netspace.cost.device_profile import use_profile_of
from netspace.documents import from_plain, later, read_yaml, to_yaml, write_atomically
from netspace.errors import NetspaceError
from netspace.records.kinds import OPEN, Share, Unknown
from netspace.spaces import NetworkSpace, NetworkTemplate
from netspace.spaces.ranges import STRICT

SCHEMA = 2
Amount = Annotated[int, Field(ge=0)]
FRONT_FILE = "front.json"  # what `netspace front` answered, beside its elite files


@dataclass(frozen=True, config=STRICT)
class Quantiles:
    """Costs that 5 %, 50 % and 95 % of a space's members do not exceed.

    Args:
        exact: by enumeration; else from a million uniform draws.
    """

    q05: Amount
    median: Amount
    q95: Amount
    exact: bool = True


@dataclass(frozen=True, config=STRICT)
class Candidate:
    """A space that the search considers, and how well it fits the budget.

    Args:
        space: depth and width ranges.
        probability: that it is the space to take, 0..1; `EliteSpace.chance` says in which sense.
        hit_rate: share of its members that satisfy the budget and its constraints; exact where no interval is given.
        cost: quantiles of its members' cost.
        hit_rate_interval: 95 %, where constraints make the hit rate an estimate.
    """

    space: NetworkSpace
    probability: Share
    hit_rate: Share
    cost: Quantiles
    hit_rate_interval: tuple[Share, Share] | None = later(None)

    @classmethod
    def measure(
        cls, space: NetworkSpace, probability: float, *, budget: Budget, template: NetworkTemplate
    ) -> Candidate:
        """Work out a space's hit rate and cost quantiles."""
        costs = SpaceCosts(CostModel(template, budget.kind), space)
        (q05, median, q95), exact = costs.quantiles((0.05, 0.5, 0.95))
        band = budget.members(space, template)
        estimate = bool(budget.constraints) and not band.exact
        low, high = map(_short, band.hit_rate_interval)
        return cls(
            *(space, _short(probability), _short(band.hit_rate), Quantiles(q05, median, q95, exact)),
            hit_rate_interval=(low, high) if estimate else None,
        )


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))  # τ is NaN where all scores are equal
class Fidelity:
    """How well the super network's scores rank networks as training them does (`netspace fidelity`).

    Args:
        tau: Kendall's τ to stand-alone validation errors within budget bands.
        low: lower end of its 95 % interval.
        high: upper end.
        n: networks within bands, which τ compares; others were trained across all costs.
        trustworthy: whether the interval lies above 0; if not, the ranking is not shown to be better than chance.
    """

    tau: Unknown
    low: Unknown
    high: Unknown
    n: int
    trustworthy: bool


@dataclass(frozen=True, config=STRICT)
class Provenance:
    """Where a space came from; enough to run the search again.

    Args:
        netspace: version.
        dataset: as the user named it.
        data: fingerprint of the training images and labels.
        search_space: name.
        estimator: that chose it: `score` or `gumbel`, which move Θ, one that was added, or `front` with its signal and
            model in brackets, also for the estimator `population`.
        epochs: of the search.
        seed: of the search.
        config: fingerprint of the whole config.
        entropy: of Θ at the end, nats; 0 without Θ.
        expected_cost: under Θ at the end; without Θ the median cost of the space.
        supernet_error: share of held-out images that members of the space get wrong with the shared weights and
            BatchNorm recalibrated for each, mean; None where a model of error chose it.
        fidelity: what the fidelity gate found; None where it was not asked.
        probability: what the candidates' is: `P(best)`, or `P(best), by its scores` where no stand-alone training told
            how far the super network's scores are from the truth; None in files that say nothing of it.
    """

    netspace: str
    dataset: str
    data: str
    search_space: str
    estimator: str
    epochs: int
    seed: int
    config: str
    entropy: float
    expected_cost: int
    supernet_error: float | None = None
    fidelity: Fidelity | None = None
    probability: str | None = None


@dataclass(frozen=True, config=STRICT)
class EliteSpace:
    """The network space that a search returned for a budget.

    Args:
        budget: what it was searched for.
        template: all of its networks that is not searched.
        candidates: the likeliest spaces under Θ, from its mode on, or those that a model of error judges best, best
            first; the first is the result.
        provenance: where it came from.
        schema: version of the file's format.
    """

    budget: Budget
    template: NetworkTemplate
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1)]
    provenance: Provenance
    schema: int = SCHEMA

    @model_validator(mode="after")
    def _check(self) -> EliteSpace:
        strides = len(self.template.strides)
        for i, candidate in enumerate(self.candidates):
            stages = len(candidate.space.stages)
            if stages != strides:
                raise ValueError(
                    f"candidates.{i} has {stages} stages, but the template {strides} strides; give one stride per stage"
                )
            try:
                self.template.check_space(candidate.space)
            except NetspaceError as error:
                raise ValueError(f"candidates.{i}: {error}") from None
        return self

    @property
    def space(self) -> NetworkSpace:
        """The result: the first candidate."""
        return self.candidates[0].space

    @property
    def meets(self) -> bool:
        """Whether any of its networks is known to meet the budget."""
        return self.candidates[0].hit_rate > 0

    @property
    def chance(self) -> str:
        """What the candidates' `probability` is; in older files as far as their estimator says it."""
        told, estimator = self.provenance.probability, self.provenance.estimator
        if told is not None:
            return told
        if estimator.startswith("front"):
            return "P(best), by its scores" if estimator.startswith("front (supernet") else "P(best)"
        return "P(Θ)"

    @property
    def filename(self) -> str:
        """Name of its file in a run folder."""
        return elite_filename(self.budget)

    def save(self, folder: Path) -> Path:
        """Write it into a folder, whole or not at all; return the file's path."""
        path = folder / self.filename
        write_atomically(path, to_yaml(self))
        return path


def elite_filename(budget: object) -> str:
    """Return the name of the file of a budget's Elite Space; of `*`, a pattern of all of them."""
    return f"elite-{budget}.yaml"


def load_elite(path: Path | str) -> EliteSpace:
    """Read an Elite Space from its file; files of older schemas are taken.

    Raises:
        NetspaceError: where it is no such file, or of a newer schema.
    """
    return elite_from_plain(read_yaml(Path(path)), str(path))


def elite_from_plain(plain: dict[str, Any], source: str) -> EliteSpace:
    """Check the plain data of an elite file, of this schema or an older one."""
    if Path(source).is_file():
        use_profile_of(Path(source).parent)
    schema = plain.get("schema")
    if schema == 1:
        plain = _from_schema_1(plain, source)
    elif schema != SCHEMA:
        raise NetspaceError(f"{source}: schema {schema!r} is not readable; this version reads schemas 1 to {SCHEMA}")
    return from_plain(EliteSpace, plain, source)


class _OldCandidate(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    flops: tuple[Amount, Amount, Amount]


class _OldElite(TypedDict):
    __pydantic_config__ = OPEN  # type: ignore[misc]
    budget: int | str
    candidates: list[_OldCandidate]


def _from_schema_1(plain: dict[str, Any], source: str) -> dict[str, Any]:
    """Schema 1 held quantiles as a list of three, and the budget as the text that the user gave."""
    old: dict[str, Any] = {**from_plain(_OldElite, plain, source)}
    candidates = []
    for one in old["candidates"]:
        cost = dict(zip(("q05", "median", "q95"), one["flops"], strict=True))
        candidates.append({**{k: v for k, v in one.items() if k != "flops"}, "cost": cost})
    budget = Budget.parse(str(old["budget"]))
    return {**old, "candidates": candidates, "budget": {"target": budget.target}, "schema": SCHEMA}


def _short(value: float) -> float:
    return float(f"{value:.6g}")
