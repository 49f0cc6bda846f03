"""Free proxies and the ridge against closed forms and brute force."""

import numpy as np
import pytest

from netspace.analysis.proxies import free_proxies, leave_one_out, log_features, ridge


def test_free_proxies_are_size_with_its_sign_turned() -> None:
    found = free_proxies([[1, 2], [3, 1]], [[8, 4], [6, 16]], [100, 300])
    assert {name: values.tolist() for name, values in found.items()} == {
        "flops": [-100, -300],
        "mean log width": [-np.log([8, 4]).mean(), -np.log([6, 16]).mean()],
        "narrowest width": [-4, -6],
        "total depth": [-3, -4],
    }


def test_without_a_penalty_the_ridge_is_least_squares(rng: np.random.Generator) -> None:
    x, y, at = rng.normal(size=(30, 4)), rng.normal(size=30), rng.normal(size=(5, 4))
    design = np.column_stack([np.ones(30), x])
    solution = np.linalg.lstsq(design, y, rcond=None)[0]
    assert np.allclose(ridge(x, y, at, penalty=0), np.column_stack([np.ones(5), at]) @ solution)


def test_a_large_penalty_leaves_the_mean(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(10, 3)), rng.normal(size=10)
    assert np.allclose(ridge(x, y, x, penalty=1e12), y.mean())


def test_leaving_one_out_never_sees_the_one(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(12, 3)), rng.normal(size=12)
    predicted = leave_one_out(x, y)
    changed = y.copy()
    changed[4] = 99.0
    assert leave_one_out(x, changed)[4] == pytest.approx(predicted[4])
    assert leave_one_out(x, changed)[5] != pytest.approx(predicted[5])


def test_a_law_in_logs_is_found(rng: np.random.Generator) -> None:
    depths, widths = rng.integers(1, 9, (40, 3)), rng.integers(4, 65, (40, 3))
    flops = (depths * widths**2).sum(1)
    errors = 0.9 - 0.05 * np.log(widths).sum(1) - 0.02 * np.log(depths).sum(1)
    predicted = leave_one_out(log_features(depths, widths, flops), errors, penalty=1e-3)
    assert np.corrcoef(predicted, errors)[0, 1] > 0.99


def test_too_few_networks_are_refused() -> None:
    with pytest.raises(ValueError, match="three networks or more, not 2"):
        leave_one_out(np.ones((2, 1)), np.ones(2))
