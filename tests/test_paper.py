"""The paper's experiment as one value: its share of the effort, its commands, its folder, and the whole on one page."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner

from netspace import DataSettings, NetspaceError, Pool, find_spaces, load_elite, load_search_space, paper
from netspace.cli.main import app
from netspace.cli.table import nas_plain
from netspace.config import load_recipe
from netspace.data import ImageData, load_images
from netspace.documents import read_yaml
from netspace.nas_comparison import compare_nas
from netspace.paper import PaperExperiment, published_budgets, shortened
from netspace.records import Candidate, NetworkStore
from netspace.settings import NasSettings


@pytest.fixture(scope="module")
def small_images() -> ImageData:
    return load_images(DataSettings("fashion", image_size=12))


def experiment(out: Path, **changes: object) -> PaperExperiment:
    first = PaperExperiment(DataSettings("fashion", image_size=12), ("200K",), out, space="tiny", faithful=True, n=2)
    return replace(first, share=0.0005, seeds=1, device="cpu", **changes)  # type: ignore[arg-type]


def asked(budgets: str, out: Path) -> list[str]:
    """The command of an experiment as `experiment` has it."""
    words = ["paper", "--dataset", "fashion", "--image-size", "12", "--space", "tiny", "--faithful", "--device", "cpu"]
    return [*words, "--budgets", budgets, "--share", "0.0005", "--n", "2", "--seeds", "1", "--out", str(out)]


def test_budgets_at_another_image_size_are_in_proportion_to_its_pixels() -> None:
    assert published_budgets(16)[:4] == ("50M", "100M", "150M", "400M")
    assert published_budgets(32)[-1] == "32G"


@pytest.mark.parametrize(
    ("share", "epochs", "images"), [(1.0, 600, None), (0.1, 60, None), (0.01, 10, 27_000), (0.001, 10, 2_700)]
)
def test_a_share_of_the_effort_is_that_share_of_what_a_network_sees(
    share: float, epochs: int, images: int | None
) -> None:
    recipe = shortened(load_recipe("paper"), share, 45_000)
    assert (recipe.epochs, recipe.train_images) == (epochs, images)
    assert recipe.epochs * (images or 45_000) == pytest.approx(share * 600 * 45_000)


def test_the_whole_effort_is_the_published_recipe_and_search(small_images: ImageData, tmp_path: Path) -> None:
    whole = replace(experiment(tmp_path), share=1, space="expanded", budgets=("50M",))
    assert whole.recipe(len(small_images.train)) == load_recipe("paper")
    search = whole.config(len(small_images.train)).search
    assert (search.estimator, search.epochs, search.warmup_epochs, search.steps_per_epoch) == ("gumbel", 50, 15, None)
    assert whole.config(50_000).search.theta.learning_rate == 3e-4
    three = replace(whole, budgets=("50M", "100M", "150M")).config(50_000).search
    assert three.theta.learning_rate == pytest.approx(9e-4)  # each Θ takes a third of the steps
    tenth = replace(whole, share=0.1).config(len(small_images.train)).search
    assert (tenth.epochs, tenth.steps_per_epoch) == (50, 6)
    assert tenth.theta.learning_rate * 6 == pytest.approx(3e-4 * (25_000 // 64), rel=1e-2)  # Θ comes as far


@pytest.mark.parametrize("faithful", [True, False])
def test_each_step_is_a_command_that_is_accepted(small_images: ImageData, tmp_path: Path, *, faithful: bool) -> None:
    group = get_command(app)
    pool = Pool(cluster="ray", gpus=0.25) if faithful else Pool(2)
    steps = list(experiment(tmp_path, faithful=faithful, pool=pool).steps(small_images))
    assert all(set(pool.options) < set(step.command) for step in steps[:-1])
    assert [step.name for step in steps] == ["search", "networks", "table", "report"]
    for step in steps:
        name, *words = step.command
        group.commands[name].make_context(name, words)  # type: ignore[attr-defined]


def test_a_folder_of_other_settings_is_refused_and_named(small_images: ImageData, tmp_path: Path) -> None:
    experiment(tmp_path).begin(small_images)
    experiment(tmp_path, n=4).begin(small_images)  # more networks may be asked for
    with pytest.raises(NetspaceError, match=r"other settings: seed 0, not 3; give another --out"):
        experiment(tmp_path, seed=3).begin(small_images)
    assert read_yaml(tmp_path / "paper.yaml")["seed"] == 0


def test_a_plan_counts_all_trainings_and_writes_nothing(small_images: ImageData, tmp_path: Path) -> None:
    plan = experiment(tmp_path / "none", faithful=False).plan(small_images)
    assert [step.count for step in plan.steps] == [24, 4, 2]
    assert not (tmp_path / "none").exists()


def test_the_whole_experiment_ends_in_a_page_and_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    words = asked("400K", tmp_path)
    first = CliRunner().invoke(app, words)
    assert first.exit_code == 0, first.output
    assert "Elite Spaces" in first.stdout
    assert "NAS (random) in Elite Spaces and in the whole space" in first.stdout
    assert "elite-400K" in (tmp_path / "paper.html").read_text()
    rows = NetworkStore(tmp_path / "networks").rows()
    assert [row["status"] for row in rows] == ["ok"] * 4
    again = CliRunner().invoke(app, words)
    assert again.exit_code == 0, again.output
    assert NetworkStore(tmp_path / "networks").rows() == rows


def miss(run: Path, text: str, ranges: int) -> None:
    """Have an elite be a space of which no network meets its budget, as Θ ends in where it moves too little."""
    elite = load_elite(run / f"elite-{text}.yaml")
    space = load_search_space("tiny").space((ranges,) * 6)
    missed = Candidate.measure(space, 0.1, budget=elite.budget, template=elite.template)
    assert missed.hit_rate == 0
    replace(elite, candidates=(missed,)).save(run)


def test_a_budget_that_no_network_of_its_elite_meets_is_left_out_aloud(tmp_path: Path) -> None:
    config = experiment(tmp_path, budgets=("250K", "400K")).config(8000)
    find_spaces(config, tmp_path / "search")
    miss(tmp_path / "search", "400K", 0)
    done = CliRunner().invoke(app, asked("250K,400K", tmp_path))
    assert done.exit_code == 0, done.output
    assert "no network of the other Elite Spaces meets its budget; what follows is of 250K" in done.stderr
    assert set(NetworkStore(tmp_path / "networks").populations()) == {"elite-250K", "expanded-250K"}
    assert {cell["target"] for cell in nas_plain(tmp_path / "table")} == {250_000}
    with pytest.raises(NetspaceError, match=r"meets its budget: .*elite-400K.yaml; .* leave them out: --budgets 250K"):
        compare_nas(tmp_path / "search", recipe=load_recipe("quick"), settings=NasSettings())
    miss(tmp_path / "search", "250K", 1)
    with pytest.raises(NetspaceError, match=r"no network of any Elite Space .* with a larger --share than 0.0005"):
        list(experiment(tmp_path, budgets=("250K", "400K")).steps(load_images(config.data)))


@pytest.fixture
def few_photos(tmp_path: Path, fashion: ImageData) -> Path:
    """Class folders of PNG files, 1 000 to train on and 100 for the test."""
    for part, images, n in (("train", fashion.train, 1000), ("test", fashion.test, 100)):
        for i, (pixels, label) in enumerate(zip(images.images[:n, 0].numpy(), images.labels[:n].tolist(), strict=True)):
            folder = tmp_path / "photos" / part / f"class{label}"
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(folder / f"{i:04d}.png")
    return tmp_path / "photos"


@pytest.mark.slow  # networks of up to 200 million weights: 28 and 44 minutes of one core
@pytest.mark.parametrize("how", [[], ["--faithful"]], ids=["default", "gumbel"])
def test_all_twelve_budgets_of_the_expanded_space_end_in_a_page(
    tmp_path: Path, few_photos: Path, how: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "PER_BUDGET", 2)  # trainings of the search, not eight
    words = ["paper", "--dataset", str(few_photos), "--image-size", "4", "--share", "0.001", "--n", "2", "--seeds", "1"]
    done = CliRunner().invoke(app, [*words, "--jobs", "2", "--device", "cpu", "--out", str(tmp_path / "paper"), *how])
    assert done.exit_code == 0, done.output
    page, budgets = (tmp_path / "paper" / "paper.html").read_text(), published_budgets(4)
    elites = [load_elite(tmp_path / "paper" / "search" / f"elite-{text}.yaml") for text in budgets]
    met = sum(elite.meets for elite in elites)
    assert len(budgets) == 12
    assert met == 12 or (how and met)
    assert [row["status"] for row in NetworkStore(tmp_path / "paper" / "networks").rows()] == ["ok"] * 4 * met
    assert len(nas_plain(tmp_path / "paper" / "table")) == 2 * met
    for text, elite in zip(budgets, elites, strict=True):
        assert f"elite-{text}" in page or not elite.meets
        assert how or abs(elite.candidates[0].cost.median / elite.budget.target - 1) < 0.1
