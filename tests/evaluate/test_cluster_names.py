"""What is said of a cluster before anything is read or made, whether Ray is installed or not."""

import sys

import pytest

from netspace import NetspaceError
from netspace.evaluate import check_cluster
from netspace.evaluate.ray_crew import device_there


@pytest.mark.parametrize("name", ["", "dask", "ray://", "rays://a:1", "ray:/a"])
def test_a_name_that_is_no_cluster_is_refused_with_what_to_give(name: str) -> None:
    with pytest.raises(NetspaceError, match=f"pool '{name}' is not known; give ray, or ray://HOST:PORT"):
        check_cluster(name, 1)


def test_processes_of_this_machine_are_not_asked_for_beside_a_cluster() -> None:
    with pytest.raises(NetspaceError, match="--jobs 2 is of this machine"):
        check_cluster("ray", 2)


def test_the_extra_is_named_where_ray_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(NetspaceError, match=r"pip install 'netspace\[cluster\]'"):
        check_cluster("ray", 1)


def test_a_cluster_trains_on_processors_whatever_this_machine_has() -> None:
    assert device_there("auto") == device_there("cpu") == "cpu"
    with pytest.raises(NetspaceError, match="not on 'cuda'; give --device cpu"):
        device_there("cuda")
