"""A network as it is handed over: from pixel values to logits, its BatchNorm folded away where that is wished."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from netspace.handover.card import load_card
from netspace.handover.full_training import WEIGHTS
from netspace.handover.trained_model import TrainedModel, read_weights, with_weights
from netspace.models import Network
from netspace.models.network import ConvNorm
from netspace.spaces import NetworkTemplate


class Deployed(nn.Module):
    """Normalisation and a network, in evaluation mode.

    Args:
        model: as it was trained.
        fold: fold each BatchNorm into the convolution before it.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, model: TrainedModel, *, fold: bool = False) -> None:
        super().__init__()
        self.register_buffer("mean", model.normalise.mean[:, None, None])
        self.register_buffer("deviation", model.normalise.deviation[:, None, None])
        self.folded = fold
        self.network = fold_batch_norm(model.network) if fold else model.network
        self.eval()

    def forward(self, pixels: Tensor) -> Tensor:
        """Map pixel values 0..255, shape (n, channels, image_size, image_size), to logits (n, classes)."""
        logits: Tensor = self.network((pixels.float() - self.mean) / self.deviation)
        return logits


def load_deployed(folder: Path) -> Deployed:
    """Build an exported network of its card and model.safetensors, folded or not; the folder's model.py is not run.

    Raises:
        NetspaceError: where a file is not there or at fault, or the weights are not those of the card's network.
    """
    card, file = load_card(folder), folder / WEIGHTS
    network = Network(card.architecture.architecture, card.template).eval()
    weights = read_weights(file, "export it again")
    if "stem.conv.bias" in weights:
        network = fold_batch_norm(network)
    return Deployed(with_weights(card, network, weights, file))


def fold_batch_norm(network: Network) -> Network:
    """Return a copy whose convolutions hold the BatchNorm behind them: w·γ/σ and β − μ·γ/σ.

    Args:
        network: in evaluation mode.
    """
    folded = copy.deepcopy(network)
    for module in folded.modules():
        if isinstance(module, ConvNorm):
            module.conv = fuse_conv_bn_eval(module.conv, module.norm)
            module.norm = nn.Identity()  # type: ignore[assignment]
    return folded


def example_pixels(template: NetworkTemplate, n: int = 2) -> Tensor:
    """Return pixels of the shape that a network takes, shape (n, channels, image_size, image_size), uint8."""
    return torch.zeros(n, template.channels, template.image_size, template.image_size, dtype=torch.uint8)
