"""P(best) is honest: of spaces that are said to be best with P, about a share P is so, or more."""

from pathlib import Path

import numpy as np
import pytest

from netspace import Budget, CostModel, SearchSpace, resolve
from netspace.records import Provenance
from netspace.runs import Readings, Run
from netspace.surrogate import Evidence, Judge
from netspace.surrogate.features import model_features
from netspace.surrogate.signals import SignalName

BUDGETS = [Budget.parse(text) for text in ("1M", "2M", "3M")]
WORLDS, TRAININGS, SCORES = 30, 24, 100
# In points of error: what no line fits, what the super network adds of its own, a training's noise, a score's noise.
MISFIT, DISTORTION, NOISE, BLUR = 0.010, 0.020, 0.012, 0.010


class World:
    """A search space with planted errors: a line in the features, and a smooth part that no line fits.

    Args:
        tiny: the space.
        seed: of all that is planted.
        folder: of a run that has no file yet.
    """

    def __init__(self, tiny: SearchSpace, seed: int, folder: Path) -> None:
        rng = np.random.default_rng(seed)
        template, config = (
            tiny.template(28, 1, 10),
            resolve("tiny", options={"data": {"dataset": "f"}, "budgets": ["2M"]}),
        )
        self.run = Run.begun(
            folder,
            config=config,
            template=template,
            provenance=Provenance("0", "f", "d", "tiny", "front", 3, 0, "c", 0.0, 0),
        )
        self.points = tiny.full.enumerate()
        self.costs = CostModel(template)(self.points)
        x = model_features(tiny.grid, self.points, self.costs)
        z = (x - x.mean(0)) / x.std(0)
        line = 0.4 - 0.06 * np.log(self.costs / 1e6) + z @ rng.normal(size=z.shape[1]) * 0.01
        self.truth = line + MISFIT * self._smooth(z, float(rng.choice([0.5, 1.0, 2.0])), rng)
        scores = self.truth + DISTORTION * self._smooth(z, 1.0, rng) + BLUR * rng.normal(size=len(z))
        trained, scored = rng.permutation(len(z))[:TRAININGS], rng.permutation(len(z))[:SCORES]
        errors = self.truth[trained] + NOISE * rng.normal(size=len(trained))
        known = (Readings(self.points[scored], scores[scored]), Readings(self.points[trained], errors))
        self.evidence = Evidence(self.run, *known)

    @staticmethod
    def _smooth(z: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
        """Draw a function of unit variance from a Gaussian process, by random Fourier features."""
        waves, phases = (
            rng.normal(size=(60, z.shape[1])) / (length * np.sqrt(z.shape[1])),
            rng.uniform(0, 2 * np.pi, 60),
        )
        return np.asarray(np.cos(z @ waves.T + phases) @ rng.normal(size=60) * np.sqrt(2 / 60))

    def claims(self, signal: SignalName, *, misfit: bool) -> list[tuple[float, bool]]:
        """Return, per budget, the P of the space said to be best, and whether it truly is."""
        chosen, _ = self.evidence.signal(signal)
        if not misfit:
            object.__setattr__(chosen, "misfit", None)
        front, found = Judge(self.run, chosen, hit_rate=0.2), []
        own = front.members.grid.locate(self.points)
        for answer in front.answer(BUDGETS):
            low, high = answer.budget.interval
            inside = (self.costs >= low) & (self.costs <= high)
            means = [self.truth[inside & (own == c.space)].mean() for c in answer.contenders]
            found.append((answer.contenders[0].chance, int(np.argmin(means)) == 0))
        return found


def shares(claims: list[tuple[float, bool]]) -> list[tuple[float, float, float]]:
    """Return, per bin of P, the mean P, the share that is truly best, and the binomial standard error of the share."""
    chance, right = np.array(claims, float).T
    found = []
    for low, high in ((0, 0.3), (0.3, 0.6), (0.6, 1.01)):
        inside = (chance >= low) & (chance < high)
        if inside.sum() >= 5:
            p = float(chance[inside].mean())
            found.append((p, float(right[inside].mean()), float(np.sqrt(p * (1 - p) / inside.sum()))))
    return found


@pytest.fixture(scope="module")
def worlds(tiny: SearchSpace, tmp_path_factory: pytest.TempPathFactory) -> list[World]:
    return [World(tiny, seed, tmp_path_factory.mktemp("world")) for seed in range(WORLDS)]


@pytest.mark.parametrize("signal", ["supernet", "population", "both"])
def test_spaces_said_to_be_best_with_p_are_so_in_p_of_the_cases(worlds: list[World], signal: SignalName) -> None:
    found = shares([claim for world in worlds for claim in world.claims(signal, misfit=True)])
    assert len(found) >= 2
    for p, share, error in found:
        assert share >= p - 2.5 * error  # more is conservative
    # It is no empty modesty: larger chances are said, and are right more often.
    assert found[-1][0] > 0.6
    assert found[-1][1] > found[0][1] + 0.2


def test_without_the_distance_from_trainings_p_says_too_much(worlds: list[World]) -> None:
    claims = [claim for world in worlds for claim in world.claims("supernet", misfit=False)]
    p, share, error = shares(claims)[-1]
    assert share < p - 2.5 * error


def test_a_chance_by_scores_alone_is_called_so(worlds: list[World], tmp_path: Path) -> None:
    world = worlds[0]
    run = Run.begun(tmp_path, config=world.run.config, template=world.run.template, provenance=world.run.provenance)
    alone = Evidence(run, world.evidence.scores, Readings.none(run.space.full.layout))
    for known, chance in ((alone, "P(best), by its scores"), (world.evidence, "P(best)")):
        signal, _ = known.signal("supernet")
        front = Judge(run, signal, hit_rate=0.2)
        (answer,) = front.answer(BUDGETS[:1])
        elite = front.elite(answer, 3)
        assert (signal.chance, elite.chance, elite.provenance.probability) == (chance, chance, chance)
