"""The images of a training, split as its recipe says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from netspace.data import ImageData, ImageSet, Normalisation
from netspace.errors import NetspaceError
from netspace.settings import Recipe

CPU = torch.device("cpu")


@dataclass(frozen=True)
class TrainingData:
    """The images of a training, all on one device.

    Args:
        train: what the weights are trained on.
        validation: held out of the training split.
        test: the sealed test split, read once to report.
        normalise: measured on `train`.
        fingerprint: of the whole training split.
    """

    train: ImageSet
    validation: ImageSet
    test: ImageSet
    normalise: Normalisation
    fingerprint: str

    @classmethod
    def of(cls, data: ImageData, recipe: Recipe, device: torch.device = CPU) -> TrainingData:
        """Split a data set as a recipe says; every training of a recipe sees the same split.

        Args:
            data: the images.
            recipe: how many of them, and which share is held out.
            device: where they are put. What `train_population` hands to its workers may stay on the CPU.

        Raises:
            NetspaceError: where a part would be smaller than a batch.
        """
        trained, held_out = recipe.split(len(data.train))
        if trained < recipe.batch_size or not held_out:
            raise NetspaceError(
                f"{trained + held_out} training images leave {trained} to train on and {held_out} to validate; a batch "
                f"of {recipe.batch_size} needs more: give more images or a recipe with a smaller batch_size"
            )
        order = torch.from_numpy(np.random.default_rng(0).permutation(len(data.train)))[: trained + held_out]
        train, validation = (
            ImageSet(data.train.images[rows], data.train.labels[rows]).to(device)
            for rows in (order[held_out:], order[:held_out])
        )
        test = data.sealed_test().to(device)
        return cls(train, validation, test, Normalisation.of(train.images), data.fingerprint)

    def first(self, n: int) -> TrainingData:
        """Return the same with the first n images to train on, and as large a share of those to validate on."""
        held_out = max(round(n / len(self.train) * len(self.validation)), 1)
        train, validation = (
            ImageSet(part.images[:k], part.labels[:k]) for part, k in ((self.train, n), (self.validation, held_out))
        )
        return replace(self, train=train, validation=validation)

    @property
    def device(self) -> torch.device:
        """Where the images are, and so where networks are trained on them."""
        return self.train.images.device

    def to(self, device: torch.device) -> TrainingData:
        """Return the same images on a device; itself where they are there."""
        if device == self.device:
            return self
        sets = {part: getattr(self, part).to(device) for part in ("train", "validation", "test")}
        normalise = Normalisation(self.normalise.mean.to(device), self.normalise.deviation.to(device))
        return replace(self, **sets, normalise=normalise)
