"""The kinds of blocks by name; a further one is an entry more, in a module of its own."""

from __future__ import annotations

from netspace.blocks.basic import Basic
from netspace.blocks.bottleneck import Bottleneck
from netspace.blocks.mbconv import MBConv
from netspace.blocks.plan import Block
from netspace.blocks.x import X
from netspace.errors import NetspaceError
from netspace.plugins import Entries, named

BLOCKS: Entries[Block] = Entries({"basic": Basic(), "bottleneck": Bottleneck(), "x": X(), "mbconv": MBConv()})
TAKEN = ("depth", "width", "image_size", "knobs")  # names in files that are no knobs of a block


def block_named(name: str) -> Block:
    """Return a kind of block.

    Raises:
        NetspaceError: where there is none of that name, or what is entered is no kind of block.
    """
    block = named(BLOCKS, name, "block")
    if isinstance(block, type):
        raise NetspaceError(f"block '{name}' is entered as a class; enter an instance, {block.__name__}()")
    taken = [knob for knob in block.knobs if knob in TAKEN]
    if taken:
        raise NetspaceError(f"block '{name}' calls a knob '{taken[0]}', which is an axis already; give it another name")
    return block


def knob_names() -> set[str]:
    """Return the names of all knobs of all kinds."""
    return {name for block in BLOCKS.values() for name in block.knobs}
