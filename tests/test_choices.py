"""What `netspace auto` chooses: by the budget, by the data, by the time; each with a reason that is told."""

import pytest

from netspace import Budget, NetspaceError, choices
from netspace.analysis import Interval
from netspace.choices import choose, choose_recipe
from netspace.config import load_recipe
from netspace.cost import Constraint
from netspace.data import ImageData
from netspace.documents import to_plain
from netspace.finding import Deadline
from netspace.wanted import Wanted

TRAINING = {"few": 100.0, "scant": 5.0, "standard": 1000.0, "honest": 40.0}  # seconds


def test_few_images_take_the_recipes_of_small_batches() -> None:
    assert (choose_recipe(300), choose_recipe(50_000)) == ("few", "standard")
    assert load_recipe("few").batch_size < load_recipe("standard").batch_size
    assert load_recipe("scant").batch_size < load_recipe("honest").batch_size


def test_every_choice_has_its_reason_and_what_is_given_is_not_chosen(fashion: ImageData) -> None:
    chosen = choose(Wanted(Budget.parse("5M")), fashion)
    assert (chosen.space, chosen.trainings, chosen.search_recipe, chosen.recipe) == ("small", 24, "honest", "standard")
    assert [reason.split(":")[0] for reason in chosen.reasons] == [
        "search space small",
        "search by 24 stand-alone trainings (recipe honest)",
        "full training by recipe standard",
    ]
    given = choose(Wanted(Budget.parse("1M")), fashion, space="tiny", recipe="quick")
    assert (given.space, given.trainings, given.recipe, given.reasons) == ("tiny", None, "quick", ())


def test_the_target_that_constraints_leave_is_kept_with_its_reason(fashion: ImageData) -> None:
    wanted = Wanted(None, (Constraint.parse("flash<=60K"),))
    chosen = choose(wanted, fashion, space="tiny", recipe="quick")
    budget = chosen.budget_of(wanted)
    assert (str(budget), budget.bounds) == (chosen.budget, "flash<=60K")
    assert chosen.reasons[0] == (
        f"budget {budget}: 90% of the space's networks that keep to flash<=60K take fewer FLOPs"
    )
    assert "budget" not in to_plain(choose(Wanted(Budget.parse("1M")), fashion, space="tiny", recipe="quick"))


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds(network: object, template: object, data: object, recipe: object, *, alone: bool) -> Interval:
        assert alone == (recipe.name == "standard")  # type: ignore[attr-defined]  # its process has all the threads
        return Interval(*[TRAINING[recipe.name]] * 3)  # type: ignore[attr-defined]

    monkeypatch.setattr(choices, "seconds_of_training", seconds)


@pytest.mark.usefixtures("timed")
@pytest.mark.parametrize(
    ("limit", "epochs", "search"),
    [
        (10_015, None, 8000),  # enough for all: a full training of 1000 s, and the search has the rest of 9000
        (1016, 45, 450),  # half of 900 s each
        (275, 11, 120),  # the search keeps the time of its six trainings, three at each of two places
    ],
)
def test_short_of_time_the_schedule_is_shorter_and_the_search_has_the_rest(
    fashion: ImageData, limit: float, epochs: int | None, search: float
) -> None:
    chosen = choose(Wanted(Budget.parse("5M")), fashion, deadline=Deadline(limit), jobs=2)
    assert chosen.epochs == epochs
    assert chosen.search_seconds == pytest.approx(search, abs=11)


@pytest.mark.usefixtures("timed")
def test_a_time_that_is_too_short_is_refused_with_what_would_do(fashion: ImageData) -> None:
    with pytest.raises(NetspaceError, match="time limit of 4m is too short: 6 trainings.*give 5m or more"):
        choose(Wanted(Budget.parse("5M")), fashion, deadline=Deadline(215), jobs=2)
    assert choose(Wanted(Budget.parse("5M")), fashion, deadline=Deadline(270), jobs=2).epochs == 10
