"""The three commands of the documentation's first page, with each preset's own estimator: they end in a comparison."""

import json
import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from netspace import load_elite
from netspace.cli.main import app
from netspace.config import load_document

RECIPE = "name: short\nepochs: 1\nbatch_size: 32\nwarmup_epochs: 0\ntrain_images: 100\nvalidation_share: 0.25\n"
SHORT = ["search.epochs=2", "search.warmup_epochs=1", "search.steps_per_epoch=4", "search.batch_size=16"]
SHORT += ["search.front.evaluations=10", "search.front.population=6"]
CHANCES = {"front": "P(best), by its scores", "population": "P(best)"}


def netspace(*args: str) -> Result:
    done = CliRunner().invoke(app, list(args), env={"COLUMNS": "180"})
    assert done.exit_code == 0, done.output
    return done


def smaller(preset: str, folder: Path) -> str:
    """Return a preset whose networks are small enough for a test; all else is its own, its estimator among it."""
    document = load_document(preset)
    if preset == "tiny":
        return preset
    stage = {"depth": {"low": 1, "high": 4, "ranges": 2}, "width": {"low": 4, "high": 32, "step": 4, "ranges": 2}}
    file = folder / f"{preset}.yaml"
    sizes = {"image_size": [8]} if "image_size" in document else {}
    file.write_text(yaml.safe_dump({**document, **sizes, "stages": [stage] * 3}))
    return str(file)


@pytest.mark.parametrize("preset", ["tiny", "small", "expanded", "mobile-small"])
def test_the_first_three_commands_end_with_the_comparison(preset: str, tmp_path: Path) -> None:
    recipe, run, judged = tmp_path / "short.yaml", tmp_path / "first", tmp_path / "first-judged"
    recipe.write_text(RECIPE)
    budget = {"tiny": "200K"}.get(preset, "1M")
    data = ["--dataset", "fashion"]
    short = [*SHORT, f"search.front.recipe={recipe}"]
    settings = [word for setting in short for word in ("--set", setting)]
    given = ["--space", smaller(preset, tmp_path), "--budget", budget, "--image-size", "8", "--tolerance", "0.7"]
    shown = netspace("search", *data, *given, *settings, "--device", "cpu", "--out", str(run)).stdout
    file = run / f"elite-{budget}.yaml"
    elite = load_elite(file)
    assert elite.chance == CHANCES[load_document(preset)["search"]["estimator"]]
    assert f"│ {elite.chance}" in shown.replace("┃", "│")

    evaluate = ["evaluate", str(file), "--baseline", "expanded", *data, "--n", "2", "--recipe", str(recipe)]
    value = json.loads(netspace(*evaluate, "--jobs", "2", "--out", str(judged), "--json").stdout)
    # A second call trains nothing; `results` prints what `evaluate` does, without starting processes for it.
    again = [*evaluate, "--jobs", "2", "--out", str(judged)] if preset == "tiny" else ["results", str(judged)]
    text = netspace(*again).stdout
    pair = (f"elite-{budget}", f"expanded-{budget}")
    table = text[text.index("Spaces compared") :]
    assert all(name in table for name in pair)
    assert [(c["a"], c["b"]) for c in value["comparisons"]] == [pair]
    assert text.splitlines()[-len(value["answer"]) :] == value["answer"]
    assert any(line.startswith("Against the whole search space (") for line in value["answer"])
    assert shlex.split(value["answer"][-1])[0] == "netspace"

    page = tmp_path / "first.html"
    netspace("report", str(run), str(judged), "--out", str(page))
    body = page.read_text().split("<body>")[1]
    compared = body[body.index("<h2>Spaces compared</h2>") :]
    assert f"<td>{pair[0]}</td><td>{pair[1]}</td>" in compared
    assert body.index("Against the whole search space (") < body.index("<h2>")
