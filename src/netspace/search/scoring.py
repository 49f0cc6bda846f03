"""Scores read off the super network, each with BatchNorm recalibrated for the architecture in question."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from netspace.data import ImageSet, Normalisation
from netspace.models import SuperNetwork, error_rate, recalibrate, resized
from netspace.spaces import Architecture, NetworkSpace, Points

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
    members = space.layout.architectures(space.draw(MEMBERS, rng=rng))
    errors = [architecture_error(supernet, one, images=images, normalise=normalise) for one in members]
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

    def __call__(self, points: Points) -> NDArray[np.float64]:
        """Return held-out errors, shape (n,), of networks of shape (n, axes); each is scored once."""
        wanted = self._supernet.template.architectures(points)
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
    size = architecture.image_size
    recalibrate(network, (resized(normalise(part), size) for part in images.images[:calibration].split(BATCH)))
    scored = zip(
        images.images[calibration:last].split(BATCH), images.labels[calibration:last].split(BATCH), strict=True
    )
    return error_rate(network, ((resized(normalise(part), size), labels) for part, labels in scored))
