"""One run's folder as a value: what is in it is read when it is asked for."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from netspace.cost.device_profile import use_profile_of
from netspace.documents import from_plain, read_yaml
from netspace.errors import NetspaceError
from netspace.records import EliteSpace, NetworkStore, Provenance, elite_filename, load_elite
from netspace.records.log import read_log
from netspace.records.sameness import RECIPE_FILE
from netspace.runs.scores import Readings, ScoreFile
from netspace.settings import SearchConfig
from netspace.spaces import NetworkTemplate, SearchSpace

CONFIG = "config.yaml"
CALIBRATION, FIDELITY, FRONT, TABLE = "calibration", "fidelity", "front", "table"  # folders inside a run's
_STORES = ("", CALIBRATION, FIDELITY, TABLE)


class Run:
    """A folder that a search, an evaluation or a full training writes; nothing is read before it is asked for.

    What a run is does not change, so its config and template are read once; what grows with it (elites, log, scores,
    trained networks) is read anew each time.

    Args:
        folder: of the run; `Run.of` takes a Run as well.
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @classmethod
    def of(cls, run: Run | Path | str) -> Run:
        """Return a run as it is, or the run of a folder."""
        return run if isinstance(run, Run) else cls(run)

    @classmethod
    def begun(cls, folder: Path, *, config: SearchConfig, template: NetworkTemplate, provenance: Provenance) -> Run:
        """Return a run that has no elite file yet, by whoever knows what its files are going to say."""
        run = cls(folder)
        vars(run).update(config=config, template=template, provenance=provenance)
        return run

    @property
    def file(self) -> Path:
        """The file of its config."""
        return self.folder / CONFIG

    @property
    def exists(self) -> bool:
        """Whether the folder holds a run: a search or a full training that was begun."""
        return self.file.exists()

    @cached_property
    def config(self) -> SearchConfig:
        """The config of a search, as it was resolved.

        Raises:
            NetspaceError: where the folder holds no run, or its config is corrupt or not a search's.
        """
        self._check_there()
        return from_plain(SearchConfig, self.settings, str(self.file))

    @property
    def settings(self) -> dict[str, Any]:
        """The config as plain data, whatever kind of run it is.

        Raises:
            NetspaceError: where it is no run's config.
        """
        use_profile_of(self.folder)
        config = self._document.get("config")
        if not isinstance(config, dict):
            raise NetspaceError(f"{self.file} is no run's config: it has no mapping under 'config'; restore it")
        return config

    @property
    def data_settings(self) -> dict[str, Any]:
        """What the run was told of its data, as plain data; empty where its config says nothing of them."""
        config = self._document.get("config")
        data = config.get("data") if isinstance(config, dict) else None
        return data if isinstance(data, dict) else {}

    @property
    def made_on(self) -> str:
        """The fingerprint of the images that the run was made on."""
        return str(self._document.get("data"))

    @property
    def environment(self) -> dict[str, Any]:
        """The versions and the number of threads that the run was begun with; empty where they are not known."""
        found = self._document.get("environment")
        return found if isinstance(found, dict) else {}

    @property
    def has_supernet(self) -> bool:
        """Whether its estimator trains a super network: `population` alone does not."""
        return self.config.search.estimator != "population"

    @property
    def nas_method(self) -> Literal["random", "model"]:
        """How NAS finds networks where nothing else is asked for: by its super network, or by its model of error."""
        return "random" if self.has_supernet else "model"

    def recipe_of_trainings(self, asked: str | None) -> str:
        """Return the recipe asked for, or else that of the run's own trainings, or `quick` where it has none."""
        own = self.folder / CALIBRATION / RECIPE_FILE
        return asked or (str(own) if own.exists() else "quick")

    @property
    def space(self) -> SearchSpace:
        """The grid that is searched."""
        return self.config.space

    @property
    def stored_space(self) -> SearchSpace | None:
        """The search space of the config, whatever its other settings; None where there is no config.

        Raises:
            NetspaceError: where the config is corrupt.
        """
        if not self.exists:
            return None
        return from_plain(SearchSpace, self.settings.get("space"), f"{self.file}: config.space")

    @property
    def elite_files(self) -> list[Path]:
        """The elite files that are there, in the order of their names."""
        return sorted(self.folder.glob(elite_filename("*")))

    @property
    def elites(self) -> list[EliteSpace]:
        """The Elite Spaces that are there, in the order of their files' names; empty while the search goes on."""
        return [load_elite(file) for file in self.elite_files]

    def elite_file(self, budget: object) -> Path:
        """Return where the elite of a budget is, or is going to be.

        Args:
            budget: a Budget, or its text as `200M`.
        """
        return self.folder / elite_filename(budget)

    def elite(self, budget: object) -> EliteSpace:
        """Return the Elite Space of a budget.

        Args:
            budget: a Budget, or its text as `200M`.

        Raises:
            NetspaceError: where it is not there, or its file is at fault.
        """
        return load_elite(self.elite_file(budget))

    @cached_property
    def _first(self) -> EliteSpace:
        self._check_there()
        files = self.elite_files
        if not files:
            raise NetspaceError(f"'{self.folder}' has no elite file yet: its search is not finished; run it to its end")
        return load_elite(files[0])

    @cached_property
    def template(self) -> NetworkTemplate:
        """All of its networks that is not searched.

        Raises:
            NetspaceError: where its search has not written an elite file.
        """
        return self._first.template

    @cached_property
    def provenance(self) -> Provenance:
        """Where its first elite comes from; raises as `template` does."""
        return self._first.provenance

    @property
    def log(self) -> list[dict[str, Any]]:
        """The epochs in search.jsonl; empty where there are none."""
        return read_log(self.folder)

    @property
    def score_file(self) -> ScoreFile:
        """What its super network said of networks, to be read and written."""
        return ScoreFile(self.folder, self.space)

    @property
    def scores(self) -> Readings:
        """What its super network said of networks; empty where it was not asked.

        Raises:
            NetspaceError: where a line of the file is at fault.
        """
        return self.score_file.read(inside=True)

    def store(self, name: str = "") -> NetworkStore:
        """Return the store of trained networks in the folder, or in one of the folders inside it, also a new one.

        Args:
            name: `calibration`, `fidelity` or `table`; empty is the folder's own, that of an evaluation.
        """
        return NetworkStore(self.folder / name)

    @property
    def stores(self) -> dict[str, NetworkStore]:
        """The stores of trained networks that are there, by their names as `store` takes them."""
        return {name: self.store(name) for name in _STORES if self.store(name).begun}

    def _check_there(self) -> None:
        if not self.exists:
            raise NetspaceError(f"'{self.folder}' holds no run: it has no {CONFIG}; give the --out of a search")

    @property
    def _document(self) -> dict[str, Any]:
        return read_yaml(self.file)
