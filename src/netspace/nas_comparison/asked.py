"""What a comparison of NAS asks: at which targets, inside of what, how often, and what of it is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from netspace.config import load_recipe
from netspace.cost import Budget, check_distinct
from netspace.data import ImageData, load_images, places
from netspace.documents import fingerprint, to_plain
from netspace.errors import NetspaceError
from netspace.evaluate import device_of
from netspace.nas_comparison.found import Found, load_found
from netspace.runs import TABLE, Run
from netspace.search import SpaceSearch, open_data, open_search
from netspace.settings import ONE_PROCESS, NasSettings, Pool, Recipe
from netspace.spaces import NetworkSpace


class Asked(NamedTuple):
    """One NAS: its target, its side (`nas-elite` or `nas-expanded`), where it looks, its seed."""

    target: Budget
    side: str
    space: NetworkSpace
    seed: int


@dataclass(frozen=True)
class NasComparison:
    """NAS in elites against NAS in the whole space, as one value.

    Args:
        run: a finished search.
        recipe: how the chosen networks are trained.
        settings: of the NAS.
        seeds: number of repetitions.
        targets: budgets, with constraints.
        folder: of the results.
        data: to train on.
        search: whose super network is asked; None where the run's model of error is.
        pool: who trains, and how many networks at a time.
        device: `cpu`, `cuda` or `auto`.
    """

    run: Run
    recipe: Recipe
    settings: NasSettings
    seeds: int
    targets: tuple[Budget, ...]
    folder: Path
    data: ImageData
    search: SpaceSearch | None
    pool: Pool = ONE_PROCESS
    device: str = "auto"

    @property
    def brief_recipe(self) -> Recipe:
        """How networks are trained before one is chosen: as those that the run's model of error knows."""
        return load_recipe(self.run.recipe_of_trainings(None))

    @property
    def about(self) -> dict[str, Any]:
        """What all that is found has in common, for the file of it; constraints where there are any."""
        bounds = dict.fromkeys(target.bounds for target in self.targets)
        others = {"constraints": " or ".join(bounds)} if any(bounds) else {}
        run = self.run
        shape = {"search_space": run.space.name, "image_size": run.template.image_size}
        about = {"recipe": self.recipe.name, "nas": to_plain(self.settings), "run": fingerprint(run.config)}
        return {"dataset": self.data.settings.dataset, **shape, **about, **others}

    def found(self) -> list[Found]:
        """Return what the NAS that are done have found.

        Raises:
            NetspaceError: where the folder holds other settings.
        """
        return load_found(self.folder, self.about, self.settings, len(self.run.template.strides))

    def left(self, found: list[Found]) -> list[Asked]:
        """Return each NAS that is not done."""
        done = {(f["side"], f["target"], f["place"]) for f in found}
        asked = _asked(self.run, self.targets, self.seeds)
        return [one for one in asked if (one.side, one.target.target, one.seed) not in done]


def open_comparison(
    run: Run | Path,
    *,
    recipe: Recipe,
    settings: NasSettings,
    seeds: int = 3,
    budgets: list[Budget] | None = None,
    dataset: str | None = None,
    opening: Mapping[str, Any] | None = None,
    out: Path | None = None,
    pool: Pool = ONE_PROCESS,
    device: str = "auto",
) -> NasComparison:
    """Return the comparison that `compare_nas` makes, with all that it reads.

    Args:
        run: folder of a finished search.
        recipe: how the chosen networks are trained.
        settings: of the NAS, the same for both spaces.
        seeds: number of repetitions, seeds 0, 1, ….
        budgets: targets, with constraints; None takes all of the run's.
        dataset: to train on: where the run's own images are now, or others of the same shape; None looks where the run
            found its own.
        opening: further arguments of `netspace.search.open_search`, where the run's data have changed.
        out: folder of the results; None takes `table` in the run.
        pool: who trains, and how many networks at a time.
        device: `cpu`, `cuda` or `auto`, which takes the GPU where there is one, and leaves the super network where it
            was trained.

    Raises:
        NetspaceError: where the run has no such elite, a budget is of another cost than FLOPs, or the images do not
            fit.
    """
    run = Run.of(run)
    device_of(pool, device)
    data, search = _open(run, settings, dataset, {"device": device, **(opening or {})})
    targets = tuple(_met(run, _in_flops(budgets or list(run.config.parsed_budgets))))
    return NasComparison(run, recipe, settings, seeds, targets, out or run.folder / TABLE, data, search, pool, device)


def _asked(run: Run, targets: tuple[Budget, ...], seeds: int) -> Iterator[Asked]:
    """Yield each NAS, in order."""
    for target in targets:
        elite = run.elite(target).space
        for side, space in (("nas-elite", elite), ("nas-expanded", run.space.full)):
            for seed in range(seeds):
                yield Asked(target, side, space, seed)


def _in_flops(budgets: list[Budget]) -> list[Budget]:
    others = [str(budget) for budget in budgets if budget.kind != "flops"]
    if others:
        raise NetspaceError(
            f"Table 1 compares networks at FLOPs, and {', '.join(others)} is another cost; name the FLOPs budgets of "
            "the run with --budgets"
        )
    check_distinct(budgets, [str(budget) for budget in budgets])
    return budgets


def _met(run: Run, budgets: list[Budget]) -> list[Budget]:
    """Return budgets of a run, each of which some network of its elite meets."""
    if unknown := [str(budget) for budget in budgets if not run.elite_file(budget).exists()]:
        raise NetspaceError(
            f"{run.folder} has no Elite Space for {', '.join(unknown)}; its budgets are {', '.join(run.config.budgets)}"
        )
    missed = [budget for budget in budgets if not run.elite(budget).meets]
    if missed:
        names = ", ".join(f"{run.elite_file(budget)}" for budget in missed)
        rest = ",".join(f"{budget}" for budget in budgets if budget not in missed)
        raise NetspaceError(
            f"no network of the Elite Space meets its budget: {names}; search for longer, or "
            + (f"leave them out: --budgets {rest}" if rest else "by --estimator population")
        )
    return budgets


def _open(
    run: Run, settings: NasSettings, dataset: str | None, opening: Mapping[str, Any]
) -> tuple[ImageData, SpaceSearch | None]:
    """Return the run's images, wherever they are now, or those of another data set of the same shape, and its search.

    There is no search where the model of error finds the networks: it asks no super network.
    """
    other = None if dataset is None else load_images(replace(run.config.data, dataset=dataset), kept=places(run.folder))
    own = other is None or other.fingerprint == run.made_on
    if settings.method == "model":
        search, data = None, other or open_data(run, **{k: v for k, v in opening.items() if k != "device"})
    else:
        search = open_search(run, dataset=dataset if own else None, **opening)
        data = search.data if own or other is None else other
    data.check_shape(run.template.data_shape, "the run's networks take", "give data of that shape")
    return data, search
