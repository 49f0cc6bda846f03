"""A trained network read back from its folder: card, weights, and whether they belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from netspace.data import EMBEDDED, ImageData, Normalisation, load_images, places, same_images
from netspace.errors import NetspaceError
from netspace.handover.card import ModelCard, load_card
from netspace.handover.full_training import WEIGHTS
from netspace.models import Network
from netspace.settings import DataSettings


@dataclass(frozen=True)
class TrainedModel:
    """A network in evaluation mode on the CPU, its card, and the normalisation before it."""

    card: ModelCard
    network: Network
    normalise: Normalisation


def load_model(folder: Path) -> TrainedModel:
    """Read the network that `netspace train` left in a folder.

    Raises:
        NetspaceError: where there is none, or the weights are those of another architecture or number of classes.
    """
    card = load_card(folder)
    network = Network(card.architecture.architecture, card.template)
    file = folder / WEIGHTS
    return with_weights(card, network, read_weights(file, "run `netspace train` again"), file)


def read_weights(file: Path, remedy: str) -> dict[str, Tensor]:
    """Read tensors by name; a file of them holds nothing else.

    Args:
        file: of safetensors.
        remedy: what to do where it is at fault.

    Raises:
        NetspaceError: where it is not there or at fault.
    """
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NetspaceError(f"cannot read the weights {file}: {reason}; {remedy}") from None


def with_weights(card: ModelCard, network: Network, weights: dict[str, Tensor], file: Path) -> TrainedModel:
    """Put weights into a network and return it in evaluation mode, with its card and normalisation.

    Args:
        card: of the network.
        network: as the card says, folded or not.
        weights: by name.
        file: where they are from.

    Raises:
        NetspaceError: where the weights are those of another architecture or number of classes.
    """
    _check(network, weights, card, file)
    network.load_state_dict(weights)
    normalise = Normalisation(torch.tensor(card.mean), torch.tensor(card.deviation))
    return TrainedModel(card, network.eval(), normalise)


def load_data(
    card: ModelCard,
    folder: Path,
    dataset: str | None = None,
    *,
    accept_changed_data: bool = False,
    on_note: Callable[[str], None] = lambda text: None,
) -> ImageData:
    """Read the images that a network was trained on.

    Args:
        card: of the network.
        folder: of the network.
        dataset: where they are now; None looks where the training found them.
        accept_changed_data: take them where some have been lost or added since.
        on_note: told how they have changed.

    Raises:
        NetspaceError: where they are not there, or are others. A card may be another's: what it names is looked for
            on this machine alone.
    """
    if dataset is None and card.data.dataset != EMBEDDED and not Path(card.data.dataset).expanduser().exists():
        raise NetspaceError(
            f"dataset '{card.data.dataset}' is not there; it is where the training found its images; say with "
            "--dataset where they are (a path; or a hub id, which is looked up only where --dataset names it)"
        )
    settings = DataSettings(**{**vars(card.data), "dataset": dataset or card.data.dataset})
    try:
        images = load_images(settings, kept=places(folder))
    except NetspaceError as error:
        if dataset is not None:
            raise
        raise NetspaceError(
            f"{error} (these are the images of the training; say with --dataset where they are)"
        ) from None
    if images.classes != list(card.classes):
        raise NetspaceError(
            f"dataset '{settings.dataset}' has {len(images.classes)} classes ({', '.join(images.classes[:5])}), but "
            f"the network was trained on {len(card.classes)} ({', '.join(card.classes[:5])}); "
            "give the images of its training with --dataset"
        )
    images, notes = same_images(images, card.fingerprint, folder, accept=accept_changed_data)
    for text in notes:
        on_note(text)
    return images


def _check(network: Network, weights: dict[str, Tensor], card: ModelCard, file: Path) -> None:
    """Say which weight does not fit, if one does not."""
    wanted = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in weights.items()}
    if found == wanted:
        return
    head = found.get("classifier.weight", (card.template.classes,))[0]
    if head != card.template.classes:
        raise NetspaceError(
            f"{file} holds a network of {head} classes, but its card names {card.template.classes}: "
            f"{', '.join(card.classes[:5])}; put the weights of this training back"
        )
    name = next(name for name in [*wanted, *found] if wanted.get(name) != found.get(name))
    raise NetspaceError(
        f"{file} holds the weights of another architecture than {card.architecture.architecture}: {name} is "
        f"{found.get(name, 'missing')}, expected {wanted.get(name, 'none')}; put the weights of this training back"
    )
