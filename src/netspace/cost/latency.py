"""Latency as a cost: a weight for each amount of work of a network's parts, added up in whole nanoseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netspace.blocks import BlockPlan
from netspace.cost.work import Amount, Work, block_work, head_work, stem_work
from netspace.documents import to_plain
from netspace.errors import NetspaceError
from netspace.spaces import NetworkTemplate


class Latency:
    """Nanoseconds of a call of the runtime with one batch, as a device's profile predicts them; see PartCost.

    Each part is rounded by itself, so that costs are counted and drawn exactly. In microseconds the blocks of small
    networks, which take ten or twenty, would be rounded by several percent.

    Args:
        weights: nanoseconds of each unit of work, by its name; what is not named takes none.
        template: of the networks that were measured; others are refused.
        source: what to call the profile in messages.
    """

    adds_up = True

    def __init__(self, weights: Mapping[str, float], template: NetworkTemplate, source: str) -> None:
        self._weights, self._template, self._source = weights, template, source

    def check(self, template: NetworkTemplate) -> None:
        """Raise NetspaceError where networks are not of the template that was measured."""
        own, asked = to_plain(self._template), to_plain(template)
        differing = [
            f"{key} {own.get(key, 'at its default')} there, {asked.get(key, 'at its default')} here"
            for key in sorted({*own, *asked})
            if own.get(key) != asked.get(key)
        ]
        if differing:
            raise NetspaceError(
                f"{self._source} was measured on other networks: {'; '.join(differing)}; profile this space with "
                "`netspace profile`, with the image size, channels and classes that are used here"
            )

    def stem(self, template: NetworkTemplate, size: Amount) -> Amount:
        """See PartCost; the call itself is counted here."""
        return self._priced(stem_work(template, size), size)

    def block(self, plan: BlockPlan, before: Amount, behind: Amount) -> Amount:
        """See PartCost."""
        return self._priced(block_work(plan, before, behind), *plan.channels.values())

    def head(self, template: NetworkTemplate, width: Amount, size: Amount) -> Amount:
        """See PartCost."""
        return self._priced(head_work(template, width, size), width)

    def _priced(self, work: Work, *given: Any) -> Amount:
        total = np.zeros(np.broadcast_shapes(*(np.shape(amount) for amount in work.values())))
        for name in sorted(work.keys() & self._weights.keys()):  # in one order: sums of these are rounded
            total = total + self._weights[name] * np.asarray(work[name])
        if any(np.asarray(one).dtype.kind == "f" for one in given):
            return total  # a bound of many networks' costs
        return np.asarray(np.rint(total)).astype(np.int64)
