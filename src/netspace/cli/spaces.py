"""Commands about spaces and costs; none of them needs torch."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import typer

from netspace.cli.options import Channels, Classes, ImageSize, Json, Seed, load_space, parse_numbers
from netspace.cli.output import print_json, print_table
from netspace.config import load_search_space, preset_names
from netspace.cost import Budget, CostModel, SpaceCosts, cost, format_amount
from netspace.documents import from_plain, to_plain
from netspace.spaces import Architecture, NetworkTemplate


def cost_command(
    depth: Annotated[str, typer.Option(help="Blocks per stage, as 3,3,3.")],
    width: Annotated[str, typer.Option(help="Channels per stage, as 16,32,64.")],
    image_size: ImageSize = 32,
    channels: Channels = 3,
    classes: Classes = 10,
    stem_width: Annotated[int, typer.Option(help="Channels of the stem.", min=1)] = 16,
    strides: Annotated[str, typer.Option(help="Stride of each stage.")] = "1,2,2",
    json: Json = False,
) -> None:
    """Price one architecture: FLOPs, parameters, activations."""
    architecture = Architecture.of(parse_numbers(depth, "depth"), parse_numbers(width, "width"))
    shape = {"image_size": image_size, "channels": channels, "classes": classes}
    given = {"strides": parse_numbers(strides, "strides"), "stem_width": stem_width, **shape}
    template = from_plain(NetworkTemplate, given, "template")
    costs = cost(architecture, template)
    if json:
        print_json(costs._asdict())
        return
    print(f"{architecture} at {image_size}×{image_size}×{channels}, {classes} classes")
    print(f"FLOPs        {costs.flops:>18,}  (multiply-adds, MACs)")
    print(f"params       {costs.params:>18,}")
    print(f"activations  {costs.activations:>18,}")


def sample_command(
    space: Annotated[str, typer.Argument(help="A preset, a space's YAML or an elite file.", metavar="SPACE_OR_ELITE")],
    n: Annotated[int, typer.Option(help="How many architectures.", min=1, max=10**6)] = 5,
    budget: Annotated[str | None, typer.Option(help="Draw only what satisfies it, as 200M.")] = None,
    tolerance: Annotated[float, typer.Option(help="Relative distance from the budget.", min=0, max=0.99)] = 0.1,
    seed: Seed = 0,
    image_size: ImageSize = 32,
    channels: Channels = 3,
    classes: Classes = 10,
    json: Json = False,
) -> None:
    """Draw architectures uniformly from a space, or from its members within a budget."""
    network_space, template = load_space(space, image_size=image_size, channels=channels, classes=classes)
    rng = np.random.default_rng(seed)
    source: Any = network_space if budget is None else Budget.parse(budget, tolerance).band(network_space, template)
    depths, widths = source.draw(n, rng=rng)
    flops = CostModel(template)(depths, widths)
    drawn = zip(depths.tolist(), widths.tolist(), flops.tolist(), strict=True)
    rows = [{"depth": d, "width": w, "flops": f} for d, w, f in drawn]
    if json:
        print_json(rows)
        return
    shown = [[str(r["depth"]), str(r["width"]), f"{r['flops']:,}", format_amount(r["flops"])] for r in rows]
    print_table(f"{n} architectures of {space}", ("depth", "width", "FLOPs (multiply-adds)", "≈"), shown)


def spaces_command(
    name: Annotated[str | None, typer.Argument(help="A preset or a space's YAML; without it, all presets.")] = None,
    image_size: ImageSize = 32,
    channels: Channels = 3,
    classes: Classes = 10,
    json: Json = False,
) -> None:
    """List search spaces: their ranges, size and costs."""
    rows: list[dict[str, Any]] = []
    for preset in [name] if name else preset_names():
        search_space = load_search_space(preset)
        model = CostModel(search_space.template(image_size, channels, classes))
        low, high = SpaceCosts(model, search_space.full).bounds
        rows.append(
            {
                "name": search_space.name,
                "stages": [to_plain(stage) for stage in search_space.stages],
                "architectures": search_space.full.size,
                "spaces": search_space.num_spaces,
                "flops": [low, high],
            }
        )
    if json:
        print_json(rows[0] if name else rows)
        return
    shown = [[r["name"], *_axes(r), f"{r['architectures']:.4g}", f"{r['spaces']:,}", _interval(r)] for r in rows]
    columns = ("space", "depth per stage", "width per stage", "architectures", "spaces", "FLOPs")
    print_table(f"Search spaces at {image_size}×{image_size}×{channels}, {classes} classes", columns, shown)


def _axes(row: dict[str, Any]) -> tuple[str, str]:
    def shown(axis: str) -> str:
        axes = [stage[axis] for stage in row["stages"]]
        texts = [f"{a['low']}..{a['high']} by {a['step']} in {a['ranges']} ranges" for a in axes]
        return texts[0] if len(set(texts)) == 1 else "; ".join(texts)

    return shown("depth"), shown("width")


def _interval(row: dict[str, Any]) -> str:
    low, high = row["flops"]
    return f"{format_amount(low)} to {format_amount(high)}"
