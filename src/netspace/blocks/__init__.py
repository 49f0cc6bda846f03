"""Kinds of blocks, each written once as a plan of convolutions."""

from netspace.blocks.basic import Basic
from netspace.blocks.bottleneck import Bottleneck
from netspace.blocks.kinds import BLOCKS, block_named, knob_names
from netspace.blocks.mbconv import MBConv
from netspace.blocks.plan import (
    ACTIVATIONS,
    IN,
    OUT,
    Activation,
    Amount,
    Block,
    BlockPlan,
    BlockSettings,
    Conv,
    Knob,
    Layer,
    Squeeze,
)
from netspace.blocks.sizes import check_sizes
from netspace.blocks.x import X

__all__ = [
    "ACTIVATIONS",
    "BLOCKS",
    "IN",
    "OUT",
    "Activation",
    "Amount",
    "Basic",
    "Block",
    "BlockPlan",
    "BlockSettings",
    "Bottleneck",
    "Conv",
    "Knob",
    "Layer",
    "MBConv",
    "Squeeze",
    "X",
    "block_named",
    "check_sizes",
    "knob_names",
]
