"""Warm-up: how often channels and blocks beyond the drawn ones are switched on."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from netspace import Architecture, SearchSpace
from netspace.models import SubNetwork, forward_masked, limits_of, masks_of_subnetwork, warm_up
from netspace.testing import Subject


def test_nothing_is_switched_on_at_probability_zero_and_everything_at_one(
    mixed: SearchSpace, rng: np.random.Generator
) -> None:
    architecture, template = Architecture.of((1, 2, 3), (4, 8, 24)), mixed.template(12, 3, 7)
    none = warm_up(architecture, limits_of(mixed.full, template), template, filters=0, blocks=0, rng=rng)
    assert none.channels == (4, 8, 24)
    assert none.blocks == ((0,), (0, 1), (0, 1, 2))
    everything = warm_up(architecture, limits_of(mixed.full, template), template, filters=1, blocks=1, rng=rng)
    assert [len(c) if isinstance(c, torch.Tensor) else c for c in everything.channels] == [24, 24, 24]
    assert everything.blocks == ((0, 1, 2, 3),) * 3


@pytest.mark.parametrize("probability", [0.1, 0.6])
def test_each_further_channel_and_block_is_on_as_often_as_its_probability_says(
    mixed: SearchSpace, rng: np.random.Generator, probability: float
) -> None:
    architecture, n = Architecture.of((2, 1, 4), (8, 4, 16)), 3000
    channels, blocks, template = np.zeros((3, 24)), np.zeros((3, 4)), mixed.template(12, 3, 7)
    limits = limits_of(mixed.full, template)
    for _ in range(n):
        choice = warm_up(architecture, limits, template, filters=probability, blocks=probability, rng=rng)
        for i in range(3):
            chosen = choice.channels[i]
            channels[i, torch.arange(chosen) if isinstance(chosen, int) else chosen] += 1
            blocks[i, list(choice.blocks[i])] += 1
    margin = 4.5 * np.sqrt(n * probability * (1 - probability))
    for i, stage in enumerate(architecture.stages):
        assert np.all(channels[i, : stage.width] == n)
        assert np.all(blocks[i, : stage.depth] == n)
        assert np.all(np.abs(channels[i, stage.width :] - n * probability) < margin)
        assert np.all(np.abs(blocks[i, stage.depth :] - n * probability) < margin)


def test_a_drawn_set_of_channels_that_is_a_slice_runs_alike_sliced_and_masked() -> None:
    subject = Subject.of("basic", strides=(1, 1))
    net, images = subject.supernet(), subject.images()
    exact = SubNetwork.of(Architecture.of([1, 1], [8, 24]), subject.template)
    drawn = replace(exact, stages=(replace(exact.stages[0], channels=torch.arange(24)), exact.stages[1]))
    with torch.no_grad():
        masked = forward_masked(net.shared, images, masks_of_subnetwork(net.shared, drawn))
        assert torch.allclose(net(images, drawn), masked, atol=1e-5)
