"""What a population of trained networks is: a few fields beside its name, which is for showing alone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from typing import Annotated, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from netspace.cost import Budget, parse_amount
from netspace.documents import from_plain
from netspace.errors import NetspaceError
from netspace.spaces import NetworkSpace
from netspace.spaces.ranges import STRICT

Kind = Literal["elite", "space", "baseline", "gate", "calibration", "nas"]
TABLE = """
CREATE TABLE populations (
  name TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL,
  target INTEGER, tolerance REAL, cost TEXT,
  source TEXT NOT NULL, run TEXT NOT NULL, estimator TEXT NOT NULL, space TEXT NOT NULL
)
"""
# What the names of schema 1 began with, where they did not begin with a space's name.
_OLD_HEADS: dict[str, tuple[Kind, str]] = {
    **{name: ("baseline", name) for name in ("expanded", "random-spaces", "uniform-width", "linear-width")},
    **{"elite": ("elite", "elite"), "front": ("elite", "elite"), "whole": ("gate", "whole")},
    **{"nas-elite": ("nas", "elite"), "nas-expanded": ("nas", "expanded")},
}
_OLD_NAMES: dict[str, tuple[Kind, str]] = {"across": ("gate", "across"), "calibration": ("calibration", "calibration")}


@dataclass(frozen=True, config=STRICT)
class Population:
    """What a population's networks were drawn from; an empty text or None says that it is not known, or not so.

    Args:
        name: for showing, and in the store's rows; different for every population of a store.
        kind: `elite` (drawn from an Elite Space), `space` (from another space that was given), `baseline`, `gate`
            (from the whole space, for the fidelity gate), `calibration` (spread over all costs), `nas` (chosen by NAS).
        subject: which of its kind: the baseline's or the space's name, `whole` or `across`, the side of a NAS.
        target: of the budget.
        tolerance: of the budget.
        cost: kind of cost that the budget is of.
        source: file or preset that the space was read from, as it was given.
        run: name of the folder that the file lies in.
        estimator: what found the elite.
        space: the space drawn from, as JSON of a NetworkSpace; of a baseline the whole search space.
        constraints: of the budget, as text.
    """

    name: str
    kind: Kind = "space"
    subject: str = ""
    target: Annotated[int, Field(ge=1)] | None = None
    tolerance: Annotated[float, Field(ge=0, lt=1)] | None = None
    cost: str | None = None
    source: str = ""
    run: str = ""
    estimator: str = ""
    space: str = ""
    constraints: str = ""

    @classmethod
    def from_name(cls, name: str) -> Population:
        """Work out what schema 1 said by names such as `elite-10M` or `random-spaces-10M`; it knew no tolerance."""
        head, _, amount = name.rpartition("-")
        kind, subject = _OLD_NAMES.get(name, ("space", name))
        try:
            target = parse_amount(amount) if head else None
        except NetspaceError:
            target = None
        if target is None:
            return cls(name, kind, subject)
        kind, subject = _OLD_HEADS.get(head, ("space", head))
        return cls(name, kind, subject, target, cost="flops", estimator="front" if head == "front" else "")

    def at(self, budget: Budget) -> Population:
        """Return the same at a budget."""
        amount = replace(self, target=budget.target, tolerance=budget.tolerance, cost=budget.kind)
        return replace(amount, constraints=budget.bounds)

    def of(self, budget: Budget) -> bool:
        """Say whether it was drawn at a budget, whatever the tolerance."""
        return (self.budget, self.constraints) == (str(budget), budget.bounds)

    @property
    def budget(self) -> str | None:
        """The budget's target as text, such as `10M`; None without a budget."""
        if self.target is None:
            return None
        return str(Budget(self.target, kind=self.cost or "flops"))

    def same_source(self, other: Population) -> bool:
        """Say whether two populations were drawn from the same thing at the same budget, as far as is known.

        The file's path says nothing here: it can be spelt in many ways.
        """
        keys = ("kind", "subject", "target", "tolerance", "cost", "run", "estimator", "space")
        pairs = [(getattr(self, key), getattr(other, key)) for key in keys]
        return self.constraints == other.constraints and all(
            a == b or a in ("", None) or b in ("", None) for a, b in pairs
        )


def by_budget(populations: Iterable[Population]) -> list[list[Population]]:
    """Group populations by their budgets, rising, each group in the order of names; without a budget none is in it.

    Budgets are the same where target, kind of cost, constraints and tolerance are; a tolerance that is not known
    (schema 1) is taken to be that of the one group of its target, where there is one.
    """
    groups: dict[tuple[int, str, str, float], list[Population]] = {}
    some = sorted((p for p in populations if p.target is not None), key=lambda p: (p.tolerance is None, p.name))
    for one in some:
        assert one.target is not None
        budget = (one.target, one.cost or "flops", one.constraints)
        known = [key for key in groups if key[:3] == budget]
        tolerance = known[0][3] if one.tolerance is None and len(known) == 1 else one.tolerance
        groups.setdefault((*budget, -1.0 if tolerance is None else tolerance), []).append(one)
    return [sorted(groups[key], key=lambda p: p.name) for key in sorted(groups)]


def pairs_at_equal_budget(populations: Iterable[Population]) -> list[tuple[str, str]]:
    """Return the names of those to compare: each elite with every other population of its budget, each pair once.

    Where a budget has no elite, the spaces that were given stand in their place.
    """
    pairs = []
    for group in by_budget(populations):
        first = [p for p in group if p.kind == "elite"] or [p for p in group if p.kind == "space"]
        others = [p for p in group if p not in first]
        for i, one in enumerate(first):
            pairs += [(one.name, other.name) for other in (*first[i + 1 :], *others)]
    return pairs


def read_populations(db: sqlite3.Connection, source: str) -> dict[str, Population]:
    """Return what a store's populations are, by name; those that it says nothing of are worked out from their names.

    Args:
        db: of the store.
        source: what to call it in an error.

    Raises:
        NetspaceError: where a row of the table is no population, or a network's is no name.
    """
    names = [row[0] for row in db.execute("SELECT DISTINCT population FROM networks ORDER BY population")]
    for name in names:
        if not isinstance(name, str):
            raise NetspaceError(
                f"{source}: a network's population is {name!r}, and has to be a name; restore the store"
            )
    found: dict[str, Population] = {}
    if db.execute("SELECT 1 FROM sqlite_master WHERE name = 'populations'").fetchone():
        columns = _columns(db)
        for row in db.execute(f"SELECT {', '.join(columns)} FROM populations ORDER BY name"):
            found[row[0]] = _checked(dict(zip(columns, row, strict=True)), f"{source}: population {row[0]!r}")
    return {name: found.get(name) or Population.from_name(name) for name in names}


def _checked(row: dict[str, object], source: str) -> Population:
    one = from_plain(Population, row, source)
    if one.target is not None:
        from_plain(Budget, {"target": one.target, "kind": one.cost or "flops"}, source)
    if one.space:
        try:
            plain = json.loads(one.space)
        except (ValueError, RecursionError):
            raise NetspaceError(f"{source}: its space is no JSON; restore the store") from None
        from_plain(NetworkSpace, plain, source)
    return one


def enter_populations(db: sqlite3.Connection, populations: Sequence[Population]) -> None:
    """Write what populations are into a store, over what is there of those names."""
    if any(one.constraints for one in populations) and "constraints" not in _columns(db):
        db.execute("ALTER TABLE populations ADD COLUMN constraints TEXT NOT NULL DEFAULT ''")
    columns = _columns(db)
    marks = ", ".join(f":{column}" for column in columns)
    for one in populations:
        db.execute(f"INSERT OR REPLACE INTO populations ({', '.join(columns)}) VALUES ({marks})", asdict(one))


def _columns(db: sqlite3.Connection) -> list[str]:
    """Return the fields that a store has a column for: that of constraints is there where one was ever written."""
    there = {row[1] for row in db.execute("PRAGMA table_info(populations)")}
    return [field.name for field in fields(Population) if field.name in there]


def to_2(db: sqlite3.Connection, source: str) -> None:
    """Give a store of schema 1 the table of populations, from its networks' names; see records/migrations.py."""
    known = read_populations(db, source)
    db.execute(TABLE)
    enter_populations(db, list(known.values()))
