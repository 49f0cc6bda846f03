"""What a report is made of: all that run folders hold, read without torch and without images."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from netspace.errors import NetspaceError
from netspace.records import EliteSpace, NetworkStore, Population, load_elite, pairs_at_equal_budget
from netspace.records.evaluation_file import EVALUATION_FILE, read_evaluation
from netspace.records.fidelity_file import FIDELITY_FILE, read_fidelity
from netspace.records.nas_file import NAS_FILE
from netspace.runs import FIDELITY, Run

NEAR = 0.01


@dataclass(frozen=True)
class Material:
    """What was found in the run folders.

    Args:
        folders: that were read.
        elites: the Elite Spaces, by rising budget.
        epochs: the last search's log.
        networks: rows of trained networks that went well; each has `folder`, and `gate` for those of a fidelity gate.
        failures: rows that did not go well.
        waiting: rows that are not trained yet.
        fidelity: the last fidelity gate's agreements and networks; empty where there is none.
        evaluations: what was asked of each evaluation, and its `folder`.
        near: error above the front that is still near it, 0..1.
        known: what the evaluations' populations are, by the names that they are shown under.
        elite_files: the file of each of `elites`.
        data_settings: what a search was told of its data, by its folder.
    """

    folders: list[Path]
    elites: list[EliteSpace] = field(default_factory=list)
    epochs: list[dict[str, Any]] = field(default_factory=list)
    networks: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    fidelity: dict[str, Any] = field(default_factory=dict)
    evaluations: list[dict[str, Any]] = field(default_factory=list)
    near: float = NEAR
    known: dict[str, Population] = field(default_factory=dict)
    elite_files: list[Path] = field(default_factory=list)
    data_settings: dict[Path, dict[str, Any]] = field(default_factory=dict)

    def population(self, name: str) -> Population:
        """Return what a population is, by the name that it is shown under."""
        return self.known.get(name) or Population.from_name(name)

    def pairs(self) -> list[tuple[str, str]]:
        """Return the names of the populations to compare, those of each budget with its elites."""
        return pairs_at_equal_budget(self.population(name) for name in self.populations())

    def populations(self, gate: bool = False) -> dict[str, list[dict[str, Any]]]:
        """Return the networks by population, those of evaluations or those of fidelity gates."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in self.networks:
            if row["gate"] == gate:
                found.setdefault(row["population"], []).append(row)
        return found

    def errors(self) -> dict[str, list[float]]:
        """Return the test errors of the evaluations' populations, by name."""
        return {name: [row["test_error"] for row in rows] for name, rows in sorted(self.populations().items())}

    def space_sizes(self) -> dict[str, dict[str, int]]:
        """Return `members` and `in_band` of the space that a population was drawn from, by the population's name."""
        known = [evaluation.get("populations") for evaluation in self.evaluations]
        sizes = {name: sizes for found in known if isinstance(found, dict) for name, sizes in found.items()}
        return {name: found for name, found in sizes.items() if found}


def gather(folders: list[Path], *, near: float = NEAR) -> Material:
    """Read run folders of searches and evaluations.

    Args:
        folders: to read.
        near: error above the front that is still near it, 0..1.

    Raises:
        NetspaceError: where a folder holds nothing to report, or evaluations are not of one recipe, data and template.
    """
    material = Material(folders, near=near)
    for folder in folders:
        run = Run(folder)
        files, epochs = run.elite_files, run.log
        shown: dict[str, str] = {}
        shows = {"": False, FIDELITY: True} if not (folder / NAS_FILE).exists() else {}
        stores = [(store, shows[name]) for name, store in run.stores.items() if name in shows]
        if not (files or epochs or stores or (folder / NAS_FILE).exists()):
            raise NetspaceError(f"{folder} holds no run to report: no elite files, no search.jsonl, no networks.sqlite")
        material.elites.extend(load_elite(file) for file in files)
        material.elite_files.extend(files)
        if run.exists:
            material.data_settings[folder] = run.data_settings
        material.epochs[:] = epochs or material.epochs
        for store, gate in stores:
            shown |= _add_networks(material, store, gate)
        if (folder / FIDELITY_FILE).exists():
            material.fidelity.update(read_fidelity(folder / FIDELITY_FILE))
        if (folder / EVALUATION_FILE).exists():
            asked = _renamed(read_evaluation(folder / EVALUATION_FILE), shown)
            material.evaluations.append({**asked, "folder": str(folder)})
    _check_comparable([Run(folder).stores[""] for folder in folders if "" in Run(folder).stores])
    pairs = sorted(zip(material.elites, material.elite_files, strict=True), key=lambda pair: pair[0].budget.target)
    material.elites[:], material.elite_files[:] = [e for e, _ in pairs], [f for _, f in pairs]
    return material


def _add_networks(material: Material, store: NetworkStore, gate: bool) -> dict[str, str]:
    """Add a store's networks; return under which names its populations are shown."""
    place = store.folder
    shown = {} if gate else {name: _shown(material, one, place) for name, one in store.populations().items()}
    lists = {"ok": material.networks, "waiting": material.waiting, "claimed": material.waiting}
    for row in store.rows():
        more = {"folder": str(place), "gate": gate, "population": shown.get(row["population"], row["population"])}
        lists.get(row["status"], material.failures).append({**row, **more})
    return shown


def _shown(material: Material, one: Population, place: Path) -> str:
    """Return a population's name, or a longer one where another folder has a different population of that name."""
    names = [one.name, *(f"{one.name}-{label}" for label in (one.run, place.name, place.resolve()) if label)]
    for name in names:
        other = material.known.get(name)
        if other is None or other.same_source(one):
            material.known[name] = replace(one if other is None or not other.space else other, name=name)
            return name
    return one.name


def _renamed(evaluation: dict[str, Any], shown: dict[str, str]) -> dict[str, Any]:
    """Return what was asked of an evaluation, its populations under the names that they are shown under."""
    sizes = evaluation.get("populations")
    if not isinstance(sizes, dict):
        return evaluation
    return {**evaluation, "populations": {shown.get(name, name): size for name, size in sizes.items()}}


def _check_comparable(evaluations: list[NetworkStore]) -> None:
    abouts = [store.about() for store in evaluations]
    for store, about in zip(evaluations, abouts, strict=True):
        for key in ("recipe", "data", "template"):
            if about[key] != abouts[0][key]:
                raise NetspaceError(
                    f"{evaluations[0].folder} and {store.folder} hold networks of another {key} each "
                    f"({abouts[0][key]}, {about[key]}), so their errors cannot be compared; report them apart"
                )
