"""From images to a deployed network: which commands, in which order, and what tells that one is done."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from netspace.config import load_search_space, preset_names
from netspace.cost import Budget, CostModel, SpaceCosts, format_amount
from netspace.errors import NetspaceError
from netspace.records import load_elite

ROOM = 2.0
MANY = 5000
EXPORTED = ("model.py", "model.safetensors", "model.onnx", "model.pt2")  # of an export in which every format passed


@dataclass(frozen=True)
class Step:
    """One command of the chain.

    Args:
        name: of the step.
        purpose: what it does, in a few words.
        command: its arguments after `netspace`.
        result: the file that the command writes last.
        beside: names of files that have to be there too, beside the result.
        leftover: pattern of what the command removes beside the result when it is done; empty where it removes nothing.
        makes_folder: whether the command wants to make the result's folder itself.
    """

    name: str
    purpose: str
    command: tuple[str, ...]
    result: Path
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
        """Put an incomplete result aside while it is made anew, where the command wants a new folder."""
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
    """What `netspace auto` runs.

    Args:
        data: as `--dataset`.
        budget: FLOPs target.
        space: search space, a preset's name or a file.
        recipe: of the full training.
        out: folder of all results.
        options: how images are read, such as `--image-size 32`: further arguments of the search and the training.
        seed: of every step.
    """

    data: str
    budget: Budget
    space: str
    recipe: str
    out: Path
    options: tuple[str, ...] = ()
    seed: int = 0

    @property
    def elite(self) -> Path:
        """The elite file that the search writes."""
        return self.out / "search" / f"elite-{self.budget}.yaml"

    def steps(self) -> Iterator[Step]:
        """Yield the steps in order; where NAS looks is known when the search is done."""
        out, seed = self.out, ("--seed", str(self.seed))
        search, chosen, network = out / "search", out / "architecture", out / "network"
        given = ("--dataset", self.data, "--space", self.space, "--budget", str(self.budget), *self.options)
        yield Step("search", "find an Elite Space", ("search", *given, *seed, "--out", str(search)), self.elite)
        inside = ("nas", self.where_to_look(), "--run", str(search), "--budget", str(self.budget), "--samples", "1")
        architecture = chosen / "architecture-1.yaml"
        yield Step("nas", "pick a network in it", (*inside, *seed, "--out", str(chosen)), architecture)
        reading = self._without_shape()
        training = ("train", str(architecture), "--dataset", self.data, *reading, "--recipe", self.recipe, *seed)
        trained = (*training, "--out", str(network))
        yield Step("train", "train it fully", trained, network / "card.json", leftover="checkpoint-*")
        export = ("export", str(network), "--dataset", self.data, "--format", "all", "--out", str(out / "export"))
        card = out / "export" / "card.json"
        yield Step("export", "write it for deployment", export, card, beside=EXPORTED, makes_folder=True)
        page = out / "report.html"
        yield Step("report", "show the search", ("report", str(search), "--out", str(page)), page)

    def _without_shape(self) -> tuple[str, ...]:
        """Return the options less size and channels, which the architecture's file holds."""
        kept, options = [], list(self.options)
        while options:
            n = 1 if options[0] == "--skip-unreadable" else 2
            kept += [] if options[0] in ("--image-size", "--channels") else options[:n]
            options = options[n:]
        return tuple(kept)

    def where_to_look(self) -> str:
        """Return the elite file, or the whole search space where the elite has no member in band."""
        if self.elite.exists() and load_elite(self.elite).candidates[0].hit_rate == 0:
            return self.space
        return str(self.elite)


def choose_recipe(images: int) -> str:
    """Return the recipe of the full training for so many training images."""
    return "few" if images < MANY else "standard"


def choose_space(budget: Budget, shape: tuple[int, int, int]) -> str:
    """Return the smallest preset that holds the budget with room to both sides.

    Args:
        budget: FLOPs target.
        shape: image size (pixels), channels, classes of the data.

    Raises:
        NetspaceError: where no preset can meet the budget.
    """
    bounds = {}
    for name in preset_names():
        space = load_search_space(name)
        bounds[name] = SpaceCosts(CostModel(space.template(*shape)), space.full).bounds
    for name, (low, high) in sorted(bounds.items(), key=lambda item: item[1][1]):
        if low <= budget.target and budget.target * ROOM <= high:
            return name
    spans = ", ".join(f"{name} {format_amount(low)} to {format_amount(high)}" for name, (low, high) in bounds.items())
    raise NetspaceError(
        f"budget {budget} is outside of what the presets hold for images of {shape[0]}×{shape[0]}×{shape[1]} "
        f"({spans}); give another --budget, another --image-size, or a --space of your own"
    )
