"""The paper's whole experiment on a data set: elites of many budgets, their networks, NAS inside them, one page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from netspace.config import load_recipe, load_search_space, resolve
from netspace.cost import PAPER_BUDGETS, Budget, paper_scale
from netspace.data import ImageData
from netspace.documents import read_yaml, to_plain, to_yaml, write_atomically
from netspace.errors import NetspaceError
from netspace.evaluate import Subject, at_a_time, evaluate_spaces
from netspace.finding import Deadline, find_spaces, format_duration
from netspace.nas_comparison import compare_nas
from netspace.planning import Foresight, Plan, glance_at_store, measured_on, plan_populations, plan_search, stand_ins
from netspace.records import EliteSpace, NetworkStore
from netspace.report import write_report
from netspace.runs import TABLE, Run
from netspace.settings import ONE_PROCESS, DataSettings, NasSettings, Pool, Recipe, SearchConfig
from netspace.steps import Listener, Step, begun_chain, reading_options
from netspace.within import KEPT

SETTINGS, RECIPE, NETWORKS, PAGE = "paper.yaml", "recipe.yaml", "networks", "paper.html"
PASSES = 600  # over the training images, of the recipe that the paper's field takes (Liu et al. 2019, DARTS)
MOVED = 3e-4 * 35 * 390  # rate × epochs × steps of one budget's Θ as published: half of CIFAR's images, 64 at a time
SHORTEST = 10  # passes; a shorter schedule takes fewer images instead, or no network would come near its end
PER_BUDGET, LEAST = 8, 24  # stand-alone trainings of the default search
FEW = 4  # networks of a population where time is short
LEAST_SHARE = 1e-6


@dataclass(frozen=True)
class PaperExperiment:
    """Figures S3 and S4 and Table 1 of Hong et al. 2021, of one data set.

    Args:
        data: the images.
        budgets: FLOPs targets, such as `200M`.
        out: folder of all results.
        space: search space, a preset's name or a file.
        faithful: search with the super network and Θ as published (estimator `gumbel`), and train by the recipe
            `paper`; else the spaces are judged by a model of stand-alone trainings, by the recipe `honest`.
        share: of the published effort: the images that the super network and each network see, of 50 and 600 passes.
        n: networks of each elite, and of the whole space at each budget.
        seeds: repetitions of NAS and training in Table 1.
        seed: of every random draw.
        pool: who trains networks, and how many at a time.
        device: `cpu`, `cuda` or `auto`.
        time_limit: seconds that `n` and `share` were chosen for, by `within`; None where they were asked for.
    """

    data: DataSettings
    budgets: tuple[str, ...]
    out: Path
    space: str = "expanded"
    faithful: bool = False
    share: float = 0.01
    n: int = 16
    seeds: int = 3
    seed: int = 0
    pool: Pool = ONE_PROCESS
    device: str = "auto"
    time_limit: float | None = None

    @property
    def run(self) -> Run:
        """The search's."""
        return Run(self.out / "search")

    def recipe(self, images: int) -> Recipe:
        """Return how every network is trained, for so many training images."""
        return shortened(load_recipe("paper" if self.faithful else "honest"), self.share, images)

    def config(self, images: int) -> SearchConfig:
        """Return the search's config, for so many training images."""
        options: dict[str, Any] = {"data": to_plain(self.data), "budgets": list(self.budgets), "seed": self.seed}
        options |= {"device": self.device, "search": {"estimator": self._estimator}}
        return resolve(self.space, settings=self._settings(images), options=options)

    @property
    def _estimator(self) -> str:
        return "gumbel" if self.faithful else "population"

    def _settings(self, images: int) -> tuple[str, ...]:
        """Return the search's settings that follow from the share of the effort, as `--set` takes them."""
        if not self.faithful:
            trainings = max(LEAST, PER_BUDGET * len(self.budgets))
            return f"search.front.population={trainings}", f"search.front.recipe={self.out / RECIPE}"
        search = resolve(self.space, options={"data": to_plain(self.data), "budgets": list(self.budgets)}).search
        _, whole = replace(search, steps_per_epoch=None).batch_and_steps(images)
        steps = max(round(self.share * whole), 1)
        few = () if self.share == 1 else (f"search.steps_per_epoch={steps}",)
        moves = search.moves(steps, len(self.budgets))
        if search.theta.learning_rate * moves > 0.999 * MOVED:
            return few
        return *few, f"search.theta.learning_rate={MOVED / moves:.3g}"  # so that Θ can come as far all the same

    def within(self, deadline: Deadline, images: ImageData) -> PaperExperiment:
        """Return the experiment with fewer networks, or with a smaller share where that is not enough.

        Networks come first because more of them can be trained later, by the same command with a larger n, and because
        a dozen honest trainings tell more than many short ones (docs/estimators.md). A folder that was begun within
        the same time goes on with what was chosen then.

        Raises:
            NetspaceError: where the shortest trainings take longer; says how long. Or where the folder was begun
                without this limit.
        """
        file, limited = self.out / SETTINGS, replace(self, time_limit=deadline.seconds)
        if file.exists():
            return self._as_begun(read_yaml(file), deadline.seconds)
        plan = limited.plan(images)
        *_, networks, _ = plan.steps
        whole, populations = plan.seconds.value, plan.of(networks).value
        if whole > KEPT * deadline.left:
            n = int(self.n - (whole - KEPT * deadline.left) / (populations / self.n))
            limited = replace(limited, n=max(n, min(FEW, self.n)))
            whole -= populations * (1 - limited.n / self.n)
        while whole > KEPT * deadline.left:
            if limited.share == LEAST_SHARE:
                why = f"{limited.n} networks of each budget, with as few images as can be, take about "
                why += f"{format_duration(whole)} here"
                raise deadline.too_short(whole / KEPT, why, "fewer --budgets, or a smaller --image-size")
            share = limited.share * min(max(KEPT * deadline.left / whole, 0), 0.9)
            limited = replace(limited, share=max(float(f"{share:.2g}"), LEAST_SHARE))
            whole = limited.plan(images).seconds.value
        return limited

    def _as_begun(self, known: dict[str, Any], seconds: float) -> PaperExperiment:
        """Return the experiment with what was chosen for the same time when its folder was begun."""
        limit, now = known.get("time_limit"), format_duration(seconds)
        if limit != seconds:
            how = "without a time limit" if limit is None else f"within {format_duration(limit)}"
            raise NetspaceError(f"{self.out} was begun {how}, not within {now}; go on as before, or give another --out")
        return replace(self, n=known["n"], share=known["share"], time_limit=limit)

    def begin(self, images: ImageData) -> None:
        """Write what is asked for, and the recipe of all trainings, before the first step.

        Raises:
            NetspaceError: where the folder is of an experiment with other settings; more networks (n) may be asked for.
        """
        file, recipe = self.out / SETTINGS, self.recipe(len(images.train))
        asked = {"data": to_plain(images.settings), "budgets": list(self.budgets), "space": self.space}
        asked |= {"faithful": self.faithful, "share": self.share, "seeds": self.seeds, "seed": self.seed}
        known = begun_chain(file, asked) or {}
        asked |= {"time_limit": self.time_limit, "n": self.n} if self.time_limit is not None else {}
        asked |= {name: known[name] for name in ("time_limit", "n") if name in known}
        self.out.mkdir(parents=True, exist_ok=True)
        write_atomically(file, to_yaml(asked))
        write_atomically(self.out / RECIPE, to_yaml(recipe))

    def steps(self, images: ImageData) -> Iterator[Step]:
        """Yield the steps in order; each goes on where it was stopped, and is soon through where nothing is missing."""
        n, search, networks, table = len(images.train), self.run.folder, self.out / NETWORKS, self.out / TABLE
        dataset, seed = ("--dataset", self.data.dataset), ("--seed", str(self.seed))
        how, recipe = (*self.pool.options, "--device", self.device), ("--recipe", str(self.out / RECIPE))
        command = ("search", *dataset, *reading_options(self.data), "--space", self.space)
        command += tuple(word for text in self.budgets for word in ("--budget", text))
        command += ("--estimator", self._estimator, *(word for text in self._settings(n) for word in ("--set", text)))
        command += (*seed, "--device", self.device, *self.pool.options, "--out", str(search))
        yield Step("search", "an Elite Space for each budget", command, search, partial(self._search, images))
        reached = self._reached(n)
        elites = [str(self.run.elite_file(budget)) for budget in reached]
        command = ("evaluate", *elites, *dataset, *reading_options(self.data.shapeless), "--baseline", "expanded")
        command += (*recipe, *seed, *how)
        work = partial(self._evaluate, images, (*command, "--out", str(networks)))
        command += ("--n", str(self.n), "--out", str(networks))
        purpose = "figures S3 and S4: networks of the elites and of the whole space"
        yield Step("networks", purpose, command, networks, work)
        command = ("table", str(search), *recipe, "--method", self._nas.method, "--seeds", str(self.seeds), *how)
        if len(reached) < len(self.budgets):
            command += ("--budgets", ",".join(map(str, reached)))
        command, purpose = (*command, "--out", str(table)), "Table 1: NAS in the elites and in the whole space"
        yield Step("table", purpose, command, table, partial(self._compare, images))
        command = ("report", str(search), str(networks), str(table), "--out", str(self.out / PAGE))
        yield Step("report", "all of it on one page", command, self.out, self._report)

    def plan(self, images: ImageData) -> Plan:
        """Plan the search, the populations and Table 1; networks of the whole space in band stand for those of elites.

        Raises:
            NetspaceError: where no network meets a budget.
        """
        n, jobs = len(images.train), at_a_time(self.pool)
        config, recipe = replace(self.config(n), data=images.settings), self.recipe(n)
        template = config.space.template(*images.shape)
        scores = 2 * self.seeds * len(self.budgets) * self._nas.candidates
        searching = plan_search(config, images, jobs=jobs, recipe=recipe, scored_after=scores)
        for what, count in (("networks of elites and whole space", 2 * self.n), ("Table 1", 2 * self.seeds)):
            networks = stand_ins(config.space, template, config.parsed_budgets, count, seed=config.seed)
            how: dict[str, Any] = {"what": what, "jobs": jobs, "device": measured_on(self.pool, self.device)}
            searching = searching.then(plan_populations(networks, template, images, recipe, **how))
        return searching

    def _reached(self, images: int) -> list[Budget]:
        """Return the budgets that networks of their elites meet, or are to meet where the search is not done.

        Raises:
            NetspaceError: where there is none.
        """
        budgets = self.config(images).parsed_budgets
        reached = [b for b in budgets if not self.run.elite_file(b).exists() or self.run.elite(b).meets]
        if not reached:
            raise NetspaceError(
                f"no network of any Elite Space in {self.run.folder} meets its budget, so there is nothing to train: "
                f"search for longer, with a larger --share than {self.share:g}, in another --out"
            )
        return reached

    @property
    def _nas(self) -> NasSettings:
        return NasSettings(method="random" if self.faithful else "model", samples=1)

    def _search(self, images: ImageData, listener: Listener) -> list[EliteSpace]:
        return find_spaces(
            self.config(len(images.train)),
            self.run.folder,
            images=images,
            pool=self.pool,
            on_epoch=listener.on_epoch,
            on_progress=listener.on_progress,
            on_note=listener.on_note,
        )

    def _evaluate(self, images: ImageData, command: tuple[str, ...], listener: Listener) -> NetworkStore:
        elites = [self.run.elite(budget) for budget in self._reached(len(images.train))]
        recipe, foresight, how = self.recipe(len(images.train)), Foresight(listener.on_note), (self.pool, self.device)
        if len(elites) < len(self.budgets):
            rest = " ".join(str(elite.budget) for elite in elites)
            listener.on_note(f"no network of the other Elite Spaces meets its budget; what follows is of {rest}")
        store = NetworkStore(self.out / NETWORKS)
        glance = partial(glance_at_store, store, elites[0].template, images, recipe, *how)
        evaluate_spaces(
            [Subject.of(elite, str(self.run.elite_file(elite.budget))) for elite in elites],
            baselines=("expanded",),
            search_space=load_search_space(self.space),
            template=elites[0].template,
            images=images,
            recipe=recipe,
            n=self.n,
            out=self.out / NETWORKS,
            seed=self.seed,
            pool=self.pool,
            device=self.device,
            command=command,
            on_start=partial(foresight.begin, glance),
            on_change=listener.on_change,
        )
        foresight.end()
        return store

    def _compare(self, images: ImageData, listener: Listener) -> Path:
        return compare_nas(
            self.run,
            recipe=self.recipe(len(images.train)),
            settings=self._nas,
            seeds=self.seeds,
            budgets=self._reached(len(images.train)),
            opening={"on_note": listener.on_note},
            on_note=listener.on_note,
            out=self.out / TABLE,
            pool=self.pool,
            device=self.device,
            on_change=listener.on_change,
        )

    def _report(self, listener: Listener) -> list[Path]:
        return write_report([self.run.folder, self.out / NETWORKS, self.out / TABLE], self.out / PAGE)


def published_budgets(image_size: int) -> tuple[str, ...]:
    """Return the paper's twelve targets as texts, at another image size: FLOPs grow with the number of pixels."""
    scale = paper_scale(image_size)
    return tuple(str(Budget(round(Budget.parse(text).target * scale))) for text in PAPER_BUDGETS)


def shortened(recipe: Recipe, share: float, images: int) -> Recipe:
    """Return a recipe by which a network sees a share of what it sees in 600 passes over so many images.

    Ten passes at least, a whole schedule, over fewer images where that is still too much; two batches at least.
    """
    if share == 1 and recipe.epochs == PASSES:
        return recipe
    passes = share * PASSES
    few = None if passes >= SHORTEST else max(round(images * passes / SHORTEST), 2 * recipe.batch_size)
    epochs = max(round(passes), SHORTEST)
    return replace(recipe, name=f"{recipe.name}-{share:g}", epochs=epochs, train_images=few)
