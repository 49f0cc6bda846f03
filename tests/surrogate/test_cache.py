"""What was made of the same numbers before is taken from a run's folder, where that can be read and written."""

from pathlib import Path

import numpy as np
import pytest

from netspace.surrogate import cache
from netspace.surrogate.left_out import FILE, left_out
from netspace.surrogate.validation import left_out_predictions
from tests.mutations import mutations

X = np.random.default_rng(0).normal(size=(12, 3))
Y = 0.5 + 0.01 * X.sum(1)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that were asked for predictions, one for each time."""
    calls: list[str] = []

    def predictions(name: str, *given: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        calls.append(name)
        return left_out_predictions(name, *given, rng=rng)

    monkeypatch.setattr("netspace.surrogate.left_out.left_out_predictions", predictions)
    return calls


def predict(folder: Path, **other: object) -> list[float]:
    asked = {"name": "population", "model": "gaussian process", "x": X, "y": Y, "seed": 0} | other
    return left_out(folder, **asked).tolist()  # type: ignore[arg-type]


def test_the_same_numbers_are_asked_once_and_others_anew(tmp_path: Path, made: list[str]) -> None:
    first = predict(tmp_path)
    assert predict(tmp_path) == first
    assert len(made) == 1
    predict(tmp_path, name="both", seed=1)
    assert predict(tmp_path) == first
    assert len(made) == 2
    predict(tmp_path, y=Y + 1)
    assert len(made) == 3


def test_what_another_version_made_is_made_anew(
    tmp_path: Path, made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    predict(tmp_path)
    monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    predict(tmp_path)
    assert len(made) == 2


def test_a_folder_that_takes_no_file_goes_without(tmp_path: Path, made: list[str]) -> None:
    expected = predict(tmp_path)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    assert predict(tmp_path) == predict(tmp_path) == expected
    assert len(made) == 3
    assert predict(tmp_path / "not there") == expected


def test_predictions_that_are_almost_right_are_made_anew(tmp_path: Path, made: list[str]) -> None:
    expected = predict(tmp_path)
    content = (tmp_path / FILE).read_bytes()
    for changed in (b"", *mutations(content, "json", 6, seed=2)):
        (tmp_path / FILE).write_bytes(changed)
        assert predict(tmp_path) == expected
