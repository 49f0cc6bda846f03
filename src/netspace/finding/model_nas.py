"""NAS by the model of error: all candidates in band are ranked by it, and the best few may be trained briefly.

It needs no super network, and no image unless networks are trained. What a brief training says of a network counts
beside the model as far as it can be the network's own (`surrogate.predictors.own_part`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from netspace.cost import Budget, CostModel
from netspace.data import ImageData
from netspace.documents import fingerprint
from netspace.errors import NetspaceError
from netspace.evaluate import TrainingData, device_of
from netspace.finding.drawn import train_drawn
from netspace.records import NetworkStore, Population
from netspace.runs import CALIBRATION, Run
from netspace.search import Chosen, Picked, check_inside, first_hit, kept
from netspace.settings import ONE_PROCESS, NasSettings, Pool, Recipe
from netspace.spaces import NetworkSpace, Points
from netspace.surrogate import Makers, Question, Signal, gather_evidence
from netspace.surrogate.grid import flops_of
from netspace.surrogate.intake import take_in
from netspace.surrogate.predictors import own_part

RANKED = 20_000
TRAINED = "nas"


@dataclass(frozen=True)
class BriefTraining:
    """How the best few are trained.

    Args:
        images: of the run.
        recipe: of each training; the one of the trainings that the model knows, or their errors cannot be compared.
        pool: who trains, and how many networks at a time.
        device: `cpu`, `cuda` or `auto`.
        on_change: called with the number of networks of each status, when it changes.
    """

    images: ImageData
    recipe: Recipe
    pool: Pool = ONE_PROCESS
    device: str = "auto"
    on_change: Callable[[dict[str, int]], None] | None = None


@dataclass(frozen=True)
class RunModel:
    """The model of error of a run.

    Args:
        run: whose networks.
        signal: the model.
        spread: standard deviation of the errors that it was fitted to.
    """

    run: Run
    signal: Signal
    spread: float

    @classmethod
    def of(cls, run: Run, *, seed: int = 0, on_note: Callable[[str], None] = lambda text: None) -> RunModel:
        """Fit it to what the run's folder holds: scores, trainings of its own, or both.

        Raises:
            NetspaceError: where it holds too few of them.
        """
        nothing = Makers(lambda n: run.scores, lambda n: None)
        evidence = gather_evidence(run, Question((), earlier=True, seed=seed), nothing, on_note=on_note)
        signal = evidence.signal("auto", seed=seed)[0]
        known = evidence.scores if signal.name == "supernet" else evidence.trained
        return cls(run, signal, float(known.values.std()))


def rank_networks(
    model: RunModel,
    space: NetworkSpace,
    budget: Budget,
    settings: NasSettings,
    *,
    training: BriefTraining | None = None,
    folder: Path | None = None,
    seed: int = 0,
) -> Chosen:
    """Return the members in band of least expected error, of 20 000 drawn uniformly or all where they are fewer.

    Args:
        model: of the run.
        space: whose members, inside of the run's.
        budget: what they satisfy.
        settings: how many to return (`samples`) and to train (`train`).
        training: how the best few are trained; None where `settings.train` is 0.
        folder: of the trainings; they go on where they were stopped.
        seed: of draws and trainings.

    Raises:
        NetspaceError: where the space has no member in band, or lies outside of the run's; where networks are to be
            trained, also where the model knows scores alone, or the space has values that the run did not search.
    """
    run = model.run
    check_inside(space, run.space)
    if settings.train:
        _check_comparable(model, space, training)
    band, rng = budget.band(space, run.template), np.random.default_rng([seed, budget.target])
    price = CostModel(run.template, budget.kind)
    points = band.draw(min(RANKED, band.size), rng=rng, replace=False)
    errors = model.signal.predict(points, flops_of(price, points, price(points)))
    ranked, order = len(points), np.argsort(errors, kind="stable")[: max(settings.samples, settings.train)]
    points, errors = points[order], errors[order]
    if settings.train:
        if training is None or folder is None:
            raise NetspaceError("networks are to be trained (train), but there are no images or no folder for them")
        count = min(settings.train, len(points))
        read = _train(points[:count], run, training, folder, seed)
        known = np.isfinite(read)
        own = own_part(model.signal.predictor, model.spread)
        errors[:count][known] += own * (read[known] - errors[:count][known])
        order = np.argsort(errors, kind="stable")
        points, errors = points[order], errors[order]
    chosen = run.template.architectures(points[: settings.samples])
    return Chosen(chosen, errors[: settings.samples].tolist(), ranked, first_hit(band, rng), 1 / band.hit_rate)


def pick_by_model(
    run: Run,
    space: NetworkSpace,
    budget: Budget,
    settings: NasSettings,
    *,
    source: str,
    folder: Path,
    training: BriefTraining | None = None,
    seed: int = 0,
    on_note: Callable[[str], None] = lambda text: None,
) -> Picked:
    """Find networks of a space as `rank_networks` does, and write a file of each.

    Args:
        run: whose model of error ranks.
        space: inside of the run's.
        budget: what the networks satisfy.
        settings: of the NAS.
        source: file or preset that the space was read from, for the files.
        folder: of the files, and of the trainings in it; files of an earlier NAS there are replaced.
        training: how the best few are trained, where `settings.train` asks for it.
        seed: of draws and trainings.
        on_note: told what must be said of the model.
    """
    model = RunModel.of(run, seed=seed, on_note=on_note)
    for text in model.signal.warnings:
        on_note(text)
    chosen = rank_networks(model, space, budget, settings, training=training, folder=folder / "trained", seed=seed)
    return kept(chosen, run.template, budget, settings, run=run, source=source, folder=folder, seed=seed)


def _check_comparable(model: RunModel, space: NetworkSpace, training: BriefTraining | None) -> None:
    """Raise NetspaceError where the errors of a space's networks cannot be held against what a model expects."""
    known = model.run.store(CALIBRATION)
    if training is not None and known.begun and known.about()["recipe"] != fingerprint(training.recipe):
        raise NetspaceError(
            f"recipe '{training.recipe.name}' is another one than that of the trainings in {known.folder}, so their "
            "errors cannot be compared; leave out the recipe"
        )
    if model.signal.name == "supernet":
        raise NetspaceError(
            f"the model of {model.run.folder} was fitted to scores of its super network, which errors of trained "
            "networks cannot be held against: leave out train, or give the run trainings of its own (`netspace front "
            f"{model.run.folder} --calibrate-n 12`)"
        )
    for own, searched in zip(space.axes, model.run.space.full.axes, strict=True):
        if odd := sorted(set(own.values.tolist()) - set(searched.values.tolist())):
            raise NetspaceError(
                f"the space {space} has values that the run did not search, such as {odd[0]} of {own} where it has "
                f"{searched}, so its model does not take their trainings in; leave out train, or keep to its values"
            )


def _train(points: Points, run: Run, training: BriefTraining, folder: Path, seed: int) -> np.ndarray:
    """Return the errors of networks, shape (n,), trained where they are not there yet; NaN where one went wrong."""
    train_drawn(
        NetworkStore(folder),
        points,
        Population(TRAINED, "nas", TRAINED, run=run.folder.resolve().name),
        template=run.template,
        data=TrainingData.of(training.images, training.recipe),
        recipe=training.recipe,
        seed=seed,
        pool=training.pool,
        device=device_of(training.pool, training.device),
        on_change=training.on_change,
    )
    own = run.folder / CALIBRATION
    readings, _ = take_in(run, [*([own] if own.exists() else []), folder])
    of = {tuple(point): value for point, value in zip(readings.points.tolist(), readings.values, strict=True)}
    return np.array([of.get(tuple(point), np.nan) for point in points.tolist()])
