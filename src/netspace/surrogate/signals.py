"""What says which networks are good: the super network's scores, stand-alone trainings, or both in one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from netspace.analysis.edf import Interval
from netspace.cost import CostModel
from netspace.errors import NetspaceError
from netspace.runs import Readings, Run
from netspace.spaces.axes import Grid
from netspace.spaces.ranges import IntArray
from netspace.surrogate.cache import Cache, key_of
from netspace.surrogate.features import mean_log_width, model_features
from netspace.surrogate.left_out import left_out
from netspace.surrogate.misfit import Misfit, measure_misfit
from netspace.surrogate.predictors import FITS, Predictor
from netspace.surrogate.validation import LEAST_ROWS, Ranked, fit_best, levelled, rank_predicted

FloatArray = NDArray[np.float64]
SignalName = Literal["supernet", "population", "both"]
Asked = Literal["auto", "supernet", "population", "both"]
CACHE = "front-models.json"


@dataclass(frozen=True)
class Signal:
    """A model of error over the whole search space.

    Args:
        name: what it was fitted to.
        grid: the axes.
        predictor: the model.
        ranked: how the models compared, the chosen one first.
        against: what their τ was measured against: `scores`, or `stand-alone errors` of networks that were left out.
        prior: the model of the scores whose prediction is a feature; None without.
        misfit: how far its errors lie from stand-alone ones; None where no training says so.
        flat: what makes its networks too equal to learn from; empty where they differ.
    """

    name: SignalName
    grid: Grid
    predictor: Predictor
    ranked: list[Ranked]
    against: str
    prior: Predictor | None = None
    misfit: Misfit | None = None
    flat: str = ""

    @property
    def chance(self) -> str:
        """What the chances of its answers are: P(best), by the scores alone where no training was asked."""
        return "P(best), by its scores" if self.misfit is None else "P(best)"

    @property
    def warnings(self) -> list[str]:
        """What must be said of it loudly."""
        best, found = self.ranked[0], []
        if self.flat:
            found.append(
                f"{self.flat}: nothing tells spaces apart, so all of them tie. Of these the one is taken that meets "
                "its budget best (a median within the budget, then the hit rate)."
            )
        elif not best.beats_flops:
            found.append(
                "NOT TRUSTWORTHY: the predictor ranks no better within bands than FLOPs alone (gain in τ "
                f"{best.gain.value:.2f}, interval {best.gain.low:.2f} to {best.gain.high:.2f}); "
                "do not believe the order of the spaces."
            )
        if not self.flat and best.beyond is not None and best.beyond.low <= 0:
            found.append(
                "Not shown to rank better within bands than the mean log width alone, which needs no reading (gain in "
                f"τ {best.beyond.value:+.2f}, interval {best.beyond.low:+.2f} to {best.beyond.high:+.2f})."
            )
        if self.against == "scores":
            found.append(
                "The super network's scores alone were asked: how they rank stand-alone trainings is not known; give "
                "some (`netspace front --calibrate`, --calibrate-n, or search.front.calibration)."
            )
        return found

    def features(self, points: IntArray, costs: IntArray) -> FloatArray:
        """Return what the predictor sees of networks."""
        x = model_features(self.grid, points, costs)
        return x if self.prior is None else np.concatenate([x, self.prior.predict(x)[:, None]], axis=1)

    def predict(self, points: IntArray, costs: IntArray) -> FloatArray:
        """Return expected errors, 0..1; shape (n,)."""
        return self.predictor.predict(self.features(points, costs))


class Evidence:
    """All that is known of networks of a run.

    Args:
        run: the search.
        scores: the super network's; may be empty.
        trained: stand-alone validation errors; may be empty.
        models: those to choose from, by cross-validation.
    """

    def __init__(self, run: Run, scores: Readings, trained: Readings, *, models: Sequence[str] = tuple(FITS)) -> None:
        self.run, self.scores, self.trained, self.models = run, scores, trained, models
        self.grid, self.model = run.space.grid, CostModel(run.template)

    def signal(self, asked: Asked, *, seed: int = 0) -> tuple[Signal, list[Signal]]:
        """Return the signal asked for, or with `auto` the one that ranks stand-alone errors best within bands.

        Returns:
            the chosen one; all that could be fitted.

        Raises:
            NetspaceError: where there is too little to fit what was asked for.
        """
        enough = {"supernet": self._enough(self.scores), "population": self._enough(self.trained)}
        enough["both"] = all(enough.values())
        if asked != "auto" and not enough[asked]:
            raise self._too_few(f"signal '{asked}' needs {LEAST_ROWS} or more{' of each' if asked == 'both' else ''}")
        if not any(enough.values()):
            raise self._too_few(f"a model of error needs {LEAST_ROWS} or more of one kind")
        models = _Models(self.run.folder / CACHE, self.models)
        fits: dict[str, Callable[[], Signal]] = {
            "supernet": lambda: self._supernet(models, seed),
            "population": lambda: self._population(models, seed),
            "both": lambda: self._both(models, seed),
        }
        wanted = [name for name in fits if enough[name]] if asked == "auto" else [asked]
        found = [fits[name]() for name in wanted]
        return max(found, key=lambda s: s.ranked[0].decisive), found

    @property
    def _there(self) -> str:
        """What is known, counted in words."""
        scores, trainings = len(self.scores.values), len(self.trained.values)
        return f"{scores} score{_s(scores)} and {trainings} stand-alone training{_s(trainings)}"

    @staticmethod
    def _enough(scores: Readings) -> bool:
        return len(scores.values) >= LEAST_ROWS

    def _too_few(self, needs: str) -> NetspaceError:
        """Return the error of too few readings, with what can be done: a run of trainings alone has a fixed plan."""
        if self.run.config.search.estimator == "population":
            instead = "search again in another --out, with another search.front.recipe or more trainings"
        else:
            instead = "raise --evaluations or --calibrate-n, or give --calibrate"
        return NetspaceError(f"{needs}, but there are {self._there} that went well; {instead}")

    def _logs(self, scores: Readings) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return features, errors (all the same where they are too equal to learn from) and costs."""
        costs = self.model(scores.points)
        return model_features(self.grid, scores.points, costs), levelled(scores.values), costs.astype(np.float64)

    def _widths(self, known: Readings) -> FloatArray | None:
        return mean_log_width(self.grid, known.points)

    def _supernet(self, models: _Models, seed: int) -> Signal:
        x, y, costs = self._logs(self.scores)
        predictor, ranked = models.fit("scores", x, y, costs, seed, self._widths(self.scores))
        flat = _flat(self.scores.values, "scores")
        if not self._enough(self.trained):
            return Signal("supernet", self.grid, predictor, ranked, "scores", flat=flat)
        at, _, prices = self._logs(self.trained)
        name, rng = f"{ranked[0].name} of scores", np.random.default_rng(seed)
        predicted, truth = predictor.predict(at), self.trained.values
        against = rank_predicted(name, predicted, truth, prices, rng=rng, widths=self._widths(self.trained))
        misfit = measure_misfit(at, predicted, truth, prices)
        return Signal("supernet", self.grid, predictor, [against], "stand-alone errors", misfit=misfit, flat=flat)

    def _population(self, models: _Models, seed: int) -> Signal:
        x, y, costs = self._logs(self.trained)
        predictor, ranked = models.fit("trained", x, y, costs, seed, self._widths(self.trained))
        return self._of_trained("population", predictor, ranked, x, costs, seed)

    def _both(self, models: _Models, seed: int) -> Signal:
        of_scores, scores, at_scores = self._logs(self.scores)
        prior, _ = models.fit("scores", of_scores, scores, at_scores, seed, self._widths(self.scores))
        x, y, costs = self._logs(self.trained)
        wide = np.concatenate([x, prior.predict(x)[:, None]], axis=1)
        predictor, ranked = models.fit("both", wide, y, costs, seed, self._widths(self.trained))
        return self._of_trained("both", predictor, ranked, wide, costs, seed, prior)

    def _of_trained(
        self,
        name: SignalName,
        predictor: Predictor,
        ranked: list[Ranked],
        x: FloatArray,
        costs: FloatArray,
        seed: int,
        prior: Predictor | None = None,
    ) -> Signal:
        y = self.trained.values
        predicted = left_out(self.run.folder, name, ranked[0].name, x, levelled(y), seed=seed)
        misfit, flat = measure_misfit(x, predicted, y, costs), _flat(y, "trainings")
        return Signal(name, self.grid, predictor, ranked, "stand-alone errors", prior, misfit, flat)


def _s(n: int) -> str:
    return "" if n == 1 else "s"


def _flat(values: FloatArray, what: str) -> str:
    """Say in words that values are too equal to learn from; nothing where they are not."""
    if np.ptp(levelled(values)) > 0 or not len(values):
        return ""
    each, counts = np.unique(values, return_counts=True)
    most = f"All {len(values)}" if len(each) == 1 else f"{counts.max()} of {len(values)}"
    return f"{most} {what} are the same, {each[counts.argmax()]:.2%} wrong"


class _Models:
    """Which model was chosen for which numbers, and its settings: a later call fits it anew in milliseconds."""

    def __init__(self, file: Path, names: Sequence[str]) -> None:
        self._cache, self._names = Cache(file), names

    def fit(
        self, name: str, x: FloatArray, y: FloatArray, costs: FloatArray, seed: int, widths: FloatArray | None
    ) -> tuple[Predictor, list[Ranked]]:
        key, rng = key_of(x, y, seed, *self._names), np.random.default_rng(seed)
        entry = self._cache.find(name, key)
        if entry is not None:
            ranked = [
                Ranked(n, o, Interval(*w), p, Interval(*g), b and Interval(*b)) for n, o, w, p, g, b in entry["ranked"]
            ]
            like = SimpleNamespace(settings=np.asarray(entry["settings"]))
            return FITS[ranked[0].name](x, y, rng=rng, like=like), ranked
        predictor, ranked = fit_best(x, y, costs, rng=rng, names=self._names, widths=widths)
        if hasattr(predictor, "settings"):
            plain = [[r.name, r.overall, r.within, r.pairs, r.gain, r.beyond] for r in ranked]
            self._cache.keep(name, key, settings=np.asarray(predictor.settings).tolist(), ranked=plain)
        return predictor, ranked
