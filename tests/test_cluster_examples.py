"""The files that start a cluster: what reads them takes them, and they do what they say in the order that they say."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from netspace.cli.main import app

ROOT = Path(__file__).parent.parent
CLUSTER = ROOT / "docs" / "examples" / "cluster"
SCRIPTS = sorted(CLUSTER.glob("*.sh"))
# Stands for every program that a script calls: it tells its words, the address given to it, and its token's length.
STUB = '#!/usr/bin/env bash\necho "$(basename "$0") $*|${RAY_ADDRESS-}|${#RAY_AUTH_TOKEN}" >> "$CALLS"\n'
SHOWN = "read -r RAY_AUTH_TOKEN; export RAY_AUTH_TOKEN RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0;"
ANSWERS = {
    "scontrol": "printf 'n1\\nn2\\nn3\\n'",
    "hostname": "echo 192.0.2.1",
    "srun": "[[ $* == *hostname* ]] && echo 192.0.2.1",
    "ssh": 'read -r given && echo "given ${#given}" >> "$CALLS"',
}


def calls(script: Path, place: Path, *args: str) -> list[str]:
    """Run a script with stubs in place of programs; return what it called, sleeps left out."""
    programs = place / "bin"
    programs.mkdir()
    for name in ("ray", "netspace", "ssh", "scontrol", "hostname", "srun", "sleep"):
        (programs / name).write_text(STUB + ANSWERS.get(name, "") + "\nexit 0\n")
        (programs / name).chmod(0o755)
    (programs / "activate").write_text("")
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "VENV": str(place), "CALLS": str(place / "calls")}
    environment |= {"SLURM_JOB_NODELIST": "n[1-3]", "SLURM_JOB_ID": "12345", "SLURM_CPUS_PER_TASK": "32"}
    how = {"env": environment, "stdin": subprocess.DEVNULL, "capture_output": True}
    done = subprocess.run(["bash", str(script), *args], text=True, check=False, **how)  # type: ignore[call-overload]
    assert done.returncode == 0, done.stderr
    return [line for line in (place / "calls").read_text().splitlines() if not line.startswith("sleep")]


def check_command(line: str) -> None:
    """Raise where `netspace` would not take the words of a line, or no pool is among them."""
    name, *words = line.partition("|")[0].split()[1:]
    assert "--pool" in words
    get_command(app).commands[name].make_context(name, words)  # type: ignore[attr-defined]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_is_bash_and_sends_no_statistics(script: Path) -> None:
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    assert "RAY_USAGE_STATS_ENABLED=0" in script.read_text()
    assert os.access(script, os.X_OK)


def test_one_machine_needs_the_command_alone(tmp_path: Path) -> None:
    (line,) = calls(CLUSTER / "one_machine.sh", tmp_path)
    check_command(line)


def test_three_machines_are_joined_before_the_command_and_stopped_after_it(tmp_path: Path) -> None:
    search = "search --dataset photos --space small --budget 5M --pool ray --out runs/photos"
    found = calls(CLUSTER / "three_by_ssh.sh", tmp_path, *search.split())
    heads = [line.replace(f"{tmp_path}/bin/", "") for line in found]
    assert [line.partition("|")[0] for line in heads] == [
        "hostname -I",
        "ray start --head --node-ip-address 192.0.2.1 --port 6379",
        f"ssh second {SHOWN} ray start --address 192.0.2.1:6379",
        "given 64",
        f"ssh third {SHOWN} ray start --address 192.0.2.1:6379",
        "given 64",
        f"netspace {search}",
        *(f"ssh {host} ray stop" for host in ("second", "third")),
        "ray stop",
    ]
    assert heads[1].endswith("||64")  # a head that is told another one's address would join it
    assert heads[6].endswith("|192.0.2.1:6379|64")
    check_command(heads[6])


def test_each_node_of_an_allocation_starts_ray_once_and_the_command_runs_on_the_first(tmp_path: Path) -> None:
    found = [line for line in calls(CLUSTER / "slurm.sh", tmp_path) if "hostname" not in line]
    head, others = (next(line for line in found if words in line) for words in ("ray start --head", "--address 192"))
    assert "--nodes=1 --ntasks=1 --nodelist=n1 --cpus-per-task=32" in head
    assert "ray start --head --node-ip-address 192.0.2.1 --port 22345 --num-cpus 32 --block" in head
    assert "--nodes=2 --ntasks=2 --exclude=n1 --cpus-per-task=32" in others
    assert "ray start --address 192.0.2.1:22345 --num-cpus 32 --block" in others
    (command,) = [line for line in found if line.startswith("netspace")]
    assert command.endswith("|192.0.2.1:22345|64")
    assert head.endswith("|64")
    assert others.endswith("|64")
    check_command(command)


def test_the_cluster_of_kubernetes_is_of_the_pinned_ray_and_its_head_trains_nothing() -> None:
    text = (CLUSTER / "kuberay.yaml").read_text()
    plain: dict[str, Any] = yaml.safe_load(text)
    pinned = re.search(r"^ray==(.*)$", (ROOT / "constraints.txt").read_text(), flags=re.M)
    assert (plain["apiVersion"], plain["kind"]) == ("ray.io/v1", "RayCluster")
    assert pinned is not None
    assert plain["spec"]["rayVersion"] == pinned[1]
    assert f"FROM rayproject/ray:{pinned[1]}-py311-cpu" in (CLUSTER / "Dockerfile").read_text()
    head, (workers,) = plain["spec"]["headGroupSpec"], plain["spec"]["workerGroupSpecs"]
    assert head["rayStartParams"]["num-cpus"] == "0"
    for group in (head, workers):
        (container,) = group["template"]["spec"]["containers"]
        assert {"name": "RAY_USAGE_STATS_ENABLED", "value": "0"} in container["env"]
        assert container["resources"]["limits"] == container["resources"]["requests"]
    (served,) = head["template"]["spec"]["containers"]
    assert {"name": "GRPC_ENABLE_FORK_SUPPORT", "value": "0"} in served["env"]  # reached by ray://
    assert f"service/{plain['metadata']['name']}-head-svc" in text
    assert 10001 in [port["containerPort"] for port in served["ports"]]
