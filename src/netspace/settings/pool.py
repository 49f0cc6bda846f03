"""Who trains stand-alone networks: so many processes of this machine, or a Ray cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.util import find_spec

from netspace.errors import NetspaceError

SCHEME = "ray"
NO_RAY = "training on a cluster needs one more package: pip install 'netspace[cluster]'"
_ADDRESS = rf"{SCHEME}(?:://[^\s,/:]+:[0-9]{{1,5}})?"
_TEXT = re.compile(rf"({_ADDRESS})(?:,gpus=([0-9]{{1,9}}(?:\.[0-9]{{1,9}})?))?")
_GIVE = "give ray, or ray://HOST:PORT, each with or without a share of a GPU for each training, as ray,gpus=0.25"


@dataclass(frozen=True)
class Pool:
    """Where networks are trained, and how many at a time; the results depend on neither.

    Args:
        jobs: networks at a time on this machine: by as many processes, on a GPU by as many threads of one.
        cluster: `ray` for the cluster of this machine (RAY_ADDRESS says which), or one started here; `ray://HOST:PORT`
            for one that Ray's client reaches. Empty is this machine alone. A cluster trains as many at a time as it
            has room for.
        gpus: share of one GPU that each training on the cluster takes, 0 to 1; 0 trains on its processors.

    Raises:
        NetspaceError: where a value is out of range, or this machine and a cluster are both asked for.
    """

    jobs: int = 1
    cluster: str = ""
    gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.jobs < 1:
            raise NetspaceError(f"{self.jobs} networks at a time: give 1 or more")
        if not 0 <= self.gpus <= 1:
            raise NetspaceError(f"a share of a GPU lies between 0 and 1, as ray,gpus=0.25; it is {self.gpus:g}")
        if self.cluster and not re.fullmatch(_ADDRESS, self.cluster):
            raise _unknown(self.cluster)
        if self.cluster and self.jobs != 1:
            raise NetspaceError(
                f"--jobs {self.jobs} is of this machine; a cluster trains as many at a time as it has room for, so "
                "leave it out, or leave out --pool"
            )
        if self.gpus and not self.cluster:
            raise NetspaceError(
                f"a share of a GPU ({self.gpus:g}) is of a cluster; on this machine --device cuda --jobs N share one"
            )

    @classmethod
    def parse(cls, text: str | None, jobs: int = 1) -> Pool:
        """Read what `--pool` and `--jobs` say; no text is this machine, others are as `ray` or `ray,gpus=0.25`.

        Raises:
            NetspaceError: where the text is none of these, Ray is not installed, or both are asked for.
        """
        if text is None:
            return cls(jobs)
        match = _TEXT.fullmatch(text)
        if match is None:
            raise _unknown(text)
        pool = cls(jobs, match[1], float(match[2] or 0))
        if find_spec(SCHEME) is None:
            raise NetspaceError(NO_RAY)
        return pool

    @property
    def options(self) -> tuple[str, ...]:
        """What says the same on a command line."""
        if not self.cluster:
            return "--jobs", str(self.jobs)
        return "--pool", self.cluster + (f",gpus={self.gpus:g}" if self.gpus else "")


ONE_PROCESS = Pool()


def _unknown(text: str) -> NetspaceError:
    return NetspaceError(f"pool '{text[:80]}' is not known; {_GIVE}")
