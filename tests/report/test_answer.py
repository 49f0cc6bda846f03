"""The answer in words: what it says of searches, evaluations, both, unfinished ones and failures."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from netspace import Budget, SearchSpace
from netspace.cli.main import app
from netspace.evaluate import Subject
from netspace.records import Candidate, EliteSpace, Fidelity, Population, Provenance
from netspace.report import Material, answer, render_page

BUDGET = Budget.parse("2M")
COMMAND = ["evaluate", "runs/a/elite-2M.yaml", "--dataset", "fashion", "--baseline", "expanded", "--out", "runs/e"]
PROVENANCE = Provenance("0", "my photos", "d", "tiny", "front (supernet, linear)", 3, 0, "c", 0.1, 2_000_000)


def elite(tiny: SearchSpace, *, probability: float = 1.0, chance: str | None = "P(best), by its scores") -> EliteSpace:
    template = tiny.template(28, 1, 10)
    space = tiny.space((0, 0, 1, 1, 0, 1))
    candidate = Candidate.measure(space, probability, budget=BUDGET, template=template)
    return EliteSpace(BUDGET, template, (candidate,), replace(PROVENANCE, probability=chance))


def rows(name: str, errors: list[float]) -> list[dict[str, Any]]:
    common = {"population": name, "flops": 2_000_000, "gate": False, "folder": "runs/e", "status": "ok"}
    return [{**common, "place": i, "id": i, "test_error": error} for i, error in enumerate(errors)]


def evaluated(tiny: SearchSpace, own: list[float], others: list[float], *, searched: bool, n: int = 8) -> Material:
    """An evaluation of an elite against the whole space, with or without the search that found it."""
    found = elite(tiny)
    one = Subject("elite-2M", found.space, BUDGET, "runs/a/elite-2M.yaml", "front (supernet, linear)").population
    known = {"elite-2M": one, "expanded-2M": Population("expanded-2M", "baseline", "expanded").at(BUDGET)}
    sizes = {"elite-2M": {"members": 100, "in_band": 50}, "expanded-2M": {"members": 512, "in_band": 56}}
    about = {"n": n, "command": COMMAND, "populations": sizes, "folder": "runs/e", "recipe": {"name": "quick"}}
    material = Material([Path("runs/e")], networks=rows("elite-2M", own) + rows("expanded-2M", others), known=known)
    material.evaluations.append(about)
    if searched:
        material.elites.append(found)
        material.elite_files.append(Path("runs/a/elite-2M.yaml"))
    return material


GOOD, BAD = [0.20 + i / 1000 for i in range(8)], [0.25 + i / 1000 for i in range(8)]


def test_a_search_alone_says_what_was_chosen_by_what_and_how_to_judge_it(tiny: SearchSpace) -> None:
    material = Material([Path("runs/a")], elites=[elite(tiny)], elite_files=[Path("runs/a/elite-2M.yaml")])
    material.data_settings[Path("runs/a")] = {"dataset": "my photos", "label_column": "kind of", "image_size": 28}
    text, step, command = answer(material)
    assert text.startswith("At 2M FLOPs the search chose the space with depths 1 · 2 · 1 and widths 4..8 by 4 · 12..16")
    assert "best by scores of the super network alone (P(best), by its scores: 1.00)" in text
    assert "not known before some are trained" in text
    assert step == "Next, train networks of it and of the whole search space, and compare them:"
    words = shlex.split(command)
    assert words[:5] == ["netspace", "evaluate", "runs/a/elite-2M.yaml", "--baseline", "expanded"]
    assert words[words.index("--dataset") + 1] == "my photos"
    assert words[words.index("--label-column") + 1] == "kind of"
    assert words[words.index("--n") + 1] == "4"  # as many as the elite has in band
    assert "--image-size" not in words


@pytest.mark.parametrize(
    ("chance", "said"),
    [
        ("P(Θ)", "It is the likeliest under Θ (P(Θ): 0.30, so others may be as good)."),
        (
            "P(best)",
            "It is the best by a model of networks that were trained (P(best): 0.30, so others may be as good).",
        ),
    ],
)
def test_a_chance_is_said_in_its_own_sense(tiny: SearchSpace, chance: str, said: str) -> None:
    material = Material([Path()], elites=[elite(tiny, probability=0.3, chance=chance)])
    assert said in answer(material)[0]


def test_a_closed_gate_is_said(tiny: SearchSpace) -> None:
    found = elite(tiny)
    closed = replace(found, provenance=replace(found.provenance, fidelity=Fidelity(0.1, -0.2, 0.4, 12, False)))
    assert "NOT TRUSTWORTHY (τ 0.10, n = 12)" in answer(Material([Path()], elites=[closed]))[0]


@pytest.mark.parametrize("searched", [True, False])
def test_an_elite_that_is_better_is_said_to_be_so_with_n_and_intervals(tiny: SearchSpace, searched: bool) -> None:
    lines = answer(evaluated(tiny, GOOD, BAD, searched=searched))
    assert lines[0] == (
        "At 2M FLOPs the Elite Space has depths 1 · 2 · 1 and widths 4..8 by 4 · 12..16 by 4 · 12..16 by 4 and meets "
        "the budget with 50% of its networks. Trained from scratch with recipe quick, its networks get 20.4% of the "
        "test images wrong on average (20.1% to 20.6%, n = 8)."
    )
    assert lines[1] == (
        "Against the whole search space (25.4%, n = 8): a network of the Elite Space beats one of the others "
        "with probability 1.00 (0.63 to 1.00), so the Elite Space is better."
    )
    assert "to train one fully" in lines[2]
    assert lines[3] == "netspace sample runs/a/elite-2M.yaml --budget 2M"  # no such run is there


@pytest.mark.parametrize("there", ["checkpoint-0003", "calibration"])
def test_the_network_is_picked_by_what_the_run_ranks_networks_with(
    tiny: SearchSpace, tmp_path: Path, there: str
) -> None:
    material = evaluated(tiny, GOOD, BAD, searched=True)
    (tmp_path / there).mkdir()
    (tmp_path / "config.yaml").write_text("")
    material.elite_files[:] = [tmp_path / "elite-2M.yaml"]
    words = shlex.split(answer(material)[-1])
    assert words[1:6] == ["nas", str(tmp_path / "elite-2M.yaml"), "--run", str(tmp_path), "--samples"]


def test_what_cannot_be_told_apart_is_said_and_more_networks_are_the_next_step(tiny: SearchSpace) -> None:
    lines = answer(evaluated(tiny, GOOD, GOOD[::-1], searched=True))
    assert "with probability 0.50" in lines[1]
    assert lines[1].endswith("so these networks do not tell the two apart.")
    assert lines[-2] == "Next, train more networks:"
    assert lines[-1] == shlex.join(["netspace", *COMMAND, "--n", "32"])


def test_no_more_networks_are_asked_for_than_there_are(tiny: SearchSpace) -> None:
    lines = answer(evaluated(tiny, GOOD, GOOD[::-1], searched=True, n=50))
    assert lines[-2].startswith("A space here has only 50 networks within the budget, so no more can be drawn.")


def test_a_worse_elite_is_said_to_be_worse_and_the_search_can_learn_from_it(tiny: SearchSpace) -> None:
    lines = answer(evaluated(tiny, BAD, GOOD, searched=True))
    assert lines[1].endswith("so the Elite Space is worse.")
    assert lines[2].startswith("Next, let the")


def test_with_several_comparisons_p_is_corrected(tiny: SearchSpace) -> None:
    own, others = [0.20 + i / 100 for i in range(8)], [0.235 + i / 100 for i in range(8)]
    material = evaluated(tiny, own, others, searched=False)
    assert answer(material)[1].endswith("so the Elite Space is better.")  # p is between 0.05 / 3 and 0.05
    for name in ("random-spaces", "uniform-width"):
        material.networks.extend(rows(f"{name}-2M", others))
        material.known[f"{name}-2M"] = Population(f"{name}-2M", "baseline", name).at(BUDGET)
    lines = answer(material)
    assert [line.split(" (")[0] for line in lines[1:4]] == [
        "Against the whole search space",
        "Against random spaces of the grid",
        "Against networks of one width throughout",
    ]
    assert all(line.endswith("these networks do not tell the two apart.") for line in lines[1:4])


def test_two_elites_and_two_budgets_each_have_their_lines(tiny: SearchSpace) -> None:
    material = evaluated(tiny, GOOD, BAD, searched=False)
    other = replace(material.known["elite-2M"], name="elite-2M-b", run="b", source="runs/b/elite-2M.yaml")
    later = Population("elite-3M", "elite", "elite").at(Budget.parse("3M"))
    material.known.update({"elite-2M-b": other, "elite-3M": later})
    material.networks.extend(rows("elite-2M-b", BAD) + rows("elite-3M", GOOD))
    lines = answer(material)
    assert [line for line in lines if line.startswith("netspace sample")] == [
        "netspace sample runs/a/elite-2M.yaml --budget 2M"  # the better one of the two
    ]
    text = "\n".join(lines)
    assert "Against elite-2M-b (25.4%, n = 8)" in text
    assert "the Elite Space (elite-2M-b) has" in text
    assert "At 3M FLOPs the Elite Space was evaluated." in text


@pytest.mark.parametrize(("a", "b", "better"), [(GOOD, BAD, "a"), (BAD, GOOD, "b")])
def test_of_two_elites_the_better_one_is_gone_on_with(
    tiny: SearchSpace, a: list[float], b: list[float], better: str
) -> None:
    material = evaluated(tiny, a, [], searched=False)
    other = replace(material.known["elite-2M"], name="elite-2M-b", run="b", source="runs/b/elite-2M.yaml")
    material.known["elite-2M-b"] = other
    material.networks.extend(rows("elite-2M-b", b))
    assert answer(material)[-1] == f"netspace sample runs/{better}/elite-2M.yaml --budget 2M"


def test_an_evaluation_that_goes_on_says_how_far_it_is_and_how_to_go_on(tiny: SearchSpace) -> None:
    material = evaluated(tiny, GOOD[:3], BAD[:3], searched=True)
    material.waiting.extend(rows("elite-2M", [0.0] * 5) + rows("expanded-2M", [0.0] * 5))
    lines = answer(material)
    assert lines[0] == "6 of 16 networks are trained so far; what follows is of those."
    assert lines[-1] == shlex.join(["netspace", *COMMAND, "--n", "8"])
    material.networks.clear()
    assert answer(material)[0] == "0 of 10 networks are trained so far; there is nothing to compare yet."


def test_a_search_that_goes_on_says_its_epoch() -> None:
    assert answer(Material([Path()], epochs=[{"epoch": 2, "epochs": 12}])) == [
        "The search is still going on: epoch 2 of 12."
    ]


def test_failures_are_counted(tiny: SearchSpace) -> None:
    material = evaluated(tiny, GOOD[:7], BAD[:7], searched=True)
    for status in ("diverged", "failed"):
        material.failures.append({"population": "elite-2M", "status": status, "gate": False})
    (line,) = [line for line in answer(material) if "did not go well" in line]
    assert line == "2 of 16 trainings did not go well (1 diverged, 1 failed): they are left out of the errors above."


def test_an_elite_without_anything_beside_it_is_to_be_compared(tiny: SearchSpace) -> None:
    material = evaluated(tiny, GOOD, [], searched=True)
    material.evaluations[0]["command"] = [word for word in COMMAND if word not in ("--baseline", "expanded")]
    lines = answer(material)
    assert lines[-2] == "Next, hold it against the whole search space:"
    assert "--baseline expanded --n 8" in lines[-1]


def test_the_page_opens_with_the_answer_and_shows_names_as_they_are(tiny: SearchSpace) -> None:
    material = evaluated(tiny, GOOD, BAD, searched=False)
    one = material.known.pop("elite-2M")
    material.known["<b>elite"] = replace(one, name="<b>elite")
    for row in material.networks:
        row["population"] = row["population"].replace("elite-2M", "<b>elite")
    page = render_page(material, [])
    start = page.index("<h1>")
    assert start < page.index("so the Elite Space (&lt;b&gt;elite) is better") < page.index("<h2>")
    assert "&lt;b&gt;elite" in page
    assert "<b>elite" not in page
    assert "<code>netspace sample runs/a/elite-2M.yaml --budget 2M</code>" in page


def test_every_command_that_is_proposed_has_its_options(tiny: SearchSpace) -> None:
    materials = [
        evaluated(tiny, GOOD, BAD, searched=True),
        evaluated(tiny, GOOD, GOOD, searched=True),
        Material([Path()], elites=[elite(tiny)], elite_files=[Path("runs/a/elite-2M.yaml")]),
    ]
    for material in materials:
        words = shlex.split(answer(material)[-1])
        known = CliRunner().invoke(app, [words[1], "--help"], env={"COLUMNS": "200"}).stdout
        assert all(word in known for word in words if word.startswith("--"))
