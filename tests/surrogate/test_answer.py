"""From scores and trainings to the front of spaces, and to elite files."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from netspace import Budget, CostModel, NetspaceError, cost, load_elite
from netspace.documents import fingerprint, to_plain, to_yaml
from netspace.records import Candidate, EliteSpace, NetworkStore, Planned, Provenance, TrainedNetwork
from netspace.runs import Readings, Run, ScoreFile
from netspace.runs.scores import drop_unfinished_line
from netspace.spaces import Architecture, SearchSpace
from netspace.surrogate import Evidence, Judge, pareto_spaces, refine, take_in
from netspace.surrogate.grid import network_space
from netspace.surrogate.predictors import FITS
from tests.conftest import quick_config

BUDGET = Budget.parse("2M")


@pytest.fixture
def run(tmp_path: Path, tiny: SearchSpace) -> Run:
    """A finished search's folder, without any training."""
    folder = tmp_path / "run"
    folder.mkdir()
    template = tiny.template(28, 1, 10)
    (folder / "config.yaml").write_text(to_yaml({"config": to_plain(quick_config())}))
    provenance = Provenance("0", "fashion", "d", "tiny", "score", 3, 0, "c", 0.1, 2_000_000)
    candidate = Candidate.measure(network_space(tiny, 0), 0.9, budget=BUDGET, template=template)
    EliteSpace(BUDGET, template, (candidate,), provenance).save(folder)
    return Run(folder)


def evidence(run: Run, n_scores: int, n_trained: int, models: tuple[str, ...] = tuple(FITS)) -> Evidence:
    """Stand-alone errors fall with the last stage's width at equal cost; the scores say the contrary."""
    rng = np.random.default_rng(0)
    points = run.space.full.enumerate()[rng.permutation(run.space.full.size)]
    costs = CostModel(run.template)(points)

    def errors(sign: float, some: np.ndarray, at: np.ndarray) -> np.ndarray:
        shape = np.log(some[:, 5] / some[:, 1])
        return np.asarray(0.5 - 0.05 * np.log(at / 1e6) - sign * 0.03 * shape + 0.002 * rng.normal(size=len(some)))

    scored, trained = points[:n_scores], points[-n_trained:] if n_trained else points[:0]
    return Evidence(
        run,
        Readings(scored, errors(-1, scored, costs[:n_scores])),
        Readings(trained, errors(1, trained, costs[-n_trained:] if n_trained else costs[:0])),
        models=models,
    )


def test_trainings_overrule_scores_that_rank_badly(run: Run) -> None:
    known = evidence(run, 100, 60)
    chosen, others = known.signal("auto")
    by_name = {signal.name: signal for signal in others}
    assert chosen.name in ("population", "both")
    assert chosen.ranked[0].within.value > 0.7
    assert by_name["supernet"].ranked[0].within.value < 0
    assert not by_name["supernet"].ranked[0].beats_flops
    assert known.signal("supernet")[0].name == "supernet"


def test_a_second_call_gives_the_same_answer_without_comparing_anew(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    known = evidence(run, 0, 60)
    first, _ = known.signal("population")
    (answer,) = Judge(run, first).answer([BUDGET])
    assert (run.folder / "front-models.json").exists()
    monkeypatch.delattr("netspace.surrogate.signals.fit_best")
    second, _ = known.signal("population")
    (again,) = Judge(run, second).answer([BUDGET])
    assert again.contenders == answer.contenders
    np.testing.assert_array_equal(again.judged.error, answer.judged.error)
    assert second.ranked == first.ranked


@pytest.mark.parametrize("asked", ["auto", "population"])
def test_too_few_networks_are_refused(run: Run, asked: str) -> None:
    with pytest.raises(NetspaceError, match="4 scores and 3 stand-alone trainings"):
        evidence(run, 4, 3).signal(asked)  # type: ignore[arg-type]
    with pytest.raises(NetspaceError, match="1 score and 1 stand-alone training that went well"):
        evidence(run, 1, 1).signal(asked)  # type: ignore[arg-type]


def test_the_answer_is_the_space_that_the_formula_makes_best(run: Run) -> None:
    signal, _ = evidence(run, 0, 200).signal("population")
    front = Judge(run, signal, hit_rate=0.0)
    answers = front.answer([Budget.parse("1.5M"), BUDGET])
    points = run.space.full.enumerate()
    costs = CostModel(run.template)(points)
    own = front.members.grid.locate(points)
    inside = (costs >= BUDGET.interval[0]) & (costs <= BUDGET.interval[1])
    errors = 0.5 - 0.05 * np.log(costs / 1e6) - 0.03 * np.log(points[:, 5] / points[:, 1])
    truth = {int(s): errors[inside & (own == s)].mean() for s in np.unique(own[inside])}
    best = answers[1].contenders[0]
    assert truth[best.space] - min(truth.values()) < 0.004
    assert best.error.low - 0.005 <= truth[best.space] <= best.error.high + 0.005
    assert [b for b, _ in pareto_spaces(answers)] == [answers[0].budget, BUDGET]


def test_an_elite_file_holds_the_best_spaces_and_says_what_found_them(run: Run, tmp_path: Path) -> None:
    signal, _ = evidence(run, 0, 60).signal("population")
    front = Judge(run, signal)
    (answer,) = front.answer([BUDGET])
    elite = load_elite(front.elite(answer, 3).save(tmp_path))
    assert [c.space for c in elite.candidates] == [front.space(c) for c in answer.contenders[:3]]
    assert elite.candidates[0].hit_rate == pytest.approx(answer.contenders[0].hit_rate, rel=1e-5)
    assert elite.provenance.estimator.startswith("front (population, ")
    with pytest.raises(NetspaceError, match="infeasible"):
        front.answer([Budget.parse("5G")])


def test_what_the_search_found_is_judged_like_every_other_space(run: Run) -> None:
    signal, _ = evidence(run, 0, 60).signal("population")
    front = Judge(run, signal, hit_rate=0.0)
    (answer,) = front.answer([BUDGET])
    assert front.searched(answer) is None  # no member of the space in the run's file is in band
    for place in (0, 5):
        one = answer.contenders[place]
        candidate = Candidate.measure(front.space(one), 0.9, budget=BUDGET, template=run.template)
        EliteSpace(BUDGET, run.template, (candidate,), run.provenance).save(run.folder)
        assert front.searched(answer) == (front.space(one), one.error.value, one.hit_rate)
    (other,) = front.answer([Budget.parse("3M")])
    assert front.searched(other) is None
    assert len(answer.errors) == int((answer.judged.hit_rate > 0).sum())
    assert answer.errors[0] == answer.contenders[0].error.value


def test_refining_raises_the_hit_rate_without_a_higher_predicted_error(run: Run) -> None:
    signal, _ = evidence(run, 0, 60).signal("population")
    model = CostModel(run.template)
    start = run.space.full
    found = refine(start, search_space=run.space, signal=signal, model=model, budget=BUDGET)
    assert found.hit_rate[1] > found.hit_rate[0]
    assert found.error[1] <= found.error[0]
    assert found.networks[1] >= 0.5 * found.networks[0]
    assert found.hit_rate[1] == pytest.approx(BUDGET.band(found.after, run.template).hit_rate)


def trained(folder: Path, run: Run, *, recipe: str, depths: list[list[int]]) -> Path:
    store = NetworkStore(folder)
    store.create(recipe=recipe, data="d", template=fingerprint(run.template))
    networks = [Architecture.of(d, [8, 8, 8]) for d in depths]
    store.add([Planned("p", i, i, a, cost(a, run.template)) for i, a in enumerate(networks)])
    for i, a in enumerate(networks):
        claimed = store.claim()
        assert claimed is not None
        store.finish(claimed[0], TrainedNetwork(a, cost(a, run.template), i, recipe, "d", "ok", 0.1 * (i + 1), 0.5))
    return folder


def test_trainings_are_taken_in_once_per_architecture_and_only_of_one_recipe(run: Run, tmp_path: Path) -> None:
    a = trained(tmp_path / "a", run, recipe="r", depths=[[1, 1, 1], [2, 1, 1], [9, 1, 1]])
    b = trained(tmp_path / "b", run, recipe="r", depths=[[2, 1, 1]])
    c = trained(tmp_path / "c", run, recipe="s", depths=[[1, 1, 1]])
    found, notes = take_in(run, [a, b])
    assert found.points.tolist() == [[1, 8, 1, 8, 1, 8], [2, 8, 1, 8, 1, 8]]
    np.testing.assert_allclose(found.values, [0.1, 0.15])
    assert notes == [f"{a}: 1 network is outside of space tiny"]
    with pytest.raises(NetspaceError, match=r"another recipe \(s\)"):
        take_in(run, [a, c])


def test_errors_are_read_off_training_losses_where_all_have_one_and_they_agree(run: Run, tmp_path: Path) -> None:
    points = run.space.full.enumerate()[np.random.default_rng(3).permutation(run.space.full.size)[:20]]
    networks = run.template.architectures(points)
    costs = CostModel(run.template)(points)
    truth = 0.3 * (costs / 1e6) ** -0.2 * (points[:, 5] / 8) ** -0.1
    errors = truth * np.exp(0.02 * np.random.default_rng(4).normal(size=20))
    store = NetworkStore(tmp_path / "store")
    store.create(recipe="r", data="d", template=fingerprint(run.template))
    store.add([Planned("p", i, i, a, cost(a, run.template)) for i, a in enumerate(networks)])
    for i, a in enumerate(networks):
        claimed = store.claim()
        assert claimed is not None
        curve = [{"loss": 9.0, "validation_error": 0.9}, {"loss": 2 * truth[i], "validation_error": errors[i]}]
        done = TrainedNetwork(a, cost(a, run.template), i, "r", "d", "ok", float(errors[i]), 0.5, curve)
        store.finish(claimed[0], done)
    found, notes = take_in(run, [tmp_path / "store"])
    (note,) = notes
    assert note.startswith("errors of the 20 trainings are read off their training losses")
    where = {tuple(point): value for point, value in zip(points.tolist(), truth, strict=True)}
    expected = np.array([where[tuple(point)] for point in found.points.tolist()])
    assert np.corrcoef(np.log(found.values), np.log(expected))[0, 1] > 0.9999


def of_stages(space: SearchSpace, n: int) -> SearchSpace:
    return replace(space, stages=space.stages[:n], strides=space.strides[:n])


def test_scores_survive_a_kill_in_the_middle_of_a_line(tmp_path: Path, tiny: SearchSpace) -> None:
    file = ScoreFile(tmp_path, of_stages(tiny, 2))
    file.claim({"seed": 0})
    file.append(np.array([1, 8, 2, 4]), 0.25)
    with file.file.open("a") as stream:
        stream.write("2,8,")
    assert file.read().points.tolist() == [[1, 8, 2, 4]]
    file.append(np.array([2, 8, 1, 4]), 0.5)
    assert file.read().values.tolist() == [0.25, 0.5]
    with pytest.raises(NetspaceError, match=r"scores of another seed \(0, not 1\)"):
        file.claim({"seed": 1})
    assert not file.finished(2)
    file.finish(2, saturated=False)
    assert file.finished(2)
    assert not file.finished(3)


def test_an_unfinished_first_line_is_written_anew(tmp_path: Path, tiny: SearchSpace) -> None:
    file = ScoreFile(tmp_path, of_stages(tiny, 1))
    file.file.write_text("d1,w1,d")
    file.append(np.array([1, 8]), 0.25)
    assert file.file.read_text() == "d1,w1,score\n1,8,0.250000\n"


def test_what_a_kill_left_is_found_at_the_end_of_the_file_alone() -> None:
    read = []

    class Stream(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            read.append(super().read(size))
            return read[-1]

    whole = b"d1,w1,score\n" + b"1,8,0.250000\n" * 2000
    for torn in (b"", b"2,", b"2,8,0.2500"):
        stream = Stream(whole + torn)
        assert drop_unfinished_line(stream) == len(whole)
        assert stream.getvalue() == whole
    assert max(len(part) for part in read) <= 4096
