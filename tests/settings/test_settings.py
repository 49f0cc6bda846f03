"""Settings: the paper's are the defaults, limits are told, and what is left at its default changes no fingerprint."""

import pytest

from netspace import NetspaceError, resolve
from netspace.documents import fingerprint, to_plain

GIVEN = {"data": {"dataset": "fashion"}, "budgets": ["2M"]}


def test_the_papers_settings_are_the_defaults_of_expanded() -> None:
    search = resolve("expanded", options=GIVEN).search
    assert (search.epochs, search.warmup_epochs, search.batch_size) == (50, 15, 64)
    assert (search.weights.learning_rate, search.weights.final_learning_rate) == (0.025, 0.001)
    assert (search.weights.momentum, search.weights.weight_decay, search.weights.clip) == (0.9, 3e-4, 5.0)
    assert (search.theta.learning_rate, search.theta.betas, search.theta.weight_decay) == (3e-4, (0.5, 0.999), 1e-3)
    assert (search.temperature, search.weights_share) == ((5.0, 0.001), 0.5)


@pytest.mark.parametrize("value", [".inf", ".nan", "-.inf", "1" + "0" * 400])
def test_a_setting_is_a_finite_number(value: str) -> None:
    with pytest.raises(NetspaceError, match=r"search\.penalty: .*finite|search\.penalty=1.* has 401 digits"):
        resolve("tiny", settings=(f"search.penalty={value}",), options=GIVEN)


def test_constraints_are_part_of_the_config_and_change_nothing_where_there_are_none() -> None:
    free = resolve("tiny", options=GIVEN)
    assert "constraints" not in to_plain(free)
    assert fingerprint(resolve("tiny", options={**GIVEN, "constraints": []})) == fingerprint(free)
    bounded = resolve("tiny", options=GIVEN, settings=("constraints=[params<=9K, peak_memory<=128KiB]",))
    assert fingerprint(bounded) != fingerprint(free)
    assert [budget.bounds for budget in bounded.parsed_budgets] == ["params<=9K, peak_memory<=128KiB"]
    assert "constraints" not in to_plain(free.parsed_budgets[0])
    with pytest.raises(NetspaceError, match="constraint 'params<9K' is none"):
        resolve("tiny", options={**GIVEN, "constraints": ["params<9K"]})


def test_a_moment_that_never_forgets_is_refused() -> None:
    with pytest.raises(NetspaceError, match=r"search.theta.betas.0: Input should be less than 1 \(got 1\)"):
        resolve("tiny", settings=("search.theta.betas=[1, 0.9]",), options={"budgets": ["2M"]})
