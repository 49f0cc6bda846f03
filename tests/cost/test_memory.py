"""Flash and peak memory: against built networks, and against a run in which tensors live as Python objects do."""

from __future__ import annotations

import weakref

import numpy as np
import pytest
import torch
from safetensors.torch import save
from torch import nn

from netspace import Architecture, Network, NetworkTemplate
from netspace.blocks import BLOCKS, IN, OUT, BlockPlan, Conv, Squeeze
from netspace.cost import CostModel
from netspace.cost.memory import PeakMemory
from netspace.evaluate import weights_of
from netspace.handover.deployed import fold_batch_norm
from netspace.models.network import ConvNorm, PlannedBlock, SqueezeExcite
from netspace.spaces.template import Stem, halved

NETWORKS = [(block, i) for block in ("basic", "bottleneck", "x", "mbconv") for i in range(6)]


class Map:
    """A tensor of a run: alive as long as something holds it."""

    def __init__(self, channels: int, size: int, run: Run) -> None:
        self.channels, self.size, self.run = channels, size, run
        run.alive.add(self)
        run.peak = max(run.peak, sum(one.channels * one.size**2 for one in run.alive))

    def through(self, channels: int, stride: int = 1) -> Map:
        """Return what a layer makes of it."""
        return Map(channels, halved(self.size, stride), self.run)


class Run:
    """What is alive, and the most that ever was."""

    def __init__(self) -> None:
        self.alive: weakref.WeakSet[Map] = weakref.WeakSet()
        self.peak = 0


def convolved(module: ConvNorm, x: Map) -> Map:
    return x.through(module.conv.out_channels, module.stride)


def weighed(module: SqueezeExcite, x: Map) -> None:
    means = Map(x.channels, 1, x.run)
    narrow = Map(module.narrow.out_features, 1, x.run)
    del means
    weights = Map(module.widen.out_features, 1, x.run)
    del narrow, weights


def block_run(block: PlannedBlock, x: Map) -> Map:
    y = x
    held = x if block.adds else None
    del x
    for layer in block.plan.residual:
        module = getattr(block, layer.name)
        if isinstance(layer, Squeeze):
            weighed(module, y)
        else:
            y = convolved(module, y)
    if block.shortcut is not None:
        assert held is not None
        held = convolved(block.shortcut, held)
    return y  # the sum is written into it


def peak_of_run(network: Network) -> int:
    """Run a network's layers one after the other on maps without content."""
    template, run = network.template, Run()
    x = Map(template.channels, template.image_size, run)
    x = convolved(network.stem, x)
    if network.pool is not None:
        x = x.through(x.channels, template.stem.pool)
    for stage in network.stages:
        assert isinstance(stage, nn.Sequential)
        for block in stage:
            assert isinstance(block, PlannedBlock)
            given, x = x, None  # type: ignore[assignment]
            boxed = [given]
            del given
            x = block_run(block, boxed.pop())
    if network.head is not None:
        x = convolved(network.head, x)
    x = Map(x.channels, 1, run)
    Map(template.classes, 1, run)
    return run.peak


def drawn(block: str, seed: int) -> tuple[NetworkTemplate, Architecture]:
    rng = np.random.default_rng([seed, len(block)])
    stages = int(rng.integers(1, 4))
    template = NetworkTemplate(
        strides=tuple(int(s) for s in rng.integers(1, 3, stages)),
        stem_width=int(rng.choice([8, 16])),
        block=block,
        image_size=int(rng.choice([16, 31, 32])),
        channels=int(rng.choice([1, 3])),
        classes=int(rng.choice([2, 10, 5000])),
        stem=Stem(kernel=3, stride=int(rng.choice([1, 2])), pool=int(rng.choice([1, 2]))),  # type: ignore[arg-type]
        head_width=int(rng.choice([0, 96])),
        squeeze=int(rng.choice([0, 4])),
    )
    return template, Architecture.of(rng.integers(1, 4, stages), rng.choice([8, 16, 24, 64], stages))


@pytest.mark.parametrize(("block", "seed"), NETWORKS)
def test_peak_memory_is_that_of_a_run_in_which_tensors_die_with_their_last_reader(block: str, seed: int) -> None:
    template, architecture = drawn(block, seed)
    with torch.device("meta"):
        network = Network(architecture, template)
    points = template.points([architecture])
    assert int(CostModel(template, "peak_memory-int8")(points)[0]) == peak_of_run(network)
    assert int(CostModel(template, "peak_memory")(points)[0]) == 4 * peak_of_run(network)


def test_what_is_weighed_first_in_a_block_is_kept_beside_its_shortcut() -> None:
    plan = BlockPlan({IN: 6, OUT: 6, "few": 2}, (Squeeze("squeeze", IN, "few"), Conv("conv", IN, OUT)))
    x, vectors = 6 * 64, 6 + 2
    assert PeakMemory(1).block(plan, 8, 8) == max(x + vectors, 2 * x + 6, 3 * x)


@pytest.mark.parametrize(("block", "seed"), NETWORKS)
def test_flash_is_the_bytes_of_the_folded_networks_file_without_its_header(block: str, seed: int) -> None:
    template, architecture = drawn(block, seed)
    network = Network(architecture, template).eval()
    content = save(weights_of(fold_batch_norm(network)))
    header = 8 + int.from_bytes(content[:8], "little")
    assert int(CostModel(template, "flash")(template.points([architecture]))[0]) == len(content) - header


@pytest.mark.parametrize(("block", "seed"), NETWORKS)
def test_int8_flash_is_a_byte_a_weight_and_eight_an_output_channel(block: str, seed: int) -> None:
    template, architecture = drawn(block, seed)
    with torch.device("meta"):
        network = Network(architecture, template)
    layers = [module.weight for module in network.modules() if isinstance(module, (nn.Conv2d, nn.Linear))]
    wanted = sum(weight.numel() + 8 * weight.shape[0] for weight in layers)
    assert int(CostModel(template, "flash-int8")(template.points([architecture]))[0]) == wanted


def test_every_kind_of_block_is_among_those_that_were_run() -> None:
    assert {block for block, _ in NETWORKS} <= set(BLOCKS)
