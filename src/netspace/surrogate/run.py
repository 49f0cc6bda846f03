"""What a finished search's folder says without torch: its config, its template, where its elites came from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netspace.config import load_run_config
from netspace.errors import NetspaceError
from netspace.records import Provenance, load_elite
from netspace.settings import SearchConfig
from netspace.spaces import NetworkTemplate, SearchSpace


@dataclass(frozen=True)
class FinishedRun:
    """A search that has written its elite files.

    Args:
        folder: the run's.
        config: as resolved.
        template: of all networks.
        provenance: of its first elite file.
    """

    folder: Path
    config: SearchConfig
    template: NetworkTemplate
    provenance: Provenance

    @property
    def space(self) -> SearchSpace:
        """The grid that was searched."""
        return self.config.space


def open_run(folder: Path) -> FinishedRun:
    """Read a finished search's folder.

    Raises:
        NetspaceError: where it holds no run, or one that is not finished.
    """
    config = load_run_config(folder)
    elites = sorted(folder.glob("elite-*.yaml"))
    if not elites:
        raise NetspaceError(f"'{folder}' has no elite file yet: its search is not finished; run it to its end")
    elite = load_elite(elites[0])
    return FinishedRun(folder, config, elite.template, elite.provenance)
