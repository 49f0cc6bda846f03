"""Scores read off the super network, each with BatchNorm recalibrated for the architecture in question."""

from __future__ import annotations

import numpy as np
import torch

from netspace.data import ImageSet, Normalisation
from netspace.models import SuperNetwork, error_rate, recalibrate
from netspace.spaces import Architecture, NetworkSpace

MEMBERS = 4
CALIBRATION_IMAGES = 512
SCORED_IMAGES = 2000
BATCH = 256


def held_out_error(
    supernet: SuperNetwork,
    space: NetworkSpace,
    *,
    images: ImageSet,
    normalise: Normalisation,
    rng: np.random.Generator,
) -> float:
    """Return the mean error rate of a few members of a space on held-out images, with the shared weights.

    The images that recalibrate BatchNorm are not among those that are scored.

    Args:
        supernet: the shared weights.
        space: its members are drawn uniformly.
        images: held-out images, which the weights were not trained on.
        normalise: as in training.
        rng: source of randomness.
    """
    depths, widths = space.draw(MEMBERS, rng=rng)
    errors = [
        architecture_error(supernet, Architecture.of(d, w), images=images, normalise=normalise)
        for d, w in zip(depths, widths, strict=True)
    ]
    return float(np.mean(errors))


def architecture_error(
    supernet: SuperNetwork, architecture: Architecture, *, images: ImageSet, normalise: Normalisation
) -> float:
    """Return one architecture's error rate on held-out images, with the shared weights and BatchNorm recalibrated."""
    calibration = min(CALIBRATION_IMAGES, len(images) // 2)
    last = min(calibration + SCORED_IMAGES, len(images))
    network = supernet.extract(architecture).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    recalibrate(network, (normalise(part) for part in images.images[:calibration].split(BATCH)))
    scored = zip(
        images.images[calibration:last].split(BATCH), images.labels[calibration:last].split(BATCH), strict=True
    )
    return error_rate(network, ((normalise(part), labels) for part, labels in scored))
