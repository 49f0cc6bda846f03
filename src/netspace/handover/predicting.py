"""Classes of image files, from whichever format an export folder holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from netspace.data import Row, UnreadableError, images_below, read_pixels
from netspace.errors import NetspaceError, did_you_mean, first_line
from netspace.handover.card import ModelCard, load_card
from netspace.handover.formats import FILES, load_exported

BATCH = 64


@dataclass(frozen=True)
class Prediction:
    """What a model says of one image.

    Args:
        file: its path as it was given, or found in a folder that was given.
        label: the likeliest class.
        probability: of that class, 0..1.
        probabilities: of every class, in the order of the labels.
    """

    file: str
    label: str
    probability: float
    probabilities: dict[str, float]


@dataclass(frozen=True)
class Predictor:
    """An exported model that is loaded.

    Args:
        format: which of the formats.
        card: of the network.
        model: from pixels (n, channels, size, size), uint8, to logits (n, classes).
    """

    format: str
    card: ModelCard
    model: Callable[[Tensor], Tensor]

    @torch.no_grad()
    def predict(self, files: list[Path], *, on_fault: Callable[[str], None]) -> Iterator[Prediction]:
        """Yield a prediction for each file that is an image.

        Args:
            files: in the order of the result.
            on_fault: called with one line for each file that is no image.
        """
        for start in range(0, len(files), BATCH):
            named = [(file, pixels) for file in files[start : start + BATCH] if (pixels := self._read(file, on_fault))]
            if not named:
                continue
            rows = self.model(torch.stack([pixels[0] for _, pixels in named])).softmax(1).tolist()
            for (file, _), row in zip(named, rows, strict=True):
                by_class = dict(zip(self.card.classes, row, strict=True))
                likeliest = max(by_class, key=by_class.__getitem__)
                yield Prediction(str(file), likeliest, by_class[likeliest], by_class)

    def _read(self, file: Path, on_fault: Callable[[str], None]) -> tuple[Tensor] | None:
        template = self.card.template
        try:
            array = read_pixels(Row(str(file), file, 0), template.image_size, template.channels)
        except UnreadableError as error:  # whatever is odd about one file, the others are still predicted
            on_fault(f"{error}; mend or remove the file")
            return None
        pixels = torch.from_numpy(np.array(array)).reshape(*array.shape[:2], template.channels)
        return (pixels.permute(2, 0, 1),)


def load_predictor(folder: Path, format: str | None = None) -> Predictor:
    """Load an exported model; nothing in its folder is run as code.

    Args:
        folder: that `netspace export` wrote.
        format: which of its formats; None takes the first of FILES that is there.

    Raises:
        NetspaceError: where the folder holds no export, or not that format, or its files are at fault.
    """
    if not folder.is_dir():
        raise NetspaceError(f"'{folder}' is no folder; give the --out of `netspace export`")
    there = [name for name, file in FILES.items() if (folder / file).exists()]
    if not there:
        raise NetspaceError(
            f"'{folder}' holds no exported model ({', '.join(FILES.values())}); run `netspace export` first"
        )
    if format is not None and format not in there:
        raise NetspaceError(f"'{folder}' holds no format '{format}', {did_you_mean(format, there)}")
    card, chosen = load_card(folder), format or there[0]
    predictor = Predictor(chosen, card, load_exported(folder, chosen))
    logits = _try(predictor, folder / FILES[chosen])
    if logits.shape[1] != len(card.classes):
        raise NetspaceError(
            f"{folder / FILES[chosen]} gives {logits.shape[1]} classes, but the card names {len(card.classes)}; "
            "export the network again"
        )
    return predictor


@torch.no_grad()
def _try(predictor: Predictor, file: Path) -> Tensor:
    """Return the logits of a black image, shape (1, classes)."""
    template = predictor.card.template
    shape = (1, template.channels, template.image_size, template.image_size)
    try:
        logits = predictor.model(torch.zeros(shape, dtype=torch.uint8))
        assert logits.shape == (1, logits.shape[-1]), f"it gives numbers of the shape {tuple(logits.shape)}"
        return logits
    except Exception as error:
        reason = first_line(error, 200)
        raise NetspaceError(f"{file} does not classify images of {shape[1:]}: {reason}; export it again") from None


def find_images(places: list[Path]) -> list[Path]:
    """Return the files that are named, and the images in each folder that is named, sorted.

    Raises:
        NetspaceError: where a place is not there, or a folder holds no image.
    """
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise NetspaceError(f"image '{place}' is not there; give image files or folders of them")
        if place.is_file():
            found.append(place)
            continue
        inside = images_below(place)
        if not inside:
            raise NetspaceError(f"folder '{place}' holds no image; give image files or folders of them")
        found += inside
    return found
