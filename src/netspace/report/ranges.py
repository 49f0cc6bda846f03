"""A space's ranges in words, from its plain form in a file."""

from __future__ import annotations

from typing import Any

SHORT = {"depth": "d", "width": "w"}


def shown_ranges(space: dict[str, Any]) -> dict[str, str]:
    """Return the ranges of each knob, stage by stage, as text; and the image sizes, where they are searched.

    Args:
        space: the plain form of a NetworkSpace.
    """
    stages = space["stages"]
    texts = {knob: " · ".join(_shown(stage[knob]) for stage in stages) for knob in stages[0]}
    return texts if "image_size" not in space else {**texts, "image size": _shown(space["image_size"])}


def _shown(values: Any) -> str:
    return ",".join(map(str, values)) if isinstance(values, list) else str(values)


def in_words(space: dict[str, Any]) -> str:
    """Return the ranges as part of a sentence."""
    return " and ".join(f"{plural(knob)} {text}" for knob, text in shown_ranges(space).items())


def plural(knob: str) -> str:
    """Return what a knob's ranges are called in a sentence."""
    return f"{knob.replace('_', ' ')}s"
