"""A device's profile: the file that says how long networks of one template take on it, and how well that is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from netspace.cost.latency import Latency
from netspace.cost.layers import COSTS, LATENCY
from netspace.cost.work import NAMES
from netspace.documents import fingerprint, from_plain, read_yaml, to_yaml, write_atomically
from netspace.errors import NetspaceError, did_you_mean
from netspace.spaces import NetworkTemplate
from netspace.spaces.ranges import STRICT

SCHEMA = 1
KEPT = "device-profile.yaml"  # a run's own copy
MEDIAN, P90, TAU = 0.1, 0.2, 0.9  # what a profile is meant to reach
Share = Annotated[float, Field(ge=0)]
Weight = Annotated[float, Field(ge=0, lt=1e15)]


@dataclass(frozen=True, config=STRICT)
class Device:
    """What was measured.

    Args:
        name: of the processor, or what a user calls the device.
        runtime: what ran the networks, with its version.
        batch: images a call.
        threads: of the runtime.
    """

    name: str
    runtime: str
    batch: Annotated[int, Field(ge=1)]
    threads: Annotated[int, Field(ge=1)]

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return f"{self.name}, {self.runtime}, batch {self.batch}, {threads}"


@dataclass(frozen=True, config=STRICT)
class Measurement:
    """One block or whole network, timed.

    Args:
        subject: of a block `stage` (from 1), `block` (first or further), `inputs` and its knobs; of a network a list
            per knob, one value per stage.
        nanoseconds: of one call.
        spread: by which share the median of several rounds lies above the least; None where it is not known.
        unseen: whether the model was not fitted on it, but judged.
    """

    subject: dict[str, Any]
    nanoseconds: Annotated[int, Field(ge=1)]
    spread: Share | None = None
    unseen: bool = False


@dataclass(frozen=True, config=STRICT)
class ProfileError:
    """How far predictions lie from what whole networks take that the model has not seen.

    Args:
        networks: how many.
        median: of |predicted / measured − 1|.
        p90: its 90th percentile.
        tau: Kendall's τ between predicted and measured; None where all are equal.
    """

    networks: Annotated[int, Field(ge=2)]
    median: Share
    p90: Share
    tau: Annotated[float, Field(ge=-1, le=1)] | None

    @property
    def reached(self) -> bool:
        """Whether median, 90th percentile and τ are what a profile is meant to reach."""
        return self.median <= MEDIAN and self.p90 <= P90 and (self.tau or 0.0) >= TAU

    def __str__(self) -> str:
        tau = "none" if self.tau is None else f"{self.tau:.2f}"
        return f"median {self.median:.1%}, 90th percentile {self.p90:.1%}, τ {tau} on {self.networks} unseen networks"


@dataclass(frozen=True, config=STRICT)
class DeviceProfile:
    """How long networks of a template take on a device.

    Args:
        device: what was measured.
        template: of the networks.
        space: name of the search space whose blocks were measured.
        weights: nanoseconds of each unit of work, by the names in `netspace.cost.work`.
        error: of the predictions; None where no whole networks were measured.
        notes: why it can't be trusted, where it can't.
        measurements: what it was fitted on and judged by.
        schema: version of the file's format.
    """

    device: Device
    template: NetworkTemplate
    space: str
    weights: Annotated[dict[str, Weight], Field(min_length=1)]
    error: ProfileError | None = None
    notes: tuple[str, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    schema: int = SCHEMA

    @model_validator(mode="after")
    def _check(self) -> DeviceProfile:
        if self.schema != SCHEMA:
            raise ValueError(f"schema {self.schema} is not readable; this version reads schema {SCHEMA}")
        for name in self.weights:
            if name not in NAMES:
                raise ValueError(f"weights: unknown work '{name}', {did_you_mean(name, NAMES)}")
        return self

    @property
    def cost(self) -> Latency:
        """Its predictions as a kind of cost."""
        return Latency(self.weights, self.template, f"the profile of {self.device}")

    @property
    def fingerprint(self) -> str:
        """Sixteen digits that change where what it predicts, or of what, does."""
        return fingerprint([str(self.device), to_yaml(self.template), sorted(self.weights.items())])

    def save(self, file: Path) -> None:
        """Write it to a file, whole or not at all."""
        write_atomically(file, to_yaml(self))


_in_use: dict[str, DeviceProfile] = {}


def load_profile(file: Path) -> DeviceProfile:
    """Read a device's profile.

    Raises:
        NetspaceError: where it is not there, none, or at fault.
    """
    return from_plain(DeviceProfile, read_yaml(file), str(file))


def use_profile(profile: DeviceProfile | Path | str | None) -> None:
    """Make a device's predictions the cost `latency` of this process; None takes it away.

    Args:
        profile: or its file.

    Raises:
        NetspaceError: where the file is at fault.
    """
    _in_use.clear()
    COSTS.pop(LATENCY, None)
    if profile is not None:
        found = profile if isinstance(profile, DeviceProfile) else load_profile(Path(profile))
        _in_use[LATENCY], COSTS[LATENCY] = found, found.cost


def profile_in_use() -> DeviceProfile | None:
    """Return what the cost `latency` is measured by; None where nothing says."""
    return _in_use.get(LATENCY)


def use_profile_of(folder: Path) -> None:
    """Use the profile that a run keeps in its folder, or in the one around it; nothing happens where it keeps none.

    Raises:
        NetspaceError: where this process uses another one.
    """
    around = [folder.parent] if (folder.parent / "config.yaml").is_file() else []  # of what lies inside a run's
    for place in (folder, *around):
        if (place / KEPT).is_file():
            kept, used = load_profile(place / KEPT), profile_in_use()
            if used is not None and used.fingerprint != kept.fingerprint:
                raise NetspaceError(
                    f"latency is of {used.device}, but '{place}' keeps the profile of {kept.device}"
                    f"{_otherwise(used, kept)}; latencies of two profiles cannot be compared: leave out "
                    "--device-profile, or give another --out"
                )
            use_profile(kept)
            return


def keep_profile(folder: Path) -> None:
    """Write the profile in use into a run's folder, so that the run goes on without being told of it again."""
    used = profile_in_use()
    if used is not None and not (folder / KEPT).exists():
        used.save(folder / KEPT)


def _otherwise(used: DeviceProfile, kept: DeviceProfile) -> str:
    if str(used.device) != str(kept.device):
        return ""
    return ", of other networks" if used.template != kept.template else ", measured another time"
