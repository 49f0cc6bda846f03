"""What `netspace auto` chooses: by the budget, by the data, by the time; each with a reason that is told."""

import pytest

from netspace import Budget, NetspaceError, choices
from netspace.analysis import Interval
from netspace.choices import choose, choose_recipe, choose_space
from netspace.config import load_recipe
from netspace.data import ImageData

TRAINING = {"few": 100.0, "scant": 5.0, "standard": 1000.0, "honest": 40.0}  # seconds


@pytest.mark.parametrize(("budget", "space"), [("2M", "small"), ("5M", "small"), ("30M", "small"), ("2G", "expanded")])
def test_the_smallest_preset_with_room_for_the_budget_is_taken_but_no_toy(budget: str, space: str) -> None:
    assert choose_space(Budget.parse(budget), (32, 3, 10))[0] == space


def test_a_toy_is_taken_where_the_others_are_too_coarse_and_that_is_said() -> None:
    name, reason = choose_space(Budget.parse("900K"), (32, 3, 10))
    assert name == "tiny"
    assert reason.startswith("the preset that is fine enough, though it has few spaces, around 900K")


def test_a_budget_that_no_preset_holds_is_refused_with_what_they_hold() -> None:
    with pytest.raises(NetspaceError, match=r"budget 10K is outside.*small 1\.343M to 767\.2M"):
        choose_space(Budget.parse("10K"), (32, 3, 10))


def test_few_images_take_the_recipes_of_small_batches() -> None:
    assert (choose_recipe(300), choose_recipe(50_000)) == ("few", "standard")
    assert load_recipe("few").batch_size < load_recipe("standard").batch_size
    assert load_recipe("scant").batch_size < load_recipe("honest").batch_size


def test_every_choice_has_its_reason_and_what_is_given_is_not_chosen(fashion: ImageData) -> None:
    chosen = choose(Budget.parse("5M"), fashion)
    assert (chosen.space, chosen.trainings, chosen.search_recipe, chosen.recipe) == ("small", 24, "honest", "standard")
    assert [reason.split(":")[0] for reason in chosen.reasons] == [
        "search space small",
        "search by 24 stand-alone trainings (recipe honest)",
        "full training by recipe standard",
    ]
    given = choose(Budget.parse("1M"), fashion, space="tiny", recipe="quick")
    assert (given.space, given.trainings, given.recipe, given.reasons) == ("tiny", None, "quick", ())


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> None:
    def seconds(network: object, template: object, data: object, recipe: object) -> Interval:
        return Interval(*[TRAINING[recipe.name]] * 3)  # type: ignore[attr-defined]

    monkeypatch.setattr(choices, "seconds_of_training", seconds)


@pytest.mark.usefixtures("timed")
@pytest.mark.parametrize(
    ("limit", "epochs", "search"),
    [
        (10_000, None, 8000),  # enough for all: a full training of 1000 s, and the search has the rest of 9000
        (1000, 45, 450),  # half of 900 s each
        (260, 11, 120),  # the search keeps the time of its six trainings, three at each of two places
    ],
)
def test_short_of_time_the_schedule_is_shorter_and_the_search_has_the_rest(
    fashion: ImageData, limit: float, epochs: int | None, search: float
) -> None:
    chosen = choose(Budget.parse("5M"), fashion, time_limit=limit, jobs=2)
    assert chosen.epochs == epochs
    assert chosen.search_seconds == pytest.approx(search, abs=11)


@pytest.mark.usefixtures("timed")
def test_a_time_that_is_too_short_is_refused_with_what_would_do(fashion: ImageData) -> None:
    with pytest.raises(NetspaceError, match="time limit of 4m is too short: 6 trainings.*give 5m or more"):
        choose(Budget.parse("5M"), fashion, time_limit=200, jobs=2)
    assert choose(Budget.parse("5M"), fashion, time_limit=245, jobs=2).epochs == 10
