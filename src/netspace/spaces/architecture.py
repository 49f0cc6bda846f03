"""One network as a point that can be built: per stage a depth, a width and a value of each further knob."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from netspace.documents import later
from netspace.errors import NetspaceError
from netspace.spaces.knobs import KNOBS_BESIDE, FlatKnobs, pairs_of, value_of
from netspace.spaces.ranges import DEEPEST, STRICT, WIDEST

MOST_STAGES, LARGEST_IMAGE = 12, 1024
Width = Annotated[int, Field(ge=1, le=WIDEST)]
Depth = Annotated[int, Field(ge=1, le=DEEPEST)]
ImageSize = Annotated[int, Field(ge=1, le=LARGEST_IMAGE)]


@dataclass(frozen=True, config=KNOBS_BESIDE)
class Stage(FlatKnobs):
    """A run of blocks at one resolution.

    Args:
        depth: number of blocks, 1 to 500.
        width: output channels of each block, 1 to 8192.
        knobs: further knobs of the kind of block, such as `kernel`, with a value each; a mapping or pairs.
    """

    depth: Depth
    width: Width
    knobs: Annotated[tuple[tuple[str, int], ...], pairs_of(Annotated[int, Field(ge=1, le=WIDEST)])] = ()

    def knob(self, name: str) -> int:
        """Return the value of a further knob.

        Raises:
            NetspaceError: where there is none of that name.
        """
        return value_of(self.knobs, name)


@dataclass(frozen=True, config=STRICT)
class Architecture:
    """One depth and one width per stage (Hong et al. 2021, arXiv 2104.11014), and a value of each further knob.

    Args:
        stages: at least one Stage, from the input on.
        image_size: of the input, pixels, where it is searched; None is the template's.
    """

    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=MOST_STAGES)]
    image_size: ImageSize | None = later(None)

    @classmethod
    def of(
        cls,
        depths: Iterable[int],
        widths: Iterable[int],
        knobs: Mapping[str, Iterable[int]] | None = None,
        image_size: int | None = None,
    ) -> Architecture:
        """Build from one depth, one width and one value of each further knob per stage.

        Raises:
            NetspaceError: where they differ in length, or one is no whole number or beyond what is built.
        """
        d, w = _whole("depth", depths, DEEPEST), _whole("width", widths, WIDEST)
        more = {name: _whole(name, values, WIDEST) for name, values in (knobs or {}).items()}
        _whole("image size", [] if image_size is None else [image_size], LARGEST_IMAGE)
        if len(d) != len(w):
            raise NetspaceError(f"{len(d)} depths but {len(w)} widths; give one of each per stage")
        if not 1 <= len(d) <= MOST_STAGES:
            raise NetspaceError(f"{len(d)} stages are given; a network has 1 to {MOST_STAGES}")
        for name, values in more.items():
            if len(values) != len(d):
                raise NetspaceError(f"{len(d)} depths but {len(values)} values of {name}; give one of each per stage")
        stages = [Stage(d[i], w[i], tuple((name, values[i]) for name, values in more.items())) for i in range(len(d))]
        return cls(tuple(stages), image_size)

    @property
    def depths(self) -> tuple[int, ...]:
        """The number of blocks of each stage."""
        return tuple(stage.depth for stage in self.stages)

    @property
    def widths(self) -> tuple[int, ...]:
        """The output channels of each stage."""
        return tuple(stage.width for stage in self.stages)

    @property
    def knobs(self) -> dict[str, tuple[int, ...]]:
        """The values of each further knob, one per stage."""
        return {name: tuple(stage.knob(name) for stage in self.stages) for name, _ in self.stages[0].knobs}

    @property
    def plain(self) -> dict[str, Any]:
        """Depth, width and each further knob as lists, one value per stage; and the image size, where it has one."""
        lists = {"depth": list(self.depths), "width": list(self.widths)}
        more: dict[str, Any] = {name: list(values) for name, values in self.knobs.items()}
        return {**lists, **more, **({} if self.image_size is None else {"image_size": self.image_size})}

    def __str__(self) -> str:
        parts = {"d": self.depths, "w": self.widths, **self.knobs}
        text = " ".join(f"{name}=({','.join(map(str, values))})" for name, values in parts.items())
        return text if self.image_size is None else f"{text} {self.image_size}px"


def _whole(name: str, values: Iterable[Any], most: int) -> list[int]:
    """Return values as integers, or raise NetspaceError where one is none, or does not lie between 1 and `most`."""
    given = list(values)
    for value in given:
        if not isinstance(value, (int, float, np.integer, np.floating)) or value != value // 1:
            raise NetspaceError(f"{name} {value!r:.40} is no whole number; give one per stage")
        if not 1 <= value <= most:
            raise NetspaceError(f"{name} {value!r:.40} is not possible; it lies between 1 and {most}")
    return [int(value) for value in given]
