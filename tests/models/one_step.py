"""One training step at each image size that is named on the command line, in a process of its own.

    python -m tests.models.one_step sliced,masked,alone 32-true 8 9 10

A native crash ends this process alone; the last line that was printed says where it happened.
"""

import sys
from collections.abc import Callable

import numpy as np
import torch

from netspace import Architecture
from netspace.data import ImageSet, Normalisation
from netspace.evaluate import Training, TrainingData
from netspace.models import Mixture
from netspace.search.shared_training import SharedTraining
from netspace.settings import Recipe
from netspace.spaces import NetworkTemplate
from tests.conftest import quick_config

BATCH = 4


def images_of(size: int, n: int) -> ImageSet:
    generator = torch.Generator().manual_seed(size)
    pixels = torch.randint(256, (n, 3, size, size), dtype=torch.uint8, generator=generator)
    return ImageSet(pixels, torch.arange(n) % 10)


def shared(size: int, precision: str) -> tuple[SharedTraining, torch.Tensor, torch.Tensor]:
    config = quick_config(precision=precision)
    training = SharedTraining(config, config.space.template(size, 3, 10), rng=np.random.default_rng(size))
    images = images_of(size, BATCH)
    return training, Normalisation.of(images.images)(images.images), images.labels


def sliced(size: int, precision: str) -> torch.Tensor:
    training, images, labels = shared(size, precision)
    return training.step(images, labels, training.warmed_up(0.5, np.random.default_rng(size)), 0.5)


def masked(size: int, precision: str) -> torch.Tensor:
    training, images, labels = shared(size, precision)
    half = torch.full((2,), 0.5, requires_grad=True)
    layout = training.supernet.template.layout()
    values = (torch.tensor([1, 2]), torch.tensor([8, 16])) * layout.stages
    loss = training.loss(images, labels, Mixture(layout, values, (half,) * layout.columns))
    loss.backward()
    assert half.grad is not None
    return loss.detach() + half.grad.sum()


def alone(size: int, precision: str) -> torch.Tensor:
    template = NetworkTemplate(stem_width=8, image_size=size)
    recipe = Recipe("step", epochs=1, warmup_epochs=0, batch_size=BATCH, precision=precision)  # type: ignore[arg-type]
    images = images_of(size, BATCH)
    data = TrainingData(images, images, images, Normalisation.of(images.images), "random")
    training = Training(Architecture.of((1, 2, 1), (8, 16, 12)), template, data, recipe, seed=size)
    return torch.tensor(training.train_epoch()["loss"])


STEPS: dict[str, Callable[[int, str], torch.Tensor]] = {"sliced": sliced, "masked": masked, "alone": alone}


if __name__ == "__main__":
    torch.set_num_threads(1)
    kinds, precision, *sizes = sys.argv[1:]
    for kind in kinds.split(","):
        for text in sizes:
            print(f"{kind} {text}", flush=True)
            assert bool(STEPS[kind](int(text), precision).isfinite())
