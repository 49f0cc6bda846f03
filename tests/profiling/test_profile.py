"""A profile of a device that a fake clock stands for: what its calls take is known, so the model can be held to it."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from netspace import NetspaceError, load_search_space
from netspace.profiling import TARGETS, profile_space
from netspace.profiling.design import design
from netspace.profiling.timing import time_calls


class FakeDevice:
    """A device whose clock moves with its calls alone: 2 µs a call and 5 ns a weight of a convolution."""

    def __init__(self, disturbed: float = 0.0) -> None:
        self.now, self.calls, self.disturbed = 0.0, 0, disturbed

    def clock(self) -> float:
        return self.now

    def target(self, module: nn.Module, images: Tensor, threads: int) -> Callable[[], None]:
        weights = sum(one.weight.numel() for one in module.modules() if isinstance(one, nn.Conv2d))

        def call() -> None:
            self.calls += 1
            late = self.disturbed if self.calls // 2000 % 4 else 0.0
            self.now += (2e-6 + 5e-9 * weights) * (1 + late)

        return call


def test_a_device_that_is_a_sum_of_works_is_predicted_almost_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    device, space = FakeDevice(), load_search_space("tiny")
    monkeypatch.setitem(TARGETS, "torch", device.target)
    template = space.template(16, 3, 10)
    found = profile_space(space.full, template, name="tiny", target="torch", clock=device.clock, rounds=3)
    assert found.error is not None
    assert found.error.networks == 20
    assert found.error.p90 < 0.01
    assert (found.error.tau or 0) > 0.95  # whole nanoseconds, and networks that tie
    assert found.notes == ()
    assert sum(one.unseen for one in found.measurements) == 20
    assert all((one.spread or 0) < 1e-6 for one in found.measurements)


def test_a_busy_machine_is_said_to_be_untrustworthy(monkeypatch: pytest.MonkeyPatch) -> None:
    device, space = FakeDevice(disturbed=0.5), load_search_space("tiny")
    monkeypatch.setitem(TARGETS, "torch", device.target)
    template = space.template(16, 3, 10)
    found = profile_space(space.full, template, name="tiny", target="torch", clock=device.clock, rounds=8)
    assert any("cannot be trusted: the machine is busy" in note for note in found.notes)


def test_a_design_is_seeded_in_all_stages_and_its_networks_are_different() -> None:
    space = load_search_space("mobile-small")
    template = space.template(32, 3, 10)
    one, again, other = (design(space.full, template, seed=seed) for seed in (0, 0, 1))
    assert [b.told for b in one.blocks] == [b.told for b in again.blocks] != [b.told for b in other.blocks]
    assert {b.stage for b in one.blocks} == set(range(len(space.stages)))
    whole = [str(n.told) for n in (*one.known, *one.unseen)]
    assert len(set(whole)) == len(whole) == 36


@pytest.mark.parametrize("preset", ["small", "mobile-small", "regnet-like-small"])
def test_each_block_and_network_of_a_design_runs_on_its_input(preset: str) -> None:
    space = load_search_space(preset)
    found = design(space.full, space.template(32, 3, 10), seed=0, blocks=12)
    for one in found.blocks:
        module, images = one.module(batch=2)
        assert module(images).shape == (2, one.plan.channels["out"], one.sizes[1], one.sizes[1])
    module, images = found.unseen[0].module(batch=2)
    assert module(images).shape == (2, 10)


PACKAGES = {"onnx": "onnxruntime", "openvino": "openvino", "litert": "litert_torch"}


@pytest.mark.parametrize("target", PACKAGES)
def test_every_runtime_computes_the_same(target: str) -> None:
    pytest.importorskip(PACKAGES[target])
    space = load_search_space("tiny")
    module, images = design(space.full, space.template(16, 3, 10), seed=0, blocks=6).unseen[0].module(batch=1)
    one, call = TARGETS["torch"](module, images, 1)(), TARGETS[target](module, images, 1)
    if target == "litert":  # whose call leaves its result where it is
        call()
        interpreter = call.__self__  # type: ignore[attr-defined]
        other = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    else:
        other = call()[0]  # type: ignore[index]
    torch.testing.assert_close(one, torch.from_numpy(other.copy()), rtol=1e-3, atol=1e-4)


def test_a_round_that_was_disturbed_shows_in_the_spread_alone() -> None:
    now, calls = [0.0], [0]

    def call() -> None:
        calls[0] += 1
        now[0] += 0.002 if calls[0] > 20 else 0.001

    (timing,) = time_calls([call], clock=lambda: now[0], rounds=8)
    assert timing.nanoseconds == 1_000_000
    assert timing.spread == pytest.approx(1.0)


def test_an_unknown_target_is_refused() -> None:
    space = load_search_space("tiny")
    with pytest.raises(NetspaceError, match=r"unknown target 'tourch', did you mean 'torch'"):
        profile_space(space.full, space.template(16, 3, 10), name="tiny", target="tourch")
