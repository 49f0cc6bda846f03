"""How often each channel and each block of the super network was trained."""

from __future__ import annotations

import numpy as np

from netspace.blocks import OUT
from netspace.models import SubNetwork, limits_of
from netspace.spaces import NetworkTemplate, SearchSpace


class Exposure:
    """Counts of steps in which each channel and each block was in use.

    Args:
        search_space: gives the number of channels and blocks, and the ranges they are summed up by.
        template: of its networks.
    """

    def __init__(self, search_space: SearchSpace, template: NetworkTemplate) -> None:
        self._search_space = search_space
        limits = limits_of(search_space.full, template)
        self.channels = [np.zeros(stage.entry.channels[OUT], np.int64) for stage in limits]
        self.blocks = [np.zeros(stage.depth, np.int64) for stage in limits]
        self.steps = 0

    def reset(self) -> None:
        """Start counting anew."""
        for counts in (*self.channels, *self.blocks):
            counts[:] = 0
        self.steps = 0

    def add(self, choice: SubNetwork) -> None:
        """Count one step of a sub-network."""
        self.steps += 1
        for counts, channels in zip(self.channels, choice.channels, strict=True):
            counts[: channels if isinstance(channels, int) else 0] += 1
            if not isinstance(channels, int):
                counts[channels.cpu().numpy()] += 1
        for counts, blocks in zip(self.blocks, choice.blocks, strict=True):
            counts[list(blocks)] += 1

    def shares(self) -> list[dict[str, list[float]]]:
        """Return, per stage, the share of steps of each width range's channels (mean) and of each block."""
        shares = []
        for stage, channels, blocks in zip(self._search_space.stages, self.channels, self.blocks, strict=True):
            parts = np.array_split(channels, stage.width.ranges)
            widths = [round(float(part.mean()) / max(self.steps, 1), 4) for part in parts]
            shares.append({"channels": widths, "blocks": [round(float(b) / max(self.steps, 1), 4) for b in blocks]})
        return shares
