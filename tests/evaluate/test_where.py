"""The device of a pool's trainings, and how many there are at a time."""

import pytest

from netspace import NetspaceError, Pool
from netspace.evaluate import at_a_time, device_of
from netspace.evaluate.cluster import places

RAY, SHARED = Pool(cluster="ray"), Pool(cluster="ray", gpus=0.25)


def test_a_cluster_trains_on_processors_or_gpus_as_the_pool_says_whatever_this_machine_has() -> None:
    assert device_of(RAY, "auto") == device_of(RAY, "cpu") == "cpu"
    assert device_of(SHARED, "auto") == device_of(SHARED, "cuda") == "cuda"


def test_a_device_that_is_not_the_clusters_is_refused_with_what_to_give() -> None:
    with pytest.raises(NetspaceError, match="get processors alone, and device 'cuda' is asked for; a pool as ray,gpus"):
        device_of(RAY, "cuda")
    with pytest.raises(
        NetspaceError, match="get a share of a GPU .* and device 'cpu' is asked for.*; or give device cuda"
    ):
        device_of(SHARED, "cpu")


def test_this_machine_trains_as_many_at_a_time_as_it_is_told() -> None:
    assert at_a_time(Pool(3)) == 3


@pytest.mark.parametrize(
    ("there", "gpus", "room"),
    [
        ({"CPU": 8.0}, 0, 8),
        ({"CPU": 64.0, "GPU": 4.0}, 0.25, 16),
        ({"CPU": 64.0, "GPU": 4.0}, 0.1, 40),
        ({"CPU": 64.0, "GPU": 4.0}, 0.3, 12),  # three on each GPU, and a tenth of each is left
        ({"CPU": 2.0, "GPU": 4.0}, 0.5, 2),
        ({"CPU": 8.0}, 0.5, 0),
        ({}, 0, 0),
    ],
)
def test_a_cluster_has_room_for_a_training_on_each_processor_and_each_share_of_a_gpu(
    there: dict[str, float], gpus: float, room: int
) -> None:
    assert places(there, Pool(cluster="ray", gpus=gpus)) == room
