"""From images to a deployed network: which functions, in which order, and what tells that one is done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from netspace.choices import Choices, stand_in
from netspace.config import load_recipe, load_search_space, resolve
from netspace.cost import Budget, DeviceProfile, profile_in_use
from netspace.cost.device_profile import KEPT
from netspace.data import ImageData, load_images, places, read_so_far
from netspace.documents import from_plain, to_plain
from netspace.evaluate import at_a_time
from netspace.finding import find_spaces, pick_by_model
from netspace.handover import (
    CARD,
    EIGHT_BITS,
    EVERYWHERE,
    Exported,
    Format,
    ModelCard,
    TrainingConfig,
    check_data,
    check_new,
    export_model,
    files_of,
    kind_of,
    load_data,
    load_model,
    train_fully,
    writable,
)
from netspace.models import resolve_device
from netspace.planning import Plan, plan_search, plan_training
from netspace.profiling import profile_space
from netspace.records import EliteSpace, load_architecture, load_elite
from netspace.report import write_report
from netspace.runs import Run
from netspace.search import Picked, RunFolder, open_search, pick_networks
from netspace.settings import ONE_PROCESS, DataSettings, NasSettings, Pool, Recipe, SearchConfig
from netspace.spaces import NetworkTemplate, SearchSpace
from netspace.steps import Listener, WrittenStep, reading_options

CHOICES, REPORT = "auto.yaml", "report.html"
ESTIMATOR = "population"  # of the least regret at equal time (docs/estimators.md)


@dataclass(frozen=True)
class Pipeline:
    """What `netspace auto` does.

    Args:
        data: where the images are and how they are read.
        budget: target of any cost, with constraints.
        choices: what is searched, and how networks are trained.
        out: folder of all results.
        seed: of every step.
        pool: who trains the networks of the search, and how many at a time.
        target: what runs the network in the end; its format is written beside those that run everywhere.
    """

    data: DataSettings
    budget: Budget
    choices: Choices
    out: Path
    seed: int = 0
    pool: Pool = ONE_PROCESS
    target: str | None = None

    @property
    def run(self) -> Run:
        """The search's."""
        return Run(self.out / "search")

    @property
    def elite(self) -> Path:
        """The elite file that the search writes."""
        return self.run.elite_file(self.budget)

    def steps(self) -> Iterator[WrittenStep]:
        """Yield the steps in order; where NAS looks is known when the search is done."""
        out, seed, search = self.out, ("--seed", str(self.seed)), str(self.run.folder)
        given: tuple[str, ...] = ("--dataset", self.data.dataset, "--space", self.choices.space)
        given += ("--budget", str(self.budget))
        given += tuple(word for one in self.budget.constraints for word in ("--constraint", str(one)))
        given += () if profile_in_use() is None else ("--device-profile", str(out / KEPT))
        settings = (word for text in self._settings for word in ("--set", text))
        limit, epochs = self.choices.search_seconds, self.choices.epochs
        how = (*settings, *(() if limit is None else ("--time-limit", f"{limit:g}s")), *self.pool.options)
        by = () if self.choices.trainings is None else ("--estimator", ESTIMATOR)
        given = (*given, *reading_options(self.data), *by, *how)
        command: tuple[str, ...] = ("search", *given, *seed, "--out", search)
        yield WrittenStep("search", "find an Elite Space", command, self.run.folder, self._search, self.elite.name)
        inside = ("nas", self.where_to_look(), "--run", search, "--budget", str(self.budget), "--samples", "1")
        chosen = self._architecture
        command = (*inside, *seed, "--out", str(chosen.parent))
        yield WrittenStep("nas", "pick a network in it", command, chosen.parent, self._pick, chosen.name)
        reading = ("--dataset", self.data.dataset, *reading_options(self.data.shapeless))
        schedule = () if epochs is None else ("--set", f"epochs={epochs}")
        command = ("train", str(chosen), *reading, "--recipe", self.choices.recipe, *schedule, *seed)
        command = (*command, "--out", str(self._network))
        yield WrittenStep("train", "train it fully", command, self._network, self._train, CARD, leftover="checkpoint-*")
        command = ("export", str(self._network), "--dataset", self.data.dataset, "--format", ",".join(self.formats))
        command = (*command, *(("--int8",) if self.in_eight_bits else ()), "--out", str(self._export_folder))
        purpose, where = "write it for deployment", self._export_folder
        yield WrittenStep("export", purpose, command, where, self._export, CARD, self._exported, makes_folder=True)
        command = ("report", search, "--out", str(out / REPORT))
        yield WrittenStep("report", "show the search", command, out, self._report, REPORT)

    def plan(self, images: ImageData) -> Plan:
        """Plan the trainings of the search and the full one; what else is done takes less than a minute or so."""
        network, template = stand_in(self.budget, self.choices.space, images)
        searching = plan_search(replace(self.config, data=images.settings), images, jobs=at_a_time(self.pool))
        return searching.then(plan_training(network, template, images, self._recipe, what="full training"))

    @property
    def formats(self) -> tuple[Format, ...]:
        """Those that are written: what runs everywhere, as far as it is installed, and what it is for."""
        here = writable(int8=self.in_eight_bits)
        return tuple(name for name in here if name in EVERYWHERE or name == self.target)

    @property
    def _exported(self) -> tuple[str, ...]:
        """The files of an export in which every format passed."""
        eight = [name + EIGHT_BITS for name in self.formats if self.in_eight_bits and kind_of(name).int8 is not None]
        return tuple(file for name in (*self.formats, *eight) for file in files_of(name))

    @property
    def in_eight_bits(self) -> bool:
        """Whether the network is handed over in eight bits too: where a bound is of what it takes in these."""
        kinds = (self.budget.kind, *(one.kind for one in self.budget.constraints))
        return any(kind.endswith(EIGHT_BITS) for kind in kinds)

    @property
    def config(self) -> SearchConfig:
        """The search's."""
        options: dict[str, Any] = {"data": to_plain(self.data), "budgets": [str(self.budget)], "seed": self.seed}
        options |= {"constraints": [str(one) for one in self.budget.constraints] or None}
        options |= {} if self.choices.trainings is None else {"search": {"estimator": ESTIMATOR}}
        return resolve(self.choices.space, settings=self._settings, options=options)

    @property
    def _settings(self) -> tuple[str, ...]:
        """What the choices set of the search, as `--set` takes it."""
        trainings, recipe = self.choices.trainings, self.choices.search_recipe
        if trainings is None:
            return ()
        return f"search.front.population={trainings}", f"search.front.recipe={recipe}"

    @property
    def _recipe(self) -> Recipe:
        epochs = self.choices.epochs
        return load_recipe(self.choices.recipe, () if epochs is None else (f"epochs={epochs}",))

    def where_to_look(self) -> str:
        """Return the elite file, or the whole search space where the elite has no member in band."""
        return self.choices.space if self._elite_is_empty else str(self.elite)

    @property
    def _elite_is_empty(self) -> bool:
        return self.elite.exists() and not load_elite(self.elite).meets

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
        return find_spaces(
            self.config,
            self.run.folder,
            pool=self.pool,
            time_limit=self.choices.search_seconds,
            on_epoch=listener.on_epoch,
            on_progress=listener.on_progress,
            on_note=listener.on_note,
        )

    def _pick(self, listener: Listener) -> Picked:
        run, elite = self.run, self.run.elite(self.budget)
        empty, source = self._elite_is_empty, self.where_to_look()
        inside = load_search_space(self.choices.space).full if empty else elite.space
        budget = replace(self.budget, tolerance=run.config.tolerance if empty else elite.budget.tolerance)
        folder, nas = self._architecture.parent, NasSettings(samples=1)
        if not run.has_supernet:
            nas = replace(nas, method="model")
            where: dict[str, Any] = {"source": source, "folder": folder, "seed": self.seed}
            return pick_by_model(run, inside, budget, nas, on_note=listener.on_note, **where)
        search = open_search(run, on_note=listener.on_note)
        return pick_networks(search, inside, budget, nas, run=run, source=source, folder=folder, seed=self.seed)

    def _train(self, listener: Listener) -> ModelCard:
        chosen, recipe, out = load_architecture(self._architecture), self._recipe, self._network
        RunFolder(out).check_writable()
        device = resolve_device("auto")
        template, settings = chosen.template, to_plain(self.data.shapeless)
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
        return export_model(model, images, self._export_folder, formats=self.formats, int8=self.in_eight_bits)

    def _report(self, listener: Listener) -> list[Path]:
        return write_report([self.run.folder], self.out / REPORT)


def profile_step(
    space: SearchSpace, template: NetworkTemplate, *, given: str, target: str, out: Path, seed: int
) -> WrittenStep:
    """Return the step that measures how long a space's networks take on this device.

    Args:
        space: whose networks.
        template: of them.
        given: name or file of the space.
        target: what runs the networks, a name in `netspace.profiling.TARGETS`.
        out: folder of all results.
        seed: of what is measured.
    """
    file = f"profile-{re.sub(r'[^A-Za-z0-9._-]+', '-', space.name)[:60]}-{target}.yaml"
    shape = ("--image-size", template.image_size, "--channels", template.channels, "--classes", template.classes)
    command = ("profile", "--space", given, "--target", target, *map(str, shape), "--seed", str(seed))

    def measure(listener: Listener) -> DeviceProfile:
        out.mkdir(parents=True, exist_ok=True)
        measured = partial(profile_space, target=target, seed=seed, on_progress=listener.on_progress)
        found = measured(space.full, template, name=space.name)
        found.save(out / file)
        return found

    command, purpose = (*command, "--out", str(out / file)), "measure how long networks take on this device"
    return WrittenStep("profile", purpose, command, out, measure, file)
