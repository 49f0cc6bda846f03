"""What the populations of an evaluation are called: the same after every restart, and no two alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from netspace.errors import NetspaceError
from netspace.records import Population


def named(wanted: Sequence[Population], known: Iterable[Population]) -> list[Population]:
    """Return populations under the names that they have in a store, or under new ones.

    A population's networks are drawn by its name, so what is in the store keeps the name that it has there. A new one
    keeps the name that it comes with where nothing else has it; several of one name are told apart by the first of
    these that does so: the folder that their files lie in, what found them, their files' names, the folders above.

    Args:
        wanted: what is to be evaluated, with plain names such as `elite-10M`.
        known: what the store holds.

    Raises:
        NetspaceError: where one space is given twice.
    """
    _check_different(wanted)
    left = {one.name: one for one in known}
    taken = set(left)
    names: dict[int, str] = {}
    for same in (_same_file, _same_old_name, _same_run, _same_space):
        for i, one in enumerate(wanted):
            match = next((other for other in left.values() if same(one, other)), None) if i not in names else None
            if match is not None:
                names[i] = left.pop(match.name).name
    new = [i for i in range(len(wanted)) if i not in names]
    for i, name in zip(new, _new_names([wanted[i] for i in new], taken), strict=True):
        names[i] = name
    return [replace(one, name=names[i]) for i, one in enumerate(wanted)]


def _check_different(wanted: Sequence[Population]) -> None:
    for i, one in enumerate(wanted):
        for other in wanted[:i]:
            if one.source and _same_file(one, other):
                raise NetspaceError(f"{one.source} is given twice at budget {one.budget}; give each space once")


def _same_file(one: Population, other: Population) -> bool:
    """Say whether two were read from one file for one budget; its content may have changed, which the store refuses."""
    keys = ("kind", "subject", "target", "cost", "constraints")
    if any(getattr(one, key) != getattr(other, key) for key in keys):
        return False
    return bool(one.source) and Path(one.source).resolve() == Path(other.source).resolve()


def _same_old_name(one: Population, other: Population) -> bool:
    """Say whether a store of schema 1 held it: names were all it knew, and elites of the front had one of their own."""
    front = one.kind == "elite" and one.estimator.startswith("front")
    old = f"front-{one.budget}" if front else one.name
    return not other.source and not other.space and other.name == old


def _same_run(one: Population, other: Population) -> bool:
    return _same_space(one, other) and (one.run, one.estimator) == (other.run, other.estimator)


def _same_space(one: Population, other: Population) -> bool:
    keys = ("kind", "subject", "target", "tolerance", "cost", "constraints", "space")
    return bool(one.space) and all(getattr(one, key) == getattr(other, key) for key in keys)


def _new_names(wanted: Sequence[Population], taken: set[str]) -> list[str]:
    """Baselines come first: another space of a baseline's name yields."""
    taken, names = set(taken), {}
    for i, one in sorted(enumerate(wanted), key=lambda pair: pair[1].kind != "baseline"):
        alike = [p for p in wanted if p.name == one.name and (p.kind == "baseline") == (one.kind == "baseline")]
        name = f"{one.name}-{_label(one, alike)}" if len(alike) > 1 or one.name in taken else one.name
        name = next(n for n in (name, *(f"{name}-{k}" for k in range(2, len(taken) + 3))) if n not in taken)
        names[i] = name
        taken.add(name)
    return [names[i] for i in range(len(wanted))]


def _label(one: Population, alike: Sequence[Population]) -> str:
    """Return the first thing said of a population that no other one of its name shares."""
    rules: list[Callable[[Population], str]] = [
        lambda p: p.run,
        lambda p: p.estimator.partition(" ")[0],
        lambda p: "" if p.name.startswith(Path(p.source).stem) else Path(p.source).stem,
        lambda p: "" if p.tolerance is None or len(alike) == 1 else f"±{p.tolerance:.3g}",
        lambda p: "" if len(alike) == 1 else p.constraints.replace(", ", "-") or "free",
        lambda p: _folders(p, 2),
        lambda p: _folders(p, 3),
    ]
    for rule in rules:
        if all(rule(p) for p in alike) and len({rule(p) for p in alike}) == len(alike):
            return rule(one)
    return one.kind


def _folders(one: Population, n: int) -> str:
    """Return the names of the last folders on the way to a population's file; nothing for a preset."""
    return "-".join(Path(one.source).resolve().parts[-n - 1 : -1]) if one.run else ""
