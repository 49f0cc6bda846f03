"""Models of error: what they recover, and whether their uncertainty is honest."""

import numpy as np
import pytest

from netspace.surrogate.groups import group_average
from netspace.surrogate.predictors import FITS, fit_gaussian_process, fit_linear, fit_quadratic


def quadratic(x: np.ndarray) -> np.ndarray:
    return np.asarray(3 + x[:, 0] - 2 * x[:, 1] + 0.7 * x[:, 0] ** 2 - 0.4 * x[:, 0] * x[:, 1])


def test_a_quadratic_without_noise_is_recovered_by_the_quadratic_ridge(rng: np.random.Generator) -> None:
    x, new = rng.normal(size=(80, 3)), rng.normal(size=(20, 3))
    model = fit_quadratic(x, quadratic(x), rng=rng)
    assert np.abs(model.predict(new) - quadratic(new)).max() < 0.05
    assert np.abs(fit_linear(x, quadratic(x), rng=rng).predict(new) - quadratic(new)).max() > 0.5


@pytest.mark.parametrize("name", FITS)
def test_every_model_ranks_far_better_than_chance_and_knows_its_residual(name: str, rng: np.random.Generator) -> None:
    x, new = rng.normal(size=(120, 3)), rng.normal(size=(200, 3))
    model = FITS[name](x, quadratic(x) + 0.5 * rng.normal(size=120), rng=rng)
    assert np.corrcoef(model.predict(new), quadratic(new))[0, 1] > 0.8
    assert 0.35 < model.residual < 2.0
    means, covariance = model.group_means(new, np.arange(200) % 4, 4)
    np.testing.assert_allclose(means, group_average(model.predict(new), np.arange(200) % 4, 4), atol=1e-3)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    assert (np.sqrt(np.diag(covariance)) < 0.5).all()


def test_the_gaussian_process_equals_its_textbook_formulae(rng: np.random.Generator) -> None:
    x, new = rng.normal(size=(30, 2)), rng.normal(size=(6, 2))
    y = quadratic(x) + 0.1 * rng.normal(size=30)
    model = fit_gaussian_process(x, y, rng=rng)
    signal, lengths, noise = model.settings[0], model.settings[1:-1], model.settings[-1]

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        gap = (model.scaling(a)[:, None] - model.scaling(b)[None]) / lengths
        return np.asarray(signal * np.exp(-0.5 * (gap**2).sum(2)))

    inverse = np.linalg.inv(kernel(x, x) + noise * np.eye(30))
    mean = kernel(new, x) @ inverse @ (y - y.mean()) + y.mean()
    covariance = (kernel(new, new) - kernel(new, x) @ inverse @ kernel(x, new)) * y.std() ** 2
    np.testing.assert_allclose(model.predict(new), mean, atol=1e-3)  # predicted in single precision
    means, found = model.group_means(new, np.array([0, 0, 1, 1, 2, 2]), 3)
    mix = np.kron(np.eye(3), [[0.5, 0.5]])
    np.testing.assert_allclose(means, mix @ mean, atol=1e-5)
    np.testing.assert_allclose(found, mix @ covariance @ mix.T, atol=1e-5)


@pytest.mark.parametrize("name", ["quadratic", "gaussian process"])
def test_intervals_of_group_means_cover_the_truth_about_as_often_as_they_say(name: str) -> None:
    covered = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, new = rng.normal(size=(60, 2)), rng.normal(size=(80, 2))
        model = FITS[name](x, quadratic(x) + 0.5 * rng.normal(size=60), rng=rng)
        means, covariance = model.group_means(new, np.arange(80) % 4, 4)
        truth = group_average(quadratic(new), np.arange(80) % 4, 4)
        covered += list(np.abs(means - truth) < 1.96 * np.sqrt(np.diag(covariance)))
    assert 0.8 <= np.mean(covered) <= 1.0


def test_constant_features_change_nothing(rng: np.random.Generator) -> None:
    x = rng.normal(size=(40, 2))
    y = quadratic(x)
    widened = np.column_stack([x, np.full(40, 7.0)])
    for fit in (fit_linear, fit_quadratic):
        np.testing.assert_allclose(fit(x, y, rng=rng).predict(x), fit(widened, y, rng=rng).predict(widened), atol=1e-6)


@pytest.mark.parametrize("level", [0.0, 0.1])
@pytest.mark.parametrize("name", FITS)
def test_equal_errors_are_predicted_everywhere(name: str, level: float, rng: np.random.Generator) -> None:
    x = rng.normal(size=(30, 3))
    model = FITS[name](x, np.full(30, level), rng=rng)
    np.testing.assert_allclose(model.predict(rng.normal(size=(50, 3))), level, atol=1e-9)
    means, covariance = model.group_means(x, np.arange(30) % 3, 3)
    np.testing.assert_allclose(means, level, atol=1e-9)
    assert np.abs(covariance).max() < 2.0
