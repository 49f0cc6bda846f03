"""The images of a training, split as its recipe says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from netspace.data import ImageData, ImageSet, Normalisation
from netspace.errors import NetspaceError
from netspace.settings import Recipe


@dataclass(frozen=True)
class TrainingData:
    """The images of a training, on a device.

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
    def of(cls, data: ImageData, recipe: Recipe, device: torch.device) -> TrainingData:
        """Split a data set as a recipe says; every training of a recipe sees the same split.

        Raises:
            NetspaceError: where a part would be smaller than a batch.
        """
        n = len(data.train) if recipe.train_images is None else min(recipe.train_images, len(data.train))
        held_out = round(n * recipe.validation_share)
        if n - held_out < recipe.batch_size or not held_out:
            raise NetspaceError(
                f"{n} training images leave {n - held_out} to train on and {held_out} to validate; a batch of "
                f"{recipe.batch_size} needs more: give more images or a recipe with a smaller batch_size"
            )
        order = torch.from_numpy(np.random.default_rng(0).permutation(len(data.train)))[:n]
        train, validation = (
            ImageSet(data.train.images[rows], data.train.labels[rows]).to(device)
            for rows in (order[held_out:], order[:held_out])
        )
        test = data.sealed_test().to(device)
        return cls(train, validation, test, Normalisation.of(train.images), data.fingerprint)
