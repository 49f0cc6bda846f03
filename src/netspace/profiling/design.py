"""What of a space is measured: blocks of seeded draws, in every stage, and whole networks, all different."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from netspace.blocks import OUT
from netspace.cost import CostModel, LogUniformDraws
from netspace.profiling.subjects import BlockSubject, NetworkSubject
from netspace.spaces import Architecture, NetworkSpace, NetworkTemplate
from netspace.spaces.layout import Points

BLOCKS, KNOWN, UNSEEN = 90, 16, 20


class Design(NamedTuple):
    """What is measured.

    Args:
        blocks: each timed alone.
        known: whole networks that the model is fitted on too: what runs in one call shares caches and the call.
        unseen: whole networks that it is judged by.
    """

    blocks: list[BlockSubject]
    known: list[NetworkSubject]
    unseen: list[NetworkSubject]


def design(space: NetworkSpace, template: NetworkTemplate, *, seed: int, blocks: int = BLOCKS) -> Design:
    """Draw what is measured of a space.

    Whole networks are spread evenly over the orders of magnitude of FLOPs; blocks are taken from such networks and
    from uniform draws in turn. A small space has fewer of each.

    Args:
        space: whose blocks.
        template: of its networks.
        seed: of the draws.
        blocks: how many draws of blocks are made; equal ones are measured once.
    """
    rng = np.random.default_rng(seed)
    spread = LogUniformDraws(CostModel(template), space, rng=rng)
    drawn = np.stack([spread.draw(blocks, rng=rng), space.draw(blocks, rng=rng)], axis=1).reshape(2 * blocks, -1)
    found = [_block(template, one, n) for n, one in enumerate(template.architectures(drawn[::2][: blocks // 2]))]
    found += [_block(template, one, n) for n, one in enumerate(template.architectures(drawn[1::2][: -(-blocks // 2)]))]
    different = list({str(one.told): one for one in found}.values())
    whole = _whole_networks(spread.draw(40 * (KNOWN + UNSEEN), rng=rng), template)
    known = min(KNOWN, len(whole) // 2)
    return Design(different, whole[:known], whole[known : known + UNSEEN])


def _whole_networks(points: Points, template: NetworkTemplate) -> list[NetworkSubject]:
    """Return the first different ones."""
    _, places = np.unique(points, axis=0, return_index=True)
    kept = points[np.sort(places)[: KNOWN + UNSEEN]]
    return [NetworkSubject(template, one) for one in template.architectures(kept)]


def _block(template: NetworkTemplate, architecture: Architecture, n: int) -> BlockSubject:
    """Return the n-th block: of each stage in turn, first and further ones in turn."""
    own = template.at(architecture.image_size)
    stages = template.complete(architecture).stages
    i, first = n % len(stages), n // len(stages) % 2 == 0
    values = [{"width": one.width, **dict(one.knobs)} for one in stages]
    outs = [int(own.plan(1, one, 1).channels[OUT]) for one in values]
    inputs = outs[i] if not first else outs[i - 1] if i else own.stem_width
    return BlockSubject(own, i, inputs, values[i], first)
