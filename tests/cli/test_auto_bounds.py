"""The command auto within bounds: all of the chain keeps them, latency is measured, what cannot be is refused early."""

import json
import typing
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from netspace import NetworkTemplate
from netspace.cli import faults
from netspace.cli.main import app
from netspace.cli.profile import RuntimeName
from netspace.config import load_search_space
from netspace.cost import DeviceProfile, all_costs, load_profile, profile_in_use, use_profile
from netspace.documents import read_yaml, to_yaml
from netspace.handover import files_of, writable
from netspace.profiling import TARGETS
from netspace.records import load_architecture, load_elite
from netspace.spaces import NetworkSpace
from tests.cost.test_latency import profile_of

GIVEN = ["--image-size", "8", "--space", "tiny", "--recipe", "few"]
SHORT = "search: {estimator: score, epochs: 2, warmup_epochs: 1, steps_per_epoch: 4, batch_size: 16}\n"


class Auto:
    """Runs the command in this process; a search ends as by Ctrl-C, so that only what is before it is done."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.out, self._data, self._capsys, self._patch = data.parent / "out", data, capsys, patch
        self.measured: list[str] = []
        patch.setattr("netspace.pipeline.find_spaces", self._interrupted)
        patch.setattr("netspace.pipeline.profile_space", self._profile)
        patch.setattr("netspace.profiling.profile_space", self._profile)

    def __call__(self, *words: object, code: int = 130) -> str:
        use_profile(None)
        words = ("--out", self.out, *words)
        self._patch.setattr("sys.argv", ["netspace", "auto", "--data", str(self._data), *GIVEN, *map(str, words)])
        assert faults.run(app) == code
        captured = self._capsys.readouterr()
        return captured.err + captured.out

    def _interrupted(self, *_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def _profile(self, space: NetworkSpace, template: NetworkTemplate, **how: object) -> DeviceProfile:
        self.measured.append(str(how["target"]))
        return replace(profile_of(), template=template, notes=("cannot be trusted: the machine is busy",))


@pytest.fixture
def auto(image_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Auto]:
    yield Auto(image_folder, capsys, monkeypatch)
    use_profile(None)


def test_without_a_budget_the_flops_that_the_bounds_leave_are_aimed_at_and_kept(auto: Auto) -> None:
    told = auto("--max-flash", "60K", "--max-memory", "64KiB")
    written = read_yaml(auto.out / "auto.yaml")
    target = written["chosen"]["budget"]
    assert f"chosen: budget {target}: 90% of the space's networks that keep to flash<=60K, peak_memory<=64KiB" in told
    assert f"--budget {target} --constraint 'flash<=60K' --constraint 'peak_memory<=64KiB'" in told
    assert written["budget"] is None
    assert auto("--max-flash", "60K", "--max-memory", "64KiB").count(f"chosen: budget {target}") == 1
    assert read_yaml(auto.out / "auto.yaml") == written


def test_another_bound_than_the_folder_was_begun_with_is_refused(auto: Auto) -> None:
    auto("--budget", "300K", "--max-flash", "60K")
    for words, told in (
        (["--max-flash", "50K"], "constraints flash<=60K, not flash<=50K"),
        ([], "constraints flash<=60K, not None"),
    ):
        assert told in auto("--budget", "300K", *words, code=2)


def test_without_bounds_the_file_of_choices_knows_nothing_of_them(auto: Auto) -> None:
    auto("--budget", "300K")
    assert [*read_yaml(auto.out / "auto.yaml")] == ["budget", "space", "recipe", "time_limit", "seed", "chosen"]
    assert "constraints flash<=60K" not in (told := auto("--budget", "300K", "--max-flash", "60K", code=2))
    assert "constraints None, not flash<=60K" in told


def test_bounds_that_cannot_be_met_are_refused_before_anything_is_written(auto: Auto) -> None:
    told = auto("--max-flash", "60K", "--max-memory", "1K", code=2)
    assert "meets peak_memory<=1K (1,000 bytes) by itself: the nearest is" in told
    assert not auto.out.exists()


def test_latency_without_a_profile_is_measured_first_as_a_step_and_once(auto: Auto) -> None:
    given = ("--max-flash", "60K", "--max-latency", "1s", "--target", "onnx")
    told = auto(*given)
    file = auto.out / "profile-tiny-onnx.yaml"
    shape = "--image-size 8 --channels 1 --classes 3"
    assert f"profile: netspace profile --space tiny --target onnx {shape} --seed 0 --out {file}" in told
    assert "latency cannot be trusted: the machine is busy" in told
    assert f"--device-profile {auto.out}/device-profile.yaml" in told
    assert load_profile(auto.out / "device-profile.yaml") == load_profile(file)
    again = auto(*given)
    assert f"latency is of {load_profile(file).device}" in again
    assert auto.measured == ["onnx"]
    assert "target onnx, not None" in auto(*given[:4], code=2)


def test_a_kill_behind_the_measurement_loses_none_of_it(auto: Auto, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("netspace.choices.fit_in", killed)
        auto("--max-latency", "1s")
    assert not (auto.out / "auto.yaml").exists()
    assert f"profile: done already, {auto.out}/profile-tiny-torch.yaml" in auto("--max-latency", "1s")
    assert auto.measured == ["torch"]


def test_a_plan_measures_latency_too_and_writes_nothing(auto: Auto) -> None:
    told = auto("--max-latency", "1s", "--plan", "--json", code=0)
    steps = [step["what"] for step in json.loads(told[told.index("{") :])["steps"]]
    assert "blocks and networks of tiny timed for its profile" in steps
    assert auto.measured == ["torch"]
    assert not auto.out.exists()


def test_a_profile_that_is_given_is_used_and_kept(auto: Auto, tmp_path: Path) -> None:
    template = replace(profile_of().template, image_size=8, channels=1, classes=3)
    profile_of(template=template).save(tmp_path / "device.yaml")
    auto("--max-latency", "1s", "--device-profile", tmp_path / "device.yaml")
    assert load_profile(auto.out / "device-profile.yaml") == load_profile(tmp_path / "device.yaml")
    assert auto.measured == []
    given = ("--max-latency", "1s", "--device-profile", tmp_path / "device.yaml", "--target", "torch")
    auto.out = tmp_path / "other"
    assert "leave out --target torch, or the profile" in auto(*given, code=2)


def test_a_bound_in_eight_bits_hands_the_network_over_in_eight_bits(
    auto: Auto, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = auto("--budget", "300K", "--constraint", "flash-int8<=1M")
    assert "--format python,onnx,torch-export --int8 --out" in told
    assert "--int8" not in auto("--budget", "300K", "--max-flash", "1M", code=2)  # another bound than the folder's
    auto.out = auto.out.with_name("other")
    monkeypatch.setattr("netspace.handover.formats.missing", list)  # of whatever is needed
    assert "flash-int8 is of a network in eight bits, which needs netspace[export]" in auto(
        "--budget", "300K", "--constraint", "flash-int8<=1M", code=2
    )


def test_what_runs_the_network_in_the_end_has_to_be_installed(auto: Auto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netspace.handover.packages.find_spec", lambda name: None)
    assert "target litert needs litert_torch, ai_edge_litert" in auto("--budget", "300K", "--target", "litert", code=2)
    assert not auto.out.exists()


def test_nothing_that_says_how_large_a_network_may_be_is_refused(auto: Auto) -> None:
    assert "give --budget, as 5M, or what it may take at most" in auto(code=2)


def test_latency_is_measured_with_what_profile_measures_with() -> None:
    assert set(typing.get_args(RuntimeName)) == set(TARGETS)


@pytest.mark.slow
def test_the_network_at_the_end_keeps_to_every_bound_and_is_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    space, recipe, out = tmp_path / "space.yaml", tmp_path / "short.yaml", tmp_path / "out"
    recipe.write_text("name: short\nepochs: 1\nbatch_size: 32\nwarmup_epochs: 0\ntrain_images: 100\n")
    space.write_text(to_yaml(load_search_space("tiny")) + SHORT)
    given = ["auto", "--data", "fashion", "--image-size", "8", "--space", str(space), "--recipe", str(recipe)]
    given += ["--max-flash", "60K", "--max-memory", "8K", "--max-latency", "1ms", "--out", str(out)]
    monkeypatch.setattr("sys.argv", ["netspace", *given])
    try:
        assert faults.run(app) == 0, capsys.readouterr().err
        picked, elite = (
            load_architecture(out / "architecture" / "architecture-1.yaml"),
            load_elite(*out.glob("search/elite-*")),
        )
        assert profile_in_use() is not None
        costs = all_costs(picked.architecture, elite.template)
        assert costs["flash"] <= 60_000
        assert costs["peak_memory"] <= 8_000
        assert costs["latency"] <= 1_000_000
        assert elite.budget.bounds == "flash<=60K, peak_memory<=8K, latency<=1ms"
    finally:
        use_profile(None)
    assert all((out / "export" / name).exists() for one in writable() for name in files_of(one))
    assert (out / "report.html").exists()
