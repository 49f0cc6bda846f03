"""What to do after a run: one sentence, and the exact command."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspace.records import EliteSpace, Population
from netspace.report.material import Material
from netspace.runs import CALIBRATION, Run

NETWORKS = 32  # of `netspace evaluate`, where a space has as many in band
SHAPE = ("dataset", "image_size", "channels", "test_share")  # the elite file, or the command itself, says these


@dataclass(frozen=True)
class NextStep:
    """What to do next.

    Args:
        text: a sentence; it ends in a colon where a command follows.
        command: to be typed as it is; empty where there is none to give.
    """

    text: str
    command: str = ""

    def lines(self) -> list[str]:
        """Return the sentence, and the command as a line of its own."""
        return [self.text, self.command] if self.command else [self.text]


def evaluate_step(material: Material, elites: Sequence[tuple[EliteSpace, Path]]) -> NextStep:
    """Say how to hold Elite Spaces that nobody has trained networks of yet against the whole search space.

    Args:
        material: of the report.
        elites: of one folder, with their files.
    """
    able = [(elite, file) for elite, file in elites if members_in_band(elite) >= 2]
    if not able:
        return NextStep(
            "No Elite Space here has two members in band, so there is nothing to compare; search for longer."
        )
    elite, file = able[0]
    n = min([NETWORKS, *(members_in_band(one) for one, _ in able)])
    folder = file.parent
    words = ["netspace", "evaluate", *(str(place) for _, place in able), "--baseline", "expanded"]
    words += ["--dataset", elite.provenance.dataset, *_data_options(material, folder), "--n", str(n)]
    words += ["--out", f"{folder}-judged"]
    what = "it" if len(able) == 1 else "them"
    text = f"Next, train networks of {what} and of the whole search space, and compare them:"
    return NextStep(text, shlex.join(words))


def members_in_band(elite: EliteSpace) -> int:
    """Return how many networks of an Elite Space satisfy its budget."""
    return round(elite.candidates[0].hit_rate * elite.space.size)


def _data_options(material: Material, folder: Path) -> list[str]:
    """Return what a search was told of its data beside the data set, as options."""
    settings = material.data_settings.get(folder) or material.data_settings.get(folder.parent) or {}
    words = []
    for key, value in settings.items():
        if key in SHAPE or value in (None, False, [], ""):
            continue
        words += _option(key, value)[: 1 if value is True else 2]
    return words


def more_step(evaluation: dict[str, Any], *, waiting: bool) -> NextStep:
    """Say how to train what is missing of an evaluation, or more networks than it asked for."""
    command, n = evaluation.get("command"), evaluation.get("n")
    if not isinstance(command, list) or not isinstance(n, int):
        how = "run the command of the evaluation again" if waiting else "run the evaluation's command with a larger --n"
        return NextStep(f"Next, {how}.")
    more = n if waiting else min(max(2 * n, NETWORKS), largest_n(evaluation))
    text = "To train the rest, run the same command again:" if waiting else "Next, train more networks:"
    return NextStep(text, shlex.join(["netspace", *map(str, command), "--n", str(more)]))


def largest_n(evaluation: dict[str, Any]) -> int:
    """Return how many networks each population can have at most, as far as the sizes of their spaces are known."""
    sizes = evaluation.get("populations")
    known = sizes.values() if isinstance(sizes, dict) else ()
    found = [size["in_band"] for size in known if isinstance(size, dict) and isinstance(size.get("in_band"), int)]
    return min(found, default=10**9)


def compare_step(evaluation: dict[str, Any]) -> NextStep:
    """Say how to hold a space that was trained alone against the whole search space."""
    command, n = evaluation.get("command"), evaluation.get("n")
    if not isinstance(command, list) or not isinstance(n, int):
        return NextStep("Next, evaluate it again with --baseline expanded, to hold it against the whole search space.")
    if "--baseline" in command:
        return more_step(evaluation, waiting=False)
    words = ["netspace", *map(str, command), "--baseline", "expanded", "--n", str(n)]
    return NextStep("Next, hold it against the whole search space:", shlex.join(words))


def network_step(file: Path | None, one: Population, template: dict[str, Any]) -> NextStep:
    """Say how to get from a space to one network.

    Args:
        file: of the elite, where it is one.
        one: the space's population.
        template: of the evaluation.
    """
    run = _run(file)
    if run is not None and (any(run.glob("checkpoint-*")) or (run / CALIBRATION).is_dir()):  # there is what ranks them
        words = ["netspace", "nas", str(file), "--run", str(run), "--samples", "1", "--out", f"{run}-network"]
        return NextStep("Next, pick a network in it, to train it fully:", shlex.join(words))
    source = str(file) if file is not None else one.source
    if not source:
        return NextStep("Next, draw networks of it with `netspace sample`, and train one fully.")
    words = ["netspace", "sample", source, "--budget", str(one.budget)]
    words += [] if one.tolerance in (None, 0.1) else ["--tolerance", f"{one.tolerance:g}"]
    words += [w for text in filter(None, one.constraints.split(", ")) for w in ("--constraint", text)]
    if one.kind != "elite":
        words += [w for k in ("image_size", "channels", "classes") if k in template for w in _option(k, template[k])]
    return NextStep("Next, draw networks of it, to train one fully:", shlex.join(words))


def _option(key: str, value: object) -> list[str]:
    return [f"--{key.replace('_', '-')}", str(value)]


def learn_step(file: Path | None, evaluation: Path) -> NextStep:
    """Say how a search learns from the trainings of an evaluation that did not bear it out."""
    run = _run(file)
    if run is None:
        return NextStep("Next, let the search learn from these trainings with `netspace front RUN --calibrate`.")
    words = ["netspace", "front", str(run), "--calibrate", str(evaluation)]
    return NextStep("Next, let the choice of the space learn from these trainings:", shlex.join(words))


def _run(file: Path | None) -> Path | None:
    """Return the folder of the search that an elite file belongs to."""
    if file is None:
        return None
    return next((place for place in (file.parent, file.parent.parent) if Run(place).exists), None)
