"""Scores read off the super network, each with BatchNorm recalibrated for the architecture in question."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from netspace.data import ImageSet, Normalisation
from netspace.errors import NetspaceError, did_you_mean
from netspace.models import SuperNetwork, error_rate, expected_error, recalibrate, resized
from netspace.spaces import Architecture, NetworkSpace, Points

MEMBERS = 4
BATCH = 256


class Reading(NamedTuple):
    """What a score is read off.

    Args:
        measure: of a network on batches of images and labels, 0..1.
        calibration: images that recalibrate BatchNorm.
        scored: other images, at most.
    """

    measure: Callable[[nn.Module, Iterable[tuple[Tensor, Tensor]]], float]
    calibration: int
    scored: int


READING = "expected error"
# `error` is what scores were before; a run that holds such scores goes on with it.
READINGS = {READING: Reading(expected_error, 128, 384), "error": Reading(error_rate, 512, 2000)}


def reading_named(name: str, file: str) -> Reading:
    """Return what a score is that a file names.

    Raises:
        NetspaceError: where there is none of that name.
    """
    if name not in READINGS:
        raise NetspaceError(f"{file} holds scores of unknown reading '{name[:80]}', {did_you_mean(name, READINGS)}")
    return READINGS[name]


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
    how: dict[str, Any] = {"images": images, "normalise": normalise, "reading": READINGS["error"]}
    return float(np.mean([architecture_score(supernet, one, **how) for one in members]))


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
    supernet: SuperNetwork,
    architecture: Architecture,
    *,
    images: ImageSet,
    normalise: Normalisation,
    reading: Reading = READINGS[READING],
) -> float:
    """Return what the shared weights say of one architecture, with BatchNorm recalibrated, 0..1.

    By default its expected error on few held-out images, which do for it (see `netspace.models.expected_error`, and
    docs/supernetwork.md for how it ranks).
    """
    calibration = min(reading.calibration, len(images) // 2)
    network = supernet.extract(architecture).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    size, rest = architecture.image_size, slice(calibration, min(calibration + reading.scored, len(images)))
    recalibrate(network, (resized(normalise(part), size) for part in images.images[:calibration].split(BATCH)))
    scored = zip(images.images[rest].split(BATCH), images.labels[rest].split(BATCH), strict=True)
    return reading.measure(network, ((resized(normalise(part), size), labels) for part, labels in scored))
