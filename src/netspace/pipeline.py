"""From images to a deployed network: which functions, in which order, and what tells that one is done."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from netspace.config import load_recipe, load_search_space, preset_names, resolve
from netspace.cost import Budget, CostModel, SpaceCosts, format_amount
from netspace.data import load_images, places, read_so_far
from netspace.documents import from_plain, to_plain
from netspace.errors import NetspaceError
from netspace.finding import find_spaces, pick_by_model
from netspace.handover import (
    CARD,
    FORMATS,
    Exported,
    ModelCard,
    TrainingConfig,
    check_data,
    check_new,
    export_model,
    load_data,
    load_model,
    train_fully,
)
from netspace.models import resolve_device
from netspace.records import EliteSpace, load_architecture, load_elite
from netspace.report import write_report
from netspace.runs import Run
from netspace.search import Picked, RunFolder, open_search, pick_networks
from netspace.settings import DataSettings, NasSettings
from netspace.spaces import NetworkTemplate

ROOM = 2.0
MANY = 5000
BLOCK = "basic"  # of the presets to choose from: what the choice was tried with
EXPORTED = ("model.py", "model.safetensors", "model.onnx", "model.pt2")  # of an export in which every format passed


def _ignore(*told: Any) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Listener:
    """Who is told how far a step has come.

    Args:
        on_epoch: called after each epoch of a training.
        on_progress: called with what is counted, how many are there and how many there will be.
        on_note: called with what must be said.
    """

    on_epoch: Callable[[Any], None] = _ignore
    on_progress: Callable[[str, int, int], None] = _ignore
    on_note: Callable[[str], None] = _ignore


@dataclass(frozen=True)
class Step:
    """One step of the chain.

    Args:
        name: of the step.
        purpose: what it does, in a few words.
        command: what does the same on its own: arguments after `netspace`.
        result: the file that the step writes last.
        work: does it and returns what is to be shown.
        beside: names of files that have to be there too, beside the result.
        leftover: pattern of what the step removes beside the result when it is done; empty where it removes nothing.
        makes_folder: whether the step wants to make the result's folder itself.
    """

    name: str
    purpose: str
    command: tuple[str, ...]
    result: Path
    work: Callable[[Listener], Any]
    beside: tuple[str, ...] = ()
    leftover: str = ""
    makes_folder: bool = False

    @property
    def done(self) -> bool:
        """Whether all is there that the step makes, and nothing that it removes."""
        folder = self.result.parent
        there = self.result.exists() and all((folder / name).exists() for name in self.beside)
        return there and not (self.leftover and any(folder.glob(self.leftover)))

    @contextmanager
    def cleared(self) -> Iterator[None]:
        """Put an incomplete result aside while it is made anew, where the step wants a new folder."""
        self.tidy()
        if self.makes_folder and self.result.exists():
            self.result.parent.replace(self._old)
        try:
            yield
        finally:
            self.tidy()

    def tidy(self) -> None:
        """Remove what was put aside, or put it back where nothing has taken its place, also after a kill."""
        if self.makes_folder and self._old.exists():
            if self.result.parent.exists():
                shutil.rmtree(self._old, ignore_errors=True)
            else:
                self._old.replace(self.result.parent)

    @property
    def _old(self) -> Path:
        return self.result.parent.with_name(self.result.parent.name + ".old")


@dataclass(frozen=True)
class Pipeline:
    """What `netspace auto` does.

    Args:
        data: where the images are and how they are read.
        budget: target of any cost.
        space: search space, a preset's name or a file.
        recipe: of the full training.
        out: folder of all results.
        seed: of every step.
    """

    data: DataSettings
    budget: Budget
    space: str
    recipe: str
    out: Path
    seed: int = 0

    @property
    def run(self) -> Run:
        """The search's."""
        return Run(self.out / "search")

    @property
    def elite(self) -> Path:
        """The elite file that the search writes."""
        return self.run.elite_file(self.budget)

    def steps(self) -> Iterator[Step]:
        """Yield the steps in order; where NAS looks is known when the search is done."""
        out, seed, search = self.out, ("--seed", str(self.seed)), str(self.run.folder)
        given = ("--dataset", self.data.dataset, "--space", self.space, "--budget", str(self.budget))
        command = ("search", *given, *_words(self.data), *seed, "--out", search)
        yield Step("search", "find an Elite Space", command, self.elite, self._search)
        inside = ("nas", self.where_to_look(), "--run", search, "--budget", str(self.budget), "--samples", "1")
        command = (*inside, *seed, "--out", str(self._architecture.parent))
        yield Step("nas", "pick a network in it", command, self._architecture, self._pick)
        reading = ("--dataset", self.data.dataset, *_words(self._shapeless))
        command = ("train", str(self._architecture), *reading, "--recipe", self.recipe, *seed, "--out")
        command, card = (*command, str(self._network)), self._network / CARD
        yield Step("train", "train it fully", command, card, self._train, leftover="checkpoint-*")
        command = ("export", str(self._network), "--dataset", self.data.dataset, "--format", "all")
        command, card = (*command, "--out", str(self._export_folder)), self._export_folder / CARD
        purpose = "write it for deployment"
        yield Step("export", purpose, command, card, self._export, beside=EXPORTED, makes_folder=True)
        page = out / "report.html"
        yield Step("report", "show the search", ("report", search, "--out", str(page)), page, self._report)

    def where_to_look(self) -> str:
        """Return the elite file, or the whole search space where the elite has no member in band."""
        return self.space if self._elite_is_empty else str(self.elite)

    @property
    def _elite_is_empty(self) -> bool:
        return self.elite.exists() and load_elite(self.elite).candidates[0].hit_rate == 0

    @property
    def _shapeless(self) -> DataSettings:
        """How images are read, less size and channels, which the architecture's file holds."""
        return replace(self.data, image_size=None, channels=None)

    @property
    def _architecture(self) -> Path:
        return self.out / "architecture" / "architecture-1.yaml"

    @property
    def _network(self) -> Path:
        return self.out / "network"

    @property
    def _export_folder(self) -> Path:
        return self.out / "export"

    def _search(self, listener: Listener) -> list[EliteSpace]:
        options = {"data": to_plain(self.data), "budgets": [str(self.budget)], "seed": self.seed}
        return find_spaces(
            resolve(self.space, options=options),
            self.run.folder,
            on_epoch=listener.on_epoch,
            on_progress=listener.on_progress,
            on_note=listener.on_note,
        )

    def _pick(self, listener: Listener) -> Picked:
        run, elite = self.run, self.run.elite(self.budget)
        empty, source = self._elite_is_empty, self.where_to_look()
        inside = load_search_space(self.space).full if empty else elite.space
        budget = replace(self.budget, tolerance=run.config.tolerance if empty else elite.budget.tolerance)
        folder, nas = self._architecture.parent, NasSettings(samples=1)
        if not run.has_supernet:
            nas = replace(nas, method="model")
            where: dict[str, Any] = {"source": source, "folder": folder, "seed": self.seed}
            return pick_by_model(run, inside, budget, nas, on_note=listener.on_note, **where)
        search = open_search(run, on_note=listener.on_note)
        return pick_networks(search, inside, budget, nas, run=run, source=source, folder=folder, seed=self.seed)

    def _train(self, listener: Listener) -> ModelCard:
        chosen, recipe, out = load_architecture(self._architecture), load_recipe(self.recipe), self._network
        RunFolder(out).check_writable()
        device = resolve_device("auto")
        template, settings = chosen.template, to_plain(self._shapeless)
        settings |= {} if template is None else {"image_size": template.image_size, "channels": template.channels}
        images = load_images(
            from_plain(DataSettings, settings, "options"),
            kept=places(out, self.run.folder),
            on_progress=lambda done, total: listener.on_note(read_so_far(done, total)),
        )
        if chosen.template is None:
            size, channels, classes = images.shape
            chosen = chosen.within(NetworkTemplate(image_size=size, channels=channels, classes=classes))
        plain = {"architecture": chosen, "data": images.settings, "recipe": recipe, "device": device, "seed": self.seed}
        config = from_plain(TrainingConfig, plain, "options")
        check_data(config.architecture, images)
        for line in images.summary.lines:
            listener.on_note(line)
        if (out / CARD).exists():
            listener.on_note(f"{out} is trained already")
        return train_fully(config, images, out, on_epoch=listener.on_epoch, on_note=listener.on_note)

    def _export(self, listener: Listener) -> Exported:
        check_new(self._export_folder)
        model = load_model(self._network)
        images = load_data(model.card, self._network, self.data.dataset, on_note=listener.on_note)
        return export_model(model, images, self._export_folder, formats=FORMATS)

    def _report(self, listener: Listener) -> list[Path]:
        return write_report([self.run.folder], self.out / "report.html")


def _words(data: DataSettings) -> tuple[str, ...]:
    """Return the options of a command that reads images in this way."""
    given = {"image_size": data.image_size, "channels": data.channels, "image_column": data.image_column}
    given |= {"label_column": data.label_column, "labels": data.labels}
    told = {f"--{name.replace('_', '-')}": str(value) for name, value in given.items() if value is not None}
    flags = ("--skip-unreadable",) if data.skip_unreadable else ()
    return (*(part for option in told.items() for part in option), *flags)


def choose_recipe(images: int) -> str:
    """Return the recipe of the full training for so many training images."""
    return "few" if images < MANY else "standard"


def choose_space(budget: Budget, shape: tuple[int, int, int]) -> str:
    """Return the smallest preset of basic blocks that holds the budget with room to both sides.

    Args:
        budget: target of any cost.
        shape: image size (pixels), channels, classes of the data.

    Raises:
        NetspaceError: where no preset can meet the budget.
    """
    bounds = {}
    for name in preset_names():
        space = load_search_space(name)
        if space.block != BLOCK:
            continue
        bounds[name] = SpaceCosts(CostModel(space.template(*shape), budget.kind), space.full).bounds
    for name, (low, high) in sorted(bounds.items(), key=lambda item: item[1][1]):
        if low <= budget.target and budget.target * ROOM <= high:
            return name
    spans = ", ".join(f"{name} {format_amount(low)} to {format_amount(high)}" for name, (low, high) in bounds.items())
    raise NetspaceError(
        f"budget {budget} is outside of what the presets hold for images of {shape[0]}×{shape[0]}×{shape[1]} "
        f"({spans}); give another --budget, another --image-size, or a --space of your own"
    )
