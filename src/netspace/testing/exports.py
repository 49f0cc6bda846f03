"""What has to hold for any network that is handed over: every format computes what the network computes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from netspace.data import RULES, Normalisation
from netspace.handover.card import ModelCard
from netspace.handover.deployed import Deployed
from netspace.handover.formats import KINDS, Model, load_written, writable
from netspace.handover.trained_model import TrainedModel
from netspace.models import Network, recalibrate
from netspace.records import ChosenArchitecture
from netspace.settings import DataSettings, Recipe
from netspace.spaces import Architecture, NetworkTemplate
from netspace.testing.blocks import CLOSE, ConformanceError, Subject

IMAGES = 8


def check_exports(block: str, n: int = 2, **settings: Any) -> None:
    """Export networks of a kind of block in every format whose packages are installed.

    Args:
        block: a name in `netspace.blocks.BLOCKS`.
        n: networks; each is exported with BatchNorm folded and not.
        settings: of the search space, such as `squeeze=4`.

    Raises:
        ConformanceError: where a format's logits differ by more than 1e-5 of their size.
    """
    subject = Subject.of(block, **{"stem": {"kernel": 3, "stride": 2, "pool": 2}, "head_width": 20, **settings})
    for architecture in subject.architectures(n):
        check_exported(subject.supernet().extract(architecture), subject.template)


def check_exported(network: Network, template: NetworkTemplate) -> None:
    """Export one network in every format and compare; its BatchNorms are measured on random images first.

    Raises:
        ConformanceError: where a format's logits differ by more than 1e-5 of their size.
    """
    size, generator = template.image_size, torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (IMAGES, template.channels, size, size), generator=generator, dtype=torch.uint8)
    normalise = Normalisation(torch.full((template.channels,), 128.0), torch.full((template.channels,), 64.0))
    recalibrate(network, [normalise(pixels)])
    model = TrainedModel(example_card(network.architecture, template), network, normalise)
    with torch.no_grad():
        wanted = Deployed(model)(pixels)
        for fold in (False, True):
            for name, run in _exported(Deployed(model, fold=fold), model.card):
                difference = float((run(pixels) - wanted).abs().max() / wanted.abs().max().clamp_min(1.0))
                if not difference <= CLOSE:
                    raise ConformanceError(f"{network.architecture}: {name} (fold {fold}) differs by {difference:.1e}")


def _exported(deployed: Deployed, card: ModelCard) -> Iterator[tuple[str, Model]]:
    """Write and load each format that is installed."""
    with _folder() as folder:
        for name in writable():
            KINDS[name].write(deployed, card, folder)
            yield name, load_written(folder, name)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="netspace-export-") as name:
        yield Path(name)


def example_card(architecture: Architecture, template: NetworkTemplate) -> ModelCard:
    """Return the card of a network that was not trained, for trying exports."""
    chosen = ChosenArchitecture.of(architecture, template)
    assert chosen.cost is not None
    return ModelCard(
        architecture=chosen,
        macs=chosen.cost.flops,
        data=DataSettings("example"),
        fingerprint="example",
        classes=tuple(f"class {i}" for i in range(template.classes)),
        images={"train": 0, "validation": 0, "test": 0},
        mean=(128.0,) * template.channels,
        deviation=(64.0,) * template.channels,
        recipe=Recipe("example"),
        seed=0,
        epochs=0,
        epoch=0,
        patience=None,
        validation_error=0.0,
        test_error=0.0,
        latency=(),
        curve=[],
        seconds=0.0,
        device="cpu",
        environment={},
        reading=RULES,
    )
