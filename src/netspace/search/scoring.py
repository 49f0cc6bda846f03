"""Scores read off the super network, each with BatchNorm recalibrated for the architecture in question."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from netspace.data import ImageSet, Normalisation
from netspace.models import Network, SuperNetwork, error_rate, expected_error, recalibrate, resized
from netspace.spaces import Architecture, NetworkSpace, Points

MEMBERS = 4
CALIBRATION_IMAGES = 128
SCORED_IMAGES = 384
ERROR_IMAGES = 2000
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
    prepared = (_prepared(supernet, one, images, normalise, most=ERROR_IMAGES) for one in members)
    return float(np.mean([error_rate(network, tested) for network, tested in prepared]))


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
        """Return the scores, shape (n,), of networks of shape (n, axes); each is scored once."""
        wanted = self._supernet.template.architectures(points)
        for architecture in wanted:
            if architecture not in self.errors:
                self.errors[architecture] = architecture_score(
                    self._supernet, architecture, images=self._images, normalise=self._normalise
                )
        return np.array([self.errors[architecture] for architecture in wanted])

    def best(self, n: int) -> list[tuple[Architecture, float]]:
        """Return the n best that were scored, best first; of equals, those scored first."""
        return sorted(self.errors.items(), key=lambda item: item[1])[:n]


def architecture_score(
    supernet: SuperNetwork, architecture: Architecture, *, images: ImageSet, normalise: Normalisation
) -> float:
    """Return what the shared weights say of one architecture, with BatchNorm recalibrated: its expected error, 0..1.

    It is read off few held-out images, which do for it (see `netspace.models.expected_error`, and
    docs/supernetwork.md for how it ranks).
    """
    network, scored = _prepared(supernet, architecture, images, normalise, most=SCORED_IMAGES)
    return expected_error(network, scored)


def _prepared(
    supernet: SuperNetwork, architecture: Architecture, images: ImageSet, normalise: Normalisation, *, most: int
) -> tuple[Network, Iterator[tuple[Tensor, Tensor]]]:
    """Return a network with the shared weights and statistics of its own, and at most so many images to test it."""
    calibration = min(CALIBRATION_IMAGES, len(images) // 2)
    network = supernet.extract(architecture).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    size, rest = architecture.image_size, slice(calibration, min(calibration + most, len(images)))
    recalibrate(network, (resized(normalise(part), size) for part in images.images[:calibration].split(BATCH)))
    parts = zip(images.images[rest].split(BATCH), images.labels[rest].split(BATCH), strict=True)
    return network, ((resized(normalise(part), size), labels) for part, labels in parts)
