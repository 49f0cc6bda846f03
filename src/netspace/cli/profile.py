"""The command `netspace profile`: how long a space's networks take on a device, as a file for budgets of latency."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from netspace.cli.options import Channels, Classes, ImageSize, Json, Seed
from netspace.cli.output import note, print_json, say, tell
from netspace.config import load_search_space
from netspace.cost import DeviceProfile
from netspace.cost.device_profile import Device
from netspace.documents import to_plain
from netspace.errors import NetspaceError

RuntimeName = Literal["torch", "onnx", "openvino", "litert"]  # of netspace.profiling.TARGETS, which needs torch


def profile_command(
    space: Annotated[str, typer.Option(help="A preset (see `netspace spaces`) or a YAML file.")],
    target: Annotated[
        RuntimeName,
        typer.Option(help="What runs the networks: torch, or a runtime on the CPU (onnx: ONNX Runtime)."),
    ] = "torch",
    threads: Annotated[int, typer.Option(help="Threads of the runtime.", min=1, max=1024)] = 1,
    batch: Annotated[int, typer.Option(help="Images a call.", min=1, max=65536)] = 1,
    image_size: ImageSize = 32,
    channels: Channels = 3,
    classes: Classes = 10,
    table: Annotated[
        Path | None, typer.Option("--from", help="CSV of measurements made elsewhere, in place of measuring here.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="With --from: what to call the device.")] = None,
    runtime: Annotated[str | None, typer.Option(help="With --from: what ran the networks there.")] = None,
    emit: Annotated[
        Path | None,
        typer.Option(help="Write networks as ONNX and a script to measure them elsewhere into this folder."),
    ] = None,
    seed: Seed = 0,
    out: Annotated[Path | None, typer.Option(help="File to write, as device.yaml.")] = None,
    json: Json = False,
) -> None:
    """Measure how long a space's blocks and networks take on a device, for budgets and bounds of latency."""
    if (out is None) == (emit is None):
        raise NetspaceError("give --out FILE to profile a device, or --emit DIR to write networks to measure elsewhere")
    if table is None and (device or runtime):
        raise NetspaceError("--device and --runtime name what --from was measured on; this machine names itself")
    if table is not None and emit is not None:
        raise NetspaceError("--emit writes what is to be measured and --from reads it; give one of them")
    searched = load_search_space(space)
    template = searched.template(image_size, channels, classes)
    from netspace.profiling import emit_networks, profile_of_table, profile_space

    if emit is not None:
        files = emit_networks(searched.full, template, emit, batch=batch, seed=seed)
        if json:
            return print_json({"folder": str(emit), "networks": len(files)})
        return say(f"wrote {len(files)} networks and measure.py to {emit}; run measure.py on the device")
    assert out is not None
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise NetspaceError(f"--out {out} can't be a file there; name a file in a folder that is there")
    if table is not None:
        named = Device(device or "device", runtime or "unknown runtime", batch, threads)
        found = profile_of_table(table, searched.full, template, name=searched.name, device=named)
    else:
        measured = partial(profile_space, target=target, batch=batch, threads=threads, seed=seed, on_progress=tell)
        found = measured(searched.full, template, name=searched.name)
    found.save(out)
    _show(found, out, json=json)


def _show(found: DeviceProfile, out: Path, *, json: bool) -> None:
    for text in found.notes:
        note(text)
    if json:
        print_json({"file": str(out), **to_plain(found)})
        return
    say(f"{found.device}: {len(found.measurements)} timings")
    say(f"error: {found.error or 'unknown'}")
    say(out)
