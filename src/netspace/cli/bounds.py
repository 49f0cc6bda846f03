"""The options --max-…, --min-…, --constraint and --device-profile: what networks keep, and what latency is of."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from netspace.cli.output import note
from netspace.cost import Constraint, cost_named, profile_in_use, together, use_profile
from netspace.cost.device_profile import use_profile_of
from netspace.cost.layers import IN_BYTES, LATENCY

NAMED = {"flops": "flops", "params": "params", "activations": "activations", "flash": "flash", "memory": "peak_memory"}
NAMED |= {LATENCY: LATENCY}
SIGNS = {"max": "<=", "min": ">="}
BYTES = ", bytes in fp32, as 256K (256,000) or 256KiB (262,144)"
TIME = " by --device-profile, as 5ms, 800us or 0.2s"
PROFILE = "Measured latencies (`netspace profile`), for budgets and bounds of latency."


def with_constraints(command: Callable[..., None], *, profiles: bool = False) -> Callable[..., None]:
    """Give a command the options of constraints; it takes them as `constraints`, a tuple of Constraint.

    What latency is of is said by --device-profile, or by the profile that a folder under --out or --run keeps.

    Args:
        command: with an argument `constraints` that is no option of its own.
        profiles: whether it can measure latency itself, and so takes bounds of it without a profile.
    """
    options = _options()

    @wraps(command)
    def run(*args: Any, **given: Any) -> None:
        _measure_by(given.pop("device_profile"), [given.get("run"), given.get("out")])
        texts = [f"{kind}{sign}{text}" for (name, kind, sign) in _named() if (text := given.pop(name)) is not None]
        texts += given.pop("constraint") or []
        found = together((), map(Constraint.parse, texts))
        for one in () if profiles else found:
            cost_named(one.kind)  # latency says where a profile is to be had
        command(*args, **given, constraints=found)

    hints = get_type_hints(command, include_extras=True)
    own = [one for one in inspect.signature(command).parameters.values() if one.name != "constraints"]
    own = [*(one.replace(annotation=hints[one.name]) for one in own), *options]
    run.__signature__ = inspect.Signature(own, return_annotation=None)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in own}
    return run


def _measure_by(file: Path | None, folders: list[Path | None]) -> None:
    """Use the profile of a file, or that which one of the folders keeps; say of what it is, and why not to trust it."""
    use_profile(file)
    for folder in folders:
        if folder is not None:
            use_profile_of(folder)
    tell_profile()


def tell_profile() -> None:
    """Say what latency is of, and why not to trust it; nothing where no profile is in use."""
    used = profile_in_use()
    if used is not None:
        note(f"latency is of {used.device}" + ("" if used.error is None else f"; {used.error}"))
        for text in used.notes:
            note(f"latency {text}")


def _named() -> list[tuple[str, str, str]]:
    """Return argument, kind of cost and sign of each option that is named by its cost."""
    return [(f"{end}_{name}", kind, sign) for end, sign in SIGNS.items() for name, kind in NAMED.items()]


def _options() -> list[inspect.Parameter]:
    found = []
    for argument, kind, sign in _named():
        unit = BYTES if kind in IN_BYTES else TIME if kind == LATENCY else ", as 1.2M"
        help_text = f"{'Most' if sign == '<=' else 'Least'} {kind.replace('_', ' ')} that a network may have{unit}."
        found.append(_option(argument, Annotated[str | None, typer.Option(help=help_text)]))
    every = "Any bound, as 'flash-int8<=1M' or 'params>=100K'; repeatable."
    found.append(_option("constraint", Annotated[list[str] | None, typer.Option(help=every)]))
    return [*found, _option("device_profile", Annotated[Path | None, typer.Option(help=PROFILE)])]


def _option(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=annotation)
