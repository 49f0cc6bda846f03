"""How a chain of steps is done on the command line: each is told, shown while it goes on, and ends as its command."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from netspace.cli.output import note, resumable, tell
from netspace.cli.train import describe_training
from netspace.errors import UnfinishedError
from netspace.runs import Run
from netspace.steps import Listener, Step, WrittenStep

AGAIN = "run the same command again to go on with it"
Show = Callable[[Any, Path], None]


def do_steps(chain: str, steps: Callable[[], Iterable[Step]], show: Mapping[str, Show], out: Path) -> None:
    """Tell the plan of a chain and do what is not done; end with a step's exit code where it is not 0.

    Args:
        chain: name of the command.
        steps: yields them in order; asked twice, since a later one may depend on what an earlier one found.
        show: by name of a step, prints what it returned and where.
        out: folder of the whole.
    """
    note("plan:")
    for step in steps():
        note(f"  {step.name}: {step.purpose}")
        note(f"    {_words(step)}")
    with resumable(out):
        for step in steps():
            do_step(step, chain, show[step.name])


def do_step(step: Step, chain: str, show: Show) -> None:
    """Do a step that is not done; end with its exit code where it is not 0, and say which step it was.

    Args:
        step: of the chain.
        chain: name of the command.
        show: prints what the step returned and where.
    """
    if step.done:
        step.tidy()
        note(f"{step.name}: done already, {_result(step)}")
        return
    note(f"{step.name}: {_words(step)}")
    started = time.monotonic()
    try:
        with step.cleared():
            code = _code(step, show)
    except Exception:
        note(f"{chain} stopped in step '{step.name}'; {AGAIN}")
        raise
    if code:
        note(f"{chain} stopped in step '{step.name}', which ended with exit code {code}; {AGAIN}")
        raise typer.Exit(code)
    if isinstance(step, WrittenStep) and not step.done:
        raise UnfinishedError(f"step '{step.name}' ended without {step.result}; {AGAIN}")
    note(f"{step.name}: {time.monotonic() - started:.0f} s")


def _code(step: Step, show: Show) -> int:
    """Do a step as its command would, show what came of it, and return the exit code."""
    try:
        with _listening(step) as listener:
            result = step.work(listener)
        show(result, step.folder)
    except typer.Exit as end:
        return end.exit_code
    except KeyboardInterrupt:
        note("stopped")
        return 130
    return 0


@contextmanager
def _listening(step: Step) -> Iterator[Listener]:
    """Show how far a step has come, as its command does."""
    from netspace.cli.progress import EpochProgress, PopulationProgress, describe

    going: dict[str, tuple[str, Callable[[Any], str]]]
    going = {"search": (" where it stopped", describe), "train": (" from its last epoch", describe_training)}
    if step.name in going:
        how, described = going[step.name]
        with resumable(step.folder, how), EpochProgress(described) as progress:
            yield Listener(progress, tell, note)
    elif step.command[0] in ("evaluate", "table"):
        with resumable(step.folder), PopulationProgress(Run(step.folder).store()) as networks:
            yield Listener(on_note=note, on_change=networks)
    else:
        yield Listener(on_progress=tell, on_note=note)


def _result(step: Step) -> Path:
    return step.result if isinstance(step, WrittenStep) else step.folder


def _words(step: Step) -> str:
    return shlex.join(("netspace", *step.command))
