"""The estimators of which spaces are best, behind one interface.

`score` and `gumbel` move Θ, a distribution over spaces, while the super network is trained, and choose its likeliest.
`front` trains the super network alone, then fits a model to scores read off it; `population` fits it to stand-alone
trainings and needs no super network; both judge every space of the grid with the model.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Protocol

import numpy as np

from netspace.config import load_recipe, preset_names
from netspace.data import ImageData
from netspace.documents import fingerprint
from netspace.finding.calibration import train_calibration
from netspace.finding.so_far import SoFar
from netspace.plugins import named
from netspace.records import Candidate, EliteSpace, NetworkStore, Provenance, missing
from netspace.runs import CALIBRATION, Readings, Run
from netspace.search import SpaceSearch, held_out_error
from netspace.search.score_run import score_search
from netspace.settings import ONE_PROCESS, Pool, SearchConfig
from netspace.spaces import NetworkTemplate
from netspace.surrogate import Makers, Question, judge_run
from netspace.surrogate.signals import Asked

LIKELIEST = 5
Progress = Callable[[str, int, int], None]
Note = Callable[[str], None]


@dataclass(frozen=True)
class Work:
    """What an estimator chooses from.

    Args:
        config: as resolved.
        data: the images.
        folder: of the run; scores and trainings are kept there, so that a stopped choice goes on.
        search: the trained super network, with Θ where the estimator has one; None where it needs none.
        pool: who trains stand-alone networks, and how many at a time.
        time_limit: seconds for stand-alone trainings; None trains all that are asked for.
        on_progress: called with what is counted (`scores`, `trainings`), how many are there and how many there will be.
        on_note: called with what must be said of the choice.
    """

    config: SearchConfig
    data: ImageData
    folder: Path
    search: SpaceSearch | None
    pool: Pool = ONE_PROCESS
    on_progress: Progress | None = None
    on_note: Note | None = None
    time_limit: float | None = None

    @property
    def template(self) -> NetworkTemplate:
        """All that is not searched."""
        return self.config.space.template(*self.data.shape)

    def tell(self, what: str, done: int, total: int) -> None:
        """Report progress."""
        if self.on_progress is not None:
            self.on_progress(what, done, total)

    def say(self, text: str) -> None:
        """Pass on what must be said of the choice."""
        if self.on_note is not None:
            self.on_note(text)

    def supernet(self) -> SpaceSearch:
        """Return the search, where there has to be one."""
        assert self.search is not None, f"estimator {self.config.search.estimator} was given no super network"
        return self.search

    def provenance(self) -> Provenance:
        """Return where the elites come from, apart from what the estimator knows of them."""
        return Provenance(
            netspace=metadata.version("netspace"),
            dataset=self.config.data.dataset,
            data=self.data.fingerprint,
            search_space=self.config.space.name,
            estimator=self.config.search.estimator,
            epochs=0 if self.search is None else self.config.search.epochs,
            seed=self.config.seed,
            config=fingerprint(self.config),
            entropy=0.0,
            expected_cost=0,
        )


class Estimator(Protocol):
    """Chooses spaces for every budget of a run.

    It may also have `can_be_limited`, whether a time limit can end it early, and `is_finished(work)`, whether all is
    made that it chooses from: elite files that are there are then its last word. Without it, it chooses anew each time.
    """

    needs_supernet: bool

    def choose(self, work: Work) -> list[EliteSpace]:
        """Return one Elite Space per budget, in the order of the budgets, its candidates best first.

        The same work gives the same spaces, also after an interruption.
        """
        ...


class ThetaEstimator:
    """The likeliest spaces under the Θ of each budget."""

    needs_supernet = True
    can_be_limited = False

    @staticmethod
    def is_finished(work: Work) -> bool:
        """See Estimator: the super network's training is all there is."""
        return True

    def choose(self, work: Work) -> list[EliteSpace]:
        """See Estimator."""
        return [self._elite(work, turn) for turn in range(len(work.config.parsed_budgets))]

    @staticmethod
    def _elite(work: Work, turn: int) -> EliteSpace:
        search, config = work.supernet(), work.config
        assert search.theta is not None
        theta, budget = search.theta.thetas[turn], search.budgets[turn]
        candidates = tuple(
            Candidate.measure(config.space.space(choice), p, budget=budget, template=search.template)
            for choice, p in theta.likeliest(min(LIKELIEST, config.space.num_spaces))
        )
        error = held_out_error(
            search.supernet,
            candidates[0].space,
            images=search.theta_set,
            normalise=search.normalise,
            rng=np.random.default_rng([config.seed, config.search.epochs, turn]),
        )
        provenance = replace(
            work.provenance(),
            entropy=round(theta.entropy(), 6),
            expected_cost=round(search.theta.expected_cost(turn)),
            supernet_error=round(error, 6),
        )
        return EliteSpace(budget, search.template, candidates, provenance)


def _is_of(store: NetworkStore, recipe: str) -> bool:
    """Say whether trainings are of a recipe as it is now; they stand where its file was removed since."""
    if not os.path.lexists(recipe) and recipe not in preset_names("recipe"):
        return True
    return store.about()["recipe"] == fingerprint(load_recipe(recipe))


class FrontEstimator:
    """Every space of the grid judged by a model of error.

    Args:
        signal: what the model is fitted to; `auto` takes what ranks stand-alone errors best within bands.
    """

    def __init__(self, signal: Asked) -> None:
        self._signal = signal
        self.needs_supernet = signal != "population"
        self.can_be_limited = not self.needs_supernet

    def is_finished(self, work: Work) -> bool:
        """See Estimator: as many scores and trainings are there as are asked for."""
        settings, run = work.config.search.front, Run(work.folder)
        trainings, store = self._trainings(work.config), run.store(CALIBRATION)
        if trainings and (not store.begun or sum(store.counts().values()) < trainings or missing(store)):
            return False
        if trainings and not _is_of(store, settings.recipe):
            return False  # choosing anew says so
        return not self.needs_supernet or run.score_file.finished(settings.evaluations)

    def _trainings(self, config: SearchConfig) -> int:
        front = config.search.front
        return front.calibration if self.needs_supernet else front.population

    def choose(self, work: Work) -> list[EliteSpace]:
        """See Estimator."""
        config, settings = work.config, work.config.search.front
        run = Run.begun(work.folder, config=config, template=work.template, provenance=work.provenance())
        question = Question(
            config.parsed_budgets,
            self._signal,
            scores=settings.evaluations,
            trainings=self._trainings(config),
            hit_rate=settings.min_hit_rate,
            seed=config.seed,
        )
        so_far = SoFar(run, question, work.say) if self.can_be_limited else None
        makers = Makers(partial(self._score, work), partial(self._train, work, so_far))
        verdict = judge_run(run, question, makers, on_note=work.say)
        for text in verdict.judge.signal.warnings:
            work.say(text)
        for answer in verdict.answers:
            if answer.looked is not None:
                work.say(f"{answer.budget}: {verdict.judge.sampled(answer.looked)}")
        return verdict.elites(LIKELIEST)

    @staticmethod
    def _score(work: Work, n: int) -> Readings:
        return score_search(work.supernet(), work.folder, n, on_score=partial(work.tell, "scores"))

    @staticmethod
    def _train(work: Work, so_far: SoFar | None, n: int) -> Path:
        def trained(done: int, total: int) -> None:
            work.tell("trainings", done, total)
            if so_far is not None and done < total:
                so_far(done)

        return train_calibration(
            work.folder,
            n,
            search_space=work.config.space,
            template=work.template,
            images=work.data,
            recipe=load_recipe(work.config.search.front.recipe),
            budgets=work.config.parsed_budgets,
            seed=work.config.seed,
            pool=work.pool,
            device="auto" if work.pool.cluster else work.config.device,  # which is that of the super network here
            time_limit=work.time_limit,
            on_trained=trained,
            on_note=work.say,
        )


ESTIMATORS: dict[str, Estimator] = {
    "score": ThetaEstimator(),
    "gumbel": ThetaEstimator(),
    "front": FrontEstimator("auto"),
    "population": FrontEstimator("population"),
}


def estimator_named(name: str) -> Estimator:
    """Return an estimator.

    Raises:
        NetspaceError: where there is none of that name.
    """
    return named(ESTIMATORS, name, "estimator")
