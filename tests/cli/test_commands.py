"""The command line as a user meets it: output, JSON, exit codes, one-line errors."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from netspace import load_elite
from netspace.config import preset_names
from netspace.cost import Constraint, parse_amount
from netspace.records import load_architecture
from tests.commands import command, netspace

QUICK = ["--set", "search.epochs=3", "--set", "search.warmup_epochs=1", "--set", "search.steps_per_epoch=4"]
SEARCH = ["search", "--dataset", "fashion", "--space", "tiny", "--estimator", "score", "--budget", "2M"]
SEARCH += ["--device", "cpu"]


def test_help_is_quick_because_large_libraries_are_imported_late() -> None:
    late = {"torch", "datasets", "scipy", "moocore", "sklearn", "matplotlib", "plotly", "lightning_fabric"}
    late |= {"tensorboard", "onnxruntime", "pymoo"}
    code = f"import sys, netspace.cli.main; sys.exit(bool({late} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert "search" in netspace("--help").stdout


def test_cost_prints_the_papers_figure() -> None:
    done = netspace("cost", "--depth", "3,3,3", "--width", "16,32,64")
    assert "40,813,184  (multiply-adds, MACs)" in done.stdout
    done = netspace("cost", "--depth", "3,3,3", "--width", "16,32,64", "--json")
    costs = json.loads(done.stdout)
    assert [costs[kind] for kind in ("flops", "params", "activations")] == [40813184, 272474, 200714]
    assert costs["peak_memory"] == 4 * costs["peak_memory-int8"] == 3 * 4 * 16 * 32 * 32  # of a block that adds


def test_spaces_lists_the_presets() -> None:
    listed = json.loads(netspace("spaces", "--json").stdout)
    sizes = {row["name"]: row["spaces"] for row in listed}
    assert list(sizes) == preset_names()
    assert (sizes["expanded"], sizes["small"], sizes["tiny"]) == (262144, 4096, 64)
    assert (sizes["regnet-like"], sizes["mobile-small"]) == (2**20, 12288)
    assert "1..512 by 1 in 16 ranges" in netspace("spaces", "expanded").stdout


def test_sample_draws_within_a_budget_from_presets_and_files(tmp_path: Path) -> None:
    drawn = json.loads(netspace("sample", "expanded", "--n", "7", "--budget", "200M", "--json").stdout)
    assert len(drawn) == 7
    assert all(abs(row["flops"] / 200e6 - 1) <= 0.1 for row in drawn)
    space = tmp_path / "space.yaml"
    space.write_text("stages:\n" + "- {depth: 1..2, width: 8..16 by 8}\n" * 3)
    drawn = json.loads(netspace("sample", str(space), "--n", "4", "--json").stdout)
    assert {w for row in drawn for w in row["width"]} <= {8, 16}
    golden = Path(__file__).parent.parent / "golden" / "elite-schema-1.yaml"
    assert netspace("sample", str(golden), "--n", "2").stdout.count("[1, 1, 2]") == 2


def test_constraints_bound_what_sample_draws_and_cost_says_which_are_met() -> None:
    bounds = ["--max-params", "10K", "--max-memory", "128KiB", "--constraint", "activations>=20K"]
    done = netspace("sample", "tiny", "--n", "9", "--budget", "2M", *bounds, "--json")
    drawn = json.loads(done.stdout)
    assert len(drawn) == 9
    assert all(
        row["params"] <= 10_000 and row["peak_memory"] <= 2**17 and row["activations"] >= 20_000 for row in drawn
    )
    assert re.search(r"hit rate 0\.0\d+: \d+ networks \(counted\)", done.stderr)
    alone = json.loads(netspace("sample", "tiny", "--n", "9", "--min-flops", "4M", "--json").stdout)
    assert all(row["flops"] >= 4_000_000 for row in alone)
    priced = ["cost", "--depth", "1,1,1", "--width", "16,32,64", "--max-flash", "400K", "--max-params", "1K"]
    assert json.loads(netspace(*priced, "--json").stdout)["meets"] == {"params<=1K": False, "flash<=400K": True}
    shown = netspace(*priced).stdout
    assert "meets flash<=400K (400,000 bytes)" in shown
    assert "FAILS params<=1K" in shown


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        (["--max-params", "1K"], "meets params<=1K by itself: the nearest is 1,282 params"),
        (["--max-flops", "1M"], "budget 2M ±10% and flops<=1M contradict each other"),
        (["--max-memory", "a lot"], "constraint 'peak_memory<=a lot' is no amount"),
        (["--max-params", "5KiB"], "KiB is for bytes, and params are none"),
        (["--max-params", "5K", "--constraint", "params<=6K"], "bound one cost on one side"),
        (["--constraint", "parms<=6K"], "unknown cost 'parms'"),
    ],
)
def test_faulty_and_infeasible_constraints_end_a_search_before_any_training(
    bounds: list[str], told: str, tmp_path: Path
) -> None:
    given = ["search", "--dataset", "fashion", "--space", "tiny", "--budget", "2M", "--device", "cpu"]
    done = netspace(*given, *bounds, "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert told in done.stderr
    assert not (tmp_path / "run" / "search.jsonl").exists()


def test_a_search_under_constraints_hands_them_on_to_its_elite_to_nas_and_to_the_report(tmp_path: Path) -> None:
    run, out = tmp_path / "run", tmp_path / "page.html"
    bounds = ["--max-params", "12K", "--max-memory", "128KiB", "--tolerance", "0.6"]
    done = netspace(*SEARCH, *QUICK, *bounds, "--out", str(run))
    assert done.returncode == 0, done.stderr
    elite = load_elite(run / "elite-2M.yaml")
    assert elite.budget.bounds == "params<=12K, peak_memory<=128KiB"
    for one in elite.candidates:
        rate = elite.budget.satisfied(one.space.enumerate(), elite.template).mean()
        assert one.hit_rate == pytest.approx(rate, rel=1e-5)
    given = ["nas", "tiny", "--run", str(run), "--budget", "2M", "--samples", "4", "--candidates", "6"]
    picked = json.loads(netspace(*given, "--max-params", "9K", "--json").stdout)
    points = elite.template.points(
        [load_architecture(Path(one["file"])).architecture for one in picked["architectures"]]
    )
    assert elite.budget.bounded([Constraint.parse("params<=9K")]).satisfied(points, elite.template).all()
    assert netspace("report", str(run), "--out", str(out)).returncode == 0
    assert "params&lt;=12K, peak_memory&lt;=128KiB" in out.read_text()


def test_search_prints_one_json_value_and_its_progress_on_stderr(tmp_path: Path) -> None:
    done = netspace(*SEARCH, *QUICK, "--out", str(tmp_path / "run"), "--json")
    (elite,) = json.loads(done.stdout)
    assert elite["budget"]["target"] == 2_000_000
    assert load_elite(Path(elite["file"])).provenance.search_space == "tiny"
    told = done.stderr.splitlines()
    assert told[0].startswith("data fashion: 10,000 images of 10 classes, 1,000 images each: ")
    lines = [line for line in told if line.startswith("epoch ")]
    assert [line.split()[1] for line in lines] == ["1/3", "2/3", "3/3"]
    assert all("ETA" in line and "loss" in line and "entropy" in line for line in lines)
    again = netspace(*SEARCH, *QUICK, "--out", str(tmp_path / "run"))
    assert "elite-2M.yaml" in again.stdout
    assert again.returncode == 0


def test_search_by_the_presets_own_estimator_says_what_its_model_is_worth(tmp_path: Path) -> None:
    settings = ["--set", "search.epochs=6", "--set", "search.warmup_epochs=2", "--set", "search.front.evaluations=20"]
    given = ["--dataset", "fashion", "--space", "tiny", "--budget", "300K", "--image-size", "8", "--device", "cpu"]
    done = netspace("search", *given, *settings, "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stderr
    assert "scores 20/20" in done.stderr
    assert "how they rank stand-alone trainings is not known" in done.stderr
    assert "front (supernet" in load_elite(tmp_path / "run" / "elite-300K.yaml").provenance.estimator


def start(folder: Path, epochs: int = 6) -> subprocess.Popen[str]:
    settings = (f"search.epochs={epochs}", "search.warmup_epochs=2", "search.steps_per_epoch=8")
    args = [*SEARCH, *(part for setting in settings for part in ("--set", setting))]
    # A parent that ignores SIGINT, as a background job does, would hand that on.
    listen = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(
        command(*args, "--out", str(folder)),
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=listen,
    )


def test_a_search_killed_at_random_moments_gives_the_same_elite_file(tmp_path: Path) -> None:
    whole = start(tmp_path / "whole")
    whole.communicate(timeout=120)
    wanted = (tmp_path / "whole" / "elite-2M.yaml").read_bytes()
    for epoch, delay in ((1, 0.03), (3, 0.1), (4, 0.0)):
        running = start(tmp_path / "killed")
        assert running.stderr is not None
        for line in running.stderr:
            if line.startswith(f"epoch {epoch}/"):
                time.sleep(delay)
                os.kill(running.pid, signal.SIGKILL)
                break
        running.communicate(timeout=120)
        assert running.returncode == -signal.SIGKILL
        assert not (tmp_path / "killed" / "elite-2M.yaml").exists()
    start(tmp_path / "killed").communicate(timeout=120)
    assert (tmp_path / "killed" / "elite-2M.yaml").read_bytes() == wanted


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    running = start(tmp_path / "run", epochs=1000)
    assert running.stderr is not None
    for line in running.stderr:
        if line.startswith("epoch 2/"):
            running.send_signal(signal.SIGINT)
            break
    _, rest = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "Run the same command again to go on" in rest
    assert "Traceback" not in rest
    assert list((tmp_path / "run").glob("checkpoint-*/weights.safetensors"))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["search", "--dataset", "fashion", "--space", "smal", "--budget", "2M"], "did you mean 'small'?"),
        ([*SEARCH, "--set", "search.epoch=3"], "did you mean 'epochs'?"),
        ([*SEARCH, "--budget", "2X"], "budget '2X' is no amount"),
        ([*SEARCH, "--budget", "1T"], "budget 1T ±10% flops is infeasible"),
        ([*SEARCH[:-1], "cuda"], "device 'cuda' is not there"),
        (["search", "--dataset", "./nowhere", "--space", "tiny", "--budget", "2M"], "dataset './nowhere' is not there"),
        ([*SEARCH, "--config", "nowhere.yaml"], "cannot read nowhere.yaml: No such file or directory"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bad_input_ends_in_one_line_and_exit_code_2(tmp_path: Path, args: list[str], message: str) -> None:
    if message.startswith("device"):
        import torch

        if torch.cuda.is_available():
            pytest.skip("this machine has a GPU")
    done = netspace(*args, "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "args", [["cost", "--depth", "3,3", "--width", "16,32,64"], ["cost", "--depth", "3,x,3", "--width", "1,1,1"]]
)
def test_faulty_architectures_are_refused(args: list[str]) -> None:
    done = netspace(*args)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


def test_json_errors_leave_stdout_empty() -> None:
    done = netspace("sample", "tiny", "--budget", "1", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert parse_amount("1") == 1
