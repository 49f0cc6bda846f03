"""The plan of what is left of a comparison: the NAS, and the trainings of the networks that they choose."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from netspace.analysis import Interval
from netspace.evaluate import at_a_time
from netspace.finding import Deadline, RunModel, format_duration, rank_networks
from netspace.nas_comparison.asked import Asked, NasComparison
from netspace.nas_comparison.found import brief_folder, planned
from netspace.planning import (
    Plan,
    PlannedStep,
    Say,
    glance_at_nas,
    glance_at_trainings,
    measured_on,
    nas_steps,
    peak_memory,
    plan_populations,
    precision_of,
    unless_soon,
)
from netspace.records import NetworkStore, places_done
from netspace.spaces import Architecture, NetworkTemplate
from netspace.within import KEPT


def plan_comparison(comparison: NasComparison) -> Plan:
    """Plan what is not done; networks drawn in band stand for those that are not chosen yet.

    Args:
        comparison: as `open_comparison` returns it; nothing is written.

    Raises:
        NetspaceError: where a space has no network in band, or the folder holds other settings.
    """
    left, run = comparison.left(comparison.found()), comparison.run
    if comparison.search is not None:
        steps = nas_steps(comparison.settings, [(one.space, one.target) for one in left], comparison.search)
    else:
        steps = _ranking(comparison, left)
    pool, device = comparison.pool, comparison.device
    how: dict[str, Any] = {"jobs": at_a_time(pool), "device": measured_on(pool, device)}
    trained = plan_populations(_networks(comparison, left), run.template, comparison.data, comparison.recipe, **how)
    if brief := _brief(comparison, left):
        trained = plan_populations(brief, run.template, comparison.data, comparison.brief_recipe, **how).then(trained)
    return replace(trained, steps=(*steps, *trained.steps))


def seeds_within(deadline: Deadline | None, comparison: NasComparison, say: Say = lambda text: None) -> NasComparison:
    """Return a comparison with as many of its seeds as there is time for; others can be added later.

    Args:
        deadline: of all that is left; None is as long as it takes.
        comparison: as `open_comparison` returns it; nothing is written.
        say: told where there are fewer.

    Raises:
        NetspaceError: where it is too short for one seed at each budget, and for what is begun; says what would do.
    """
    if deadline is None:
        return comparison
    left, begun = comparison.left(comparison.found()), len(_chosen(comparison))
    if not left and not begun:
        return comparison
    one = plan_comparison(comparison).seconds.value / (len(left) + begun)
    room = max(KEPT * deadline.left / one, 0)
    fit = [n for n in range(1, comparison.seeds + 1) if begun + sum(each.seed < n for each in left) <= room]
    if not fit:
        count = begun + sum(each.seed < 1 for each in left)
        why = f"one NAS and its training take about {format_duration(one)} here, and {count} of them are the least"
        raise deadline.too_short(count * one / KEPT, why, "fewer --budgets, or a shorter recipe")
    if fit[-1] < comparison.seeds:
        say(f"within {deadline}: seeds {fit[-1]} instead of {comparison.seeds}")
    return replace(comparison, seeds=fit[-1])


def glance_at_comparison(comparison: NasComparison) -> Plan | None:
    """Plan what is not done in hardly any time; None where it is soon through.

    What a model of error takes is left out: it is seconds.

    Args:
        comparison: as `open_comparison` returns it.
    """
    left, pool = comparison.left(comparison.found()), comparison.pool
    jobs, on = at_a_time(pool), measured_on(pool, comparison.device)
    steps: list[PlannedStep] = []
    if comparison.search is not None:
        asked = [(one.space, one.target) for one in left]
        steps += glance_at_nas(comparison.settings, asked, comparison.search)
    how: dict[str, Any] = {"jobs": jobs, "device": on}
    networks, brief, template = _networks(comparison, left), _brief(comparison, left), comparison.run.template
    for some, recipe in ((brief, comparison.brief_recipe), (networks, comparison.recipe)):
        trained = glance_at_trainings(some, template, comparison.data, recipe, **how)
        steps += [] if trained is None else [trained]
    precision = precision_of(comparison.recipe, networks, template, on)
    return unless_soon(Plan(tuple(steps), jobs, on, precision, peak_memory()))


def _ranking(comparison: NasComparison, left: list[Asked]) -> list[PlannedStep]:
    """Return the step that asks the model of error: it is fitted once, and one NAS speaks for all."""
    if not left:
        return []
    first, settings, begun = left[0], replace(comparison.settings, train=0), time.perf_counter()
    model, fitted = RunModel.of(comparison.run), time.perf_counter()
    rank_networks(model, first.space, first.target, settings, seed=first.seed)
    seconds = fitted - begun + len(left) * (time.perf_counter() - fitted)
    return [PlannedStep("NAS by the model of error", len(left), Interval(seconds, seconds, seconds))]


def _networks(comparison: NasComparison, left: list[Asked]) -> list[Architecture]:
    """Return what is still to be trained: networks that were chosen, and stand-ins for those that are not yet."""
    return _chosen(comparison) + [one for asked in left for one in _drawn(asked, 1, comparison.run.template)]


def _brief(comparison: NasComparison, left: list[Asked]) -> list[Architecture]:
    """Return stand-ins for what is still to be trained before networks are chosen."""
    networks = []
    for one in left:
        there = len(places_done(NetworkStore(brief_folder(comparison.folder, one.side, one.target, one.seed))))
        networks += _drawn(one, max(comparison.settings.train - there, 0), comparison.run.template)
    return networks


def _drawn(asked: Asked, n: int, template: NetworkTemplate) -> list[Architecture]:
    """Return networks of the space and in the band of a NAS."""
    band = asked.target.band(asked.space, template)
    return template.architectures(band.draw(n, rng=np.random.default_rng(asked.seed)))


def _chosen(comparison: NasComparison) -> list[Architecture]:
    """Return the networks that NAS have chosen and that are not trained yet."""
    chosen = [planned(f, comparison.run.template) for f in comparison.found()]
    done = places_done(NetworkStore(comparison.folder))
    return [one.architecture for one in chosen if (one.population, one.place) not in done]
