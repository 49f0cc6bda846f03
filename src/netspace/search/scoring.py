"""Scores read off the super network, each with BatchNorm recalibrated for the architecture in question."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from netspace.data import ImageSet, Normalisation
from netspace.models import SuperNetwork, error_rate, recalibrate
from netspace.spaces import Architecture, NetworkSpace
from netspace.spaces.ranges import IntArray

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


class Scorer:
    """Scores architectures on a super network and keeps what it has scored.

    Args:
        supernet: the shared weights.
        images: held-out images, which the weights were not trained on.
        normalise: as in training.
    """

    def __init__(self, supernet: SuperNetwork, images: ImageSet, normalise: Normalisation) -> None:
        self._supernet, self._images, self._normalise = supernet, images, normalise
        self.errors: dict[Architecture, float] = {}

    def __call__(self, depths: IntArray, widths: IntArray) -> NDArray[np.float64]:
        """Return held-out errors, shape (n,), of depths and widths of shape (n, stages); each is scored once."""
        wanted = [Architecture.of(d, w) for d, w in zip(depths, widths, strict=True)]
        for architecture in wanted:
            if architecture not in self.errors:
                self.errors[architecture] = architecture_error(
                    self._supernet, architecture, images=self._images, normalise=self._normalise
                )
        return np.array([self.errors[architecture] for architecture in wanted])

    def best(self, n: int) -> list[tuple[Architecture, float]]:
        """Return the n best that were scored, best first; of equals, those scored first."""
        return sorted(self.errors.items(), key=lambda item: item[1])[:n]


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
