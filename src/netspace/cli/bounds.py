"""The options --max-…, --min-… and --constraint: bounds that networks keep, handed to a command as one argument."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, get_type_hints

import typer

from netspace.cost import Constraint, together

NAMED = {"flops": "flops", "params": "params", "activations": "activations", "flash": "flash", "memory": "peak_memory"}
SIGNS = {"max": "<=", "min": ">="}
BYTES = ", bytes in fp32, as 256K (256,000) or 256KiB (262,144)"


def with_constraints(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of constraints; it takes them as `constraints`, a tuple of Constraint.

    Args:
        command: with an argument `constraints` that is no option of its own.
    """
    options = _options()

    @wraps(command)
    def run(*args: Any, **given: Any) -> None:
        texts = [f"{kind}{sign}{text}" for (name, kind, sign) in _named() if (text := given.pop(name)) is not None]
        texts += given.pop("constraint") or []
        command(*args, **given, constraints=together((), map(Constraint.parse, texts)))

    hints = get_type_hints(command, include_extras=True)
    own = [one for one in inspect.signature(command).parameters.values() if one.name != "constraints"]
    own = [*(one.replace(annotation=hints[one.name]) for one in own), *options]
    run.__signature__ = inspect.Signature(own, return_annotation=None)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in own}
    return run


def _named() -> list[tuple[str, str, str]]:
    """Return argument, kind of cost and sign of each option that is named by its cost."""
    return [(f"{end}_{name}", kind, sign) for end, sign in SIGNS.items() for name, kind in NAMED.items()]


def _options() -> list[inspect.Parameter]:
    found = []
    for argument, kind, sign in _named():
        unit = BYTES if kind in ("flash", "peak_memory") else ", as 1.2M"
        help_text = f"{'Most' if sign == '<=' else 'Least'} {kind.replace('_', ' ')} that a network may have{unit}."
        found.append(_option(argument, Annotated[str | None, typer.Option(help=help_text)]))
    every = "Any bound, as 'flash-int8<=1M' or 'params>=100K'; repeatable."
    return [*found, _option("constraint", Annotated[list[str] | None, typer.Option(help=every)])]


def _option(name: str, annotation: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=annotation)
