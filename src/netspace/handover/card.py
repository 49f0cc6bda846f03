"""The model card: all that a reader has to know about a trained network, as JSON to read in and Markdown to read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from netspace.cost import format_amount
from netspace.documents import from_plain, read_json, to_plain, write_atomically
from netspace.errors import NetspaceError
from netspace.names import in_code, in_markdown, shown
from netspace.records import ChosenArchitecture
from netspace.runs import Run
from netspace.settings import DataSettings, Recipe
from netspace.spaces import NetworkTemplate
from netspace.spaces.ranges import STRICT

CARD, CARD_TEXT = "card.json", "card.md"
LONGEST = 200


def _one_line(text: str) -> str:
    if shown(text) != text:
        raise ValueError(f"{text!r} holds a control character; give plain text of one line")
    return text


Words = Annotated[str, Field(max_length=LONGEST), AfterValidator(_one_line)]
Number = Annotated[float, Field(allow_inf_nan=False)]


@dataclass(frozen=True, config=STRICT)
class Latency:
    """How long one batch takes, measured.

    Args:
        batch: images.
        milliseconds: median over the runs.
        runs: how many were timed, after a few that were not.
        device: where.
        threads: of the CPU.
    """

    batch: int
    milliseconds: Number
    runs: int
    device: Words
    threads: int


@dataclass(frozen=True, config=STRICT)
class Export:
    """One exported file and how far it is from the network that was trained.

    Args:
        format: as `netspace export --format` names it, with `-int8` where it is in eight bits.
        file: its name.
        images: real test images that it was compared on.
        difference: largest absolute difference of a logit.
        agreement: share of the images with the same class, 0..1.
        test_error: on the whole test split, where it was measured.
        size: bytes of the files that it needs: the flash that it takes.
        peak_memory: bytes of the tensors that are alive at once, by the network's plan and the format's precision.
        latency: of one image, by the format's own runtime.
    """

    format: Words
    file: Words
    images: int
    difference: Number
    agreement: Number
    test_error: Number | None = None
    size: int | None = None
    peak_memory: int | None = None
    latency: Latency | None = None


@dataclass(frozen=True, config=STRICT)
class ModelCard:
    """A trained network: what it is for, what it costs, how it came about and how well it does.

    Args:
        architecture: depth, width, template, costs and provenance.
        macs: multiply-adds; the same number as `architecture.cost.flops`.
        data: how its images are read.
        fingerprint: of the training images and labels.
        classes: names, in the order of the logits.
        images: number of images of `train`, `validation` and `test`.
        mean: of each channel, pixel values 0..255; subtracted before the network.
        deviation: of each channel; divided by before the network.
        recipe: how it was trained.
        seed: of initialisation, order and augmentation.
        epochs: that were trained.
        epoch: whose weights these are: the last one, or with early stopping the best one on the validation images.
        patience: epochs without a better validation error that end the training; None is off.
        validation_error: share of wrong classes at that epoch, 0..1.
        test_error: the same on the sealed test images, read once, after the choice of the epoch.
        latency: measured.
        curve: training loss and validation error of each epoch.
        seconds: wall time of the training.
        device: where it was trained.
        environment: versions.
        reading: by which rules an image file becomes pixels; empty for a training before there were such rules.
        exports: what it was exported to.
        task: what it is for.
        schema: version of the file's format.
    """

    architecture: ChosenArchitecture
    macs: int
    data: DataSettings
    fingerprint: Words
    classes: tuple[str, ...]
    images: dict[str, int]
    mean: tuple[Number, ...]
    deviation: tuple[Number, ...]
    recipe: Recipe
    seed: int
    epochs: int
    epoch: int
    patience: int | None
    validation_error: float
    test_error: float
    latency: tuple[Latency, ...]
    curve: list[dict[str, Any]]
    seconds: float
    device: Words
    environment: dict[str, Any]
    reading: dict[str, str] = Field(default_factory=dict)
    exports: tuple[Export, ...] = ()
    task: Words = "image classification"
    schema: int = Field(default=1, ge=1, le=1)

    @property
    def template(self) -> NetworkTemplate:
        """All of the network that was not searched."""
        assert self.architecture.template is not None
        return self.architecture.template

    def save(self, folder: Path) -> None:
        """Write card.md and then card.json into a folder."""
        write_atomically(folder / CARD_TEXT, markdown(self))
        plain = {"patience": None, **to_plain(self)}
        write_atomically(folder / CARD, exact_json(plain, indent=1))


def exact_json(value: Any, indent: int | None = None) -> str:
    """Return plain data as a JSON file's text; bytes of a name that are no text stay as `\\udcff`."""
    text = json.dumps(value, indent=indent, ensure_ascii=False) + "\n"
    return re.sub("[\ud800-\udfff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def load_card(folder: Path) -> ModelCard:
    """Read the card of a trained or exported network.

    Raises:
        NetspaceError: where the folder holds none, or one at fault.
    """
    file = folder / CARD
    if not file.exists():
        state = "is not trained to its end" if Run(folder).exists else "holds no trained network"
        raise NetspaceError(f"'{folder}' {state}: it has no {CARD}; run `netspace train … --out {folder}` first")
    return from_plain(ModelCard, read_json(file), str(file))


def markdown(card: ModelCard) -> str:
    """Return the card as a page of Markdown, names in it as they are."""
    template, cost = card.template, card.architecture.cost
    assert cost is not None
    chosen = card.architecture.architecture
    shape = f"{template.image_size}×{template.image_size}×{template.channels}"
    counts = ", ".join(f"{n:,} {in_markdown(part)}" for part, n in card.images.items())
    rows = [
        ("task", in_markdown(f"{card.task}, {len(card.classes)} classes: {', '.join(card.classes)}")),
        ("data", f"{in_code(card.data.dataset)} ({counts} images; fingerprint {in_markdown(card.fingerprint)})"),
        ("input", f"{shape}, pixel values 0 to 255; mean {_short(card.mean)}, deviation {_short(card.deviation)}"),
        ("image files", in_markdown("; ".join(f"{key}: {rule}" for key, rule in card.reading.items()))),
        ("architecture", f"{chosen}, strides {template.strides}, stem {template.stem_width}"),
        ("FLOPs", f"{cost.flops:,} counted as multiply-adds, so {card.macs:,} MACs; {2 * card.macs:,} counted as two"),
        ("params", f"{cost.params:,}"),
        ("activations", f"{cost.activations:,}"),
        *(("latency", in_markdown(_latency(latency))) for latency in card.latency),
        ("recipe", in_markdown(f"{card.recipe.name}: {_recipe(card.recipe)}")),
        ("epochs", _epochs(card)),
        ("seed", str(card.seed)),
        ("validation error", f"{card.validation_error:.2%}{' (chose the epoch)' if card.patience else ''}"),
        ("test error", f"{card.test_error:.2%} (read once, at the end; it chose nothing)"),
        ("training", in_markdown(f"{card.seconds:.0f} s on {card.device}")),
        ("versions", in_markdown(", ".join(f"{k} {v}" for k, v in card.environment.items()))),
        *((in_markdown(k), in_markdown(v)) for k, v in (card.architecture.provenance or {}).items()),
    ]
    lines = [f"# {chosen}, {format_amount(card.macs)} FLOPs", "", "| | |", "| --- | --- |"]
    lines += [f"| {key} | {value} |" for key, value in rows]
    return "\n".join([*lines, *_exports(card), ""])


def _exports(card: ModelCard) -> list[str]:
    if not card.exports:
        return []
    columns = ("format", "file", "bytes", "peak memory", "one image", "largest logit difference", "same class")
    head = ["", "## Exports", "", f"| {' | '.join(columns)} | test error |", f"|{' --- |' * (len(columns) + 1)}"]
    return [*head, *map(_export_row, card.exports)]


def _export_row(e: Export) -> str:
    cells = [
        in_markdown(e.format),
        in_code(e.file),
        "" if e.size is None else f"{e.size:,}",
        "" if e.peak_memory is None else f"{e.peak_memory:,}",
        "" if e.latency is None else in_markdown(f"{e.latency.milliseconds:.3g} ms"),
        f"{e.difference:.1e} ({e.images} images)",
        f"{e.agreement:.2%}",
        "" if e.test_error is None else f"{e.test_error:.2%}",
    ]
    return f"| {' | '.join(cells)} |"


def _latency(latency: Latency) -> str:
    each = f"{latency.milliseconds:.3g} ms for a batch of {latency.batch}"
    threads = "1 thread" if latency.threads == 1 else f"{latency.threads} threads"
    return f"{each} on {latency.device}, {threads} (median of {latency.runs} runs)"


def _epochs(card: ModelCard) -> str:
    if card.patience is None:
        return f"{card.epochs}; the weights are those of the last"
    return (
        f"{card.epochs} of {card.recipe.epochs} (patience {card.patience}); the weights are those of epoch "
        f"{card.epoch}, the best on the validation images"
    )


def _recipe(recipe: Recipe) -> str:
    settings = {key: value for key, value in to_plain(recipe).items() if key not in ("name", "augment")}
    augment = {f"augment.{key}": value for key, value in to_plain(recipe.augment).items()}
    return ", ".join(f"{key} {value}" for key, value in {**settings, **augment}.items())


def _short(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)
