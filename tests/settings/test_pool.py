"""What --pool and --jobs say of who trains, whether Ray is installed or not."""

import sys

import pytest

from netspace import NetspaceError, Pool


@pytest.fixture
def ray_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netspace.settings.pool.find_spec", lambda name: object())


@pytest.mark.parametrize(
    ("text", "pool"),
    [
        ("ray", Pool(cluster="ray")),
        ("ray,gpus=0.25", Pool(cluster="ray", gpus=0.25)),
        ("ray,gpus=1", Pool(cluster="ray", gpus=1)),
        ("ray://head:10001", Pool(cluster="ray://head:10001")),
        ("ray://head:10001,gpus=0.5", Pool(cluster="ray://head:10001", gpus=0.5)),
    ],
)
def test_a_cluster_is_read_and_written_as_text(text: str, pool: Pool, ray_there: None) -> None:
    assert Pool.parse(text) == pool
    assert pool.options == ("--pool", text)


def test_this_machine_is_what_is_meant_where_no_cluster_is_named() -> None:
    assert Pool.parse(None, 3) == Pool(3)
    assert Pool(3).options == ("--jobs", "3")


@pytest.mark.parametrize(
    "text", ["", "dask", "ray://", "ray://a", "rays://a:1", "ray:/a", "ray,gpus=", "ray,gpus=-1", "ray,cpus=2"]
)
def test_a_name_that_is_no_pool_is_refused_with_what_to_give(text: str, ray_there: None) -> None:
    with pytest.raises(NetspaceError, match=f"pool '{text}' is not known; give ray, or ray://HOST:PORT"):
        Pool.parse(text)


def test_more_than_one_gpu_for_a_training_is_refused(ray_there: None) -> None:
    with pytest.raises(NetspaceError, match="a share of a GPU lies between 0 and 1, as ray,gpus=0.25; it is 2"):
        Pool.parse("ray,gpus=2")


def test_a_share_of_a_gpu_is_of_a_cluster() -> None:
    with pytest.raises(NetspaceError, match="on this machine --device cuda --jobs N share one"):
        Pool(gpus=0.5)


def test_what_jobs_means_is_said_where_it_is_given_beside_a_cluster(ray_there: None) -> None:
    with pytest.raises(
        NetspaceError, match="--jobs 2 is of this machine; a cluster trains as many at a time as it has"
    ):
        Pool.parse("ray", 2)


def test_the_extra_is_named_where_ray_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(NetspaceError, match=r"pip install 'netspace\[cluster\]'"):
        Pool.parse("ray")
