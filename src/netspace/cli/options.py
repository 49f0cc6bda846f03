"""Options that several commands share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from netspace.config import load_document, load_search_space
from netspace.documents import from_plain
from netspace.errors import NetspaceError
from netspace.processor import cores
from netspace.records import elite_from_plain
from netspace.settings import LARGEST_SEED, Pool
from netspace.spaces import NetworkSpace, NetworkTemplate

if TYPE_CHECKING:
    from netspace.finding import Deadline

ON_A_GPU = 8  # more at a time got no further (benchmarks/README.md, trainings of small networks on a GPU)
Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON value on stdout.")]
ImageSize = Annotated[int, typer.Option(help="Height and width of the input, pixels.", min=1)]
Channels = Annotated[int, typer.Option(help="Channels of the input.", min=1)]
Classes = Annotated[int, typer.Option(help="Number of classes.", min=2)]
Seed = Annotated[int, typer.Option(help="Seed of every random draw.", min=0, max=LARGEST_SEED)]
Near = Annotated[
    float, typer.Option(help="Points of test error above the front that are still near it.", min=0, max=100)
]
DATASET_HELP = "fashion (embedded), a folder of images or parquet, or a hub id."
Dataset = Annotated[str, typer.Option(help=DATASET_HELP)]
DatasetArgument = Annotated[str, typer.Argument(help=DATASET_HELP, metavar="DATASET")]
MovedDataset = Annotated[str | None, typer.Option("--dataset", help="Where the run's data are now, if they moved.")]
Labels = Annotated[
    str | None,
    typer.Option(help="CSV file with the labels of a folder's images: columns file and label, or as named below."),
]
SkipUnreadable = Annotated[
    bool, typer.Option("--skip-unreadable", help="Leave out images that cannot be read, instead of refusing the data.")
]
AcceptChangedData = Annotated[
    bool, typer.Option("--accept-changed-data", help="Go on though the data have lost or gained images since the run.")
]
ResizeTo = Annotated[int | None, typer.Option(help="Resize images to this height and width.")]
ConvertTo = Annotated[int | None, typer.Option(help="Convert images to 1 (grey) or 3 (colour) channels.")]
ImageColumn = Annotated[str | None, typer.Option(help="Column of images, or of files in the table of labels.")]
LabelColumn = Annotated[str | None, typer.Option(help="Column of labels.")]
Device = Annotated[
    Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train; auto: on the GPU where there is one.")
]
Jobs = Annotated[
    int | None,
    typer.Option(
        help="Networks trained at a time; default: one per core (on a GPU up to 8). Changes no result.", min=1
    ),
]
Devices = Annotated[
    int, typer.Option(help="GPUs of each machine, or processes without GPU, that train one super network.", min=1)
]
Nodes = Annotated[int, typer.Option(help="Machines, on each of which torchrun or SLURM starts this command.", min=1)]
PoolName = Annotated[
    str | None,
    typer.Option(
        "--pool",
        help="ray or ray://HOST:PORT: train on a Ray cluster, as many networks at a time as it has processors; "
        "ray,gpus=0.25: each on a share of a GPU.",
    ),
]
PlanOnly = Annotated[
    bool, typer.Option("--plan", help="Only say what it would take here, measured in a few seconds; change nothing.")
]
RecipeName = Annotated[str, typer.Option(help="quick, few, scant, honest, standard, paper, or a YAML file.")]
OwnRecipe = Annotated[
    str | None,
    typer.Option("--recipe", help="Of these trainings; default: that of the run's own trainings, else quick."),
]
RecipeSettings = Annotated[
    list[str] | None, typer.Option("--set", help="A setting of the recipe, as epochs=12; repeatable.")
]
Out = Annotated[Path, typer.Option("--out", help="The run's folder.")]


def pool_of(text: str | None, jobs: int | None, *, device: str = "cpu", reach: bool = True) -> Pool:
    """Return who trains, as `--pool` and `--jobs` say; a cluster is reached, before anything is read or made.

    Args:
        text: `--pool`.
        jobs: `--jobs`; None is one for each core of this machine, where there is no cluster, and few enough for a GPU.
        device: where networks are trained.
        reach: whether this process is the one that trains.

    Raises:
        NetspaceError: where the pool is none, Ray is not installed, or no cluster answers.
    """
    pool = Pool.parse(text, jobs or (1 if text else _default_jobs(device)))
    if pool.cluster and reach:
        from netspace.evaluate.cluster import reached

        reached(pool.cluster)
    return pool


def _default_jobs(device: str) -> int:
    if device != "cpu":
        from netspace.models import resolve_device

        if resolve_device("auto") == "cuda":
            return min(cores(), ON_A_GPU)
    return cores()


def seconds_of(time_limit: str | None) -> float | None:
    """Read `--time-limit`, as 30m; return seconds.

    Raises:
        NetspaceError: where it is no duration.
    """
    from netspace.finding import parse_duration

    return None if time_limit is None else parse_duration(time_limit)


def deadline_of(time_limit: str | None) -> Deadline | None:
    """Read `--time-limit` of a command that begins now; None is as long as it takes.

    Raises:
        NetspaceError: where it is no duration.
    """
    from netspace.finding import Deadline

    seconds = seconds_of(time_limit)
    return None if seconds is None else Deadline(seconds)


def data_options(
    dataset: str,
    image_size: int | None,
    channels: int | None,
    image_column: str | None,
    label_column: str | None,
    labels: str | None,
    *,
    skip_unreadable: bool,
) -> dict[str, Any]:
    """Return the options about data as plain keys of DataSettings."""
    return {
        "dataset": dataset,
        "image_size": image_size,
        "channels": channels,
        "image_column": image_column,
        "label_column": label_column,
        "labels": labels,
        "skip_unreadable": skip_unreadable or None,
    }


def parse_numbers(text: str, what: str) -> list[int]:
    """Read numbers such as `3,3,3`.

    Raises:
        NetspaceError: where one is no positive whole number.
    """
    parts = text.split(",")
    if not all(re.fullmatch(r"\s*[0-9]{1,9}\s*", part) and int(part) > 0 for part in parts):
        raise NetspaceError(f"--{what} '{text[:80]}': give one positive whole number per stage, as 3,3,3")
    return [int(part) for part in parts]


def load_space(name: str, template: NetworkTemplate) -> tuple[NetworkSpace, NetworkTemplate]:
    """Read a space from a preset, a search space's file, a network space's file or an elite file.

    Args:
        name: of the preset or file.
        template: gives the shape of the data, and to a network space's file, which says nothing of it, all else.

    Returns:
        the space and the template of its networks: an elite file's own, a search space's, or the given one.

    Raises:
        NetspaceError: where the file is none, or its space does not fit the template.
    """
    document = load_document(name)
    if "candidates" in document:
        elite = elite_from_plain(document, name)
        return elite.space, elite.template
    if "stages" in document and set(document) <= {"stages", "image_size"}:
        space = from_plain(NetworkSpace, document, name)
        if len(space.stages) != len(template.strides):
            strides = ",".join(map(str, template.strides))
            wanted = f"{len(template.strides)} (strides {strides})"
            raise NetspaceError(f"{name} has {len(space.stages)} stages, but its networks have {wanted}")
        try:
            template.check_space(space)
        except NetspaceError as error:
            raise NetspaceError(f"{name}: {error}") from None
        return space, template
    search_space = load_search_space(name)
    return search_space.full, search_space.template(*template.data_shape)
