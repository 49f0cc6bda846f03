"""Commands about spaces and costs; none of them needs torch."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import typer

from netspace.blocks import block_named
from netspace.cli.bounds import with_constraints
from netspace.cli.options import Channels, Classes, ImageSize, Json, Seed, load_space, parse_numbers
from netspace.cli.output import KINDS, note, print_json, print_table
from netspace.config import load_search_space, preset_names
from netspace.cost import Band, Budget, Constraint, CostModel, SpaceCosts, all_costs, band_within, format_amount
from netspace.cost.layers import IN_BYTES, LATENCY
from netspace.documents import from_plain, to_plain
from netspace.errors import NetspaceError
from netspace.spaces import Architecture, NetworkTemplate
from netspace.spaces.template import least_image_size


@with_constraints
def cost_command(
    depth: Annotated[str, typer.Option(help="Blocks per stage, as 3,3,3.")],
    width: Annotated[str, typer.Option(help="Channels per stage, as 16,32,64.")],
    knob: Annotated[
        list[str] | None, typer.Option(help="Values per stage of a knob of the block, as kernel=3,5,3; repeatable.")
    ] = None,
    space: Annotated[
        str | None, typer.Option(help="Preset or YAML whose block, stem, strides and head are taken.")
    ] = None,
    image_size: ImageSize = 32,
    channels: Channels = 3,
    classes: Classes = 10,
    stem_width: Annotated[int | None, typer.Option(help="Channels of the stem; default 16.", min=1)] = None,
    strides: Annotated[str | None, typer.Option(help="Stride of each stage; default 1,2,2.")] = None,
    json: Json = False,
    constraints: tuple[Constraint, ...] = (),
) -> None:
    """Price one architecture: FLOPs, parameters, activations, bytes of flash and of memory, latency by a profile."""
    architecture = Architecture.of(parse_numbers(depth, "depth"), parse_numbers(width, "width"), _knobs(knob or []))
    given: dict[str, Any] = {} if space is None else to_plain(load_search_space(space).template(32, 3, 10))
    given |= {"image_size": image_size, "channels": channels, "classes": classes}
    given |= {} if strides is None else {"strides": parse_numbers(strides, "strides")}
    given |= {} if stem_width is None else {"stem_width": stem_width}
    template = from_plain(NetworkTemplate, given, "template")
    least = least_image_size(template.strides, template.stem)
    if image_size < least:
        raise NetspaceError(
            f"--image-size {image_size} is below the product of all strides, {least}; give {least} or more"
        )
    costs = all_costs(architecture, template)
    met = {one: not one.excess(np.array(costs[one.kind])) for one in constraints}
    if json:
        print_json({**costs, **({"meets": {str(one): yes for one, yes in met.items()}} if met else {})})
        return
    print(f"{architecture} at {image_size}×{image_size}×{channels}, {classes} classes")
    for kind, amount in costs.items():
        name = KINDS.get(kind, kind)
        print(name + f"{amount:,}".rjust(31 - len(name)) + _unit(kind, amount))
    for one, yes in met.items():
        print(f"{'meets' if yes else 'FAILS'} {one.words}")


def _unit(kind: str, amount: int) -> str:
    """Return what a cost is counted in, where its name does not say it."""
    if kind == "flops":
        return "  (multiply-adds, MACs)"
    if kind == LATENCY:
        return f"  ns ({format_amount(amount, kind)})"
    return f"  bytes ({amount / 1024:,.1f} KiB)" if kind in IN_BYTES else ""


def _knobs(texts: list[str]) -> dict[str, list[int]]:
    """Read texts such as `kernel=3,5,3`."""
    found: dict[str, list[int]] = {}
    for text in texts:
        name, equals, values = text.partition("=")
        if not equals:
            raise NetspaceError(f"--knob {text[:80]}: write it as a name and a value per stage, as kernel=3,5,3")
        if name.strip() in found:
            raise NetspaceError(f"--knob {text[:80]}: '{name.strip()}' is there twice; keep one")
        found[name.strip()] = parse_numbers(values, f"knob {name.strip()}")
    return found


@with_constraints
def sample_command(
    space: Annotated[str, typer.Argument(help="A preset, a space's YAML or an elite file.", metavar="SPACE_OR_ELITE")],
    n: Annotated[int, typer.Option(help="How many architectures.", min=1, max=10**6)] = 5,
    budget: Annotated[str | None, typer.Option(help="Draw only what satisfies it, as 200M or params=1.2M.")] = None,
    tolerance: Annotated[float, typer.Option(help="Relative distance from the budget.", min=0, max=0.99)] = 0.1,
    seed: Seed = 0,
    image_size: ImageSize = 32,
    channels: Channels = 3,
    classes: Classes = 10,
    json: Json = False,
    constraints: tuple[Constraint, ...] = (),
) -> None:
    """Draw architectures uniformly from a space, or from its members within a budget."""
    shape = NetworkTemplate(image_size=image_size, channels=channels, classes=classes)
    network_space, template = load_space(space, shape)
    rng = np.random.default_rng(seed)
    target = None if budget is None else Budget.parse(budget, tolerance, constraints)
    source: Any = network_space
    if target is not None:
        source = target.band(network_space, template)
    elif constraints:
        source = band_within(constraints, network_space, template)
    points = source.draw(n, rng=rng)
    if constraints:
        note(_share(source))
    kinds = dict.fromkeys(["flops", *([] if target is None else [target.kind]), *(one.kind for one in constraints)])
    costs = {kind: CostModel(template, kind)(points).tolist() for kind in kinds}
    rows = [
        {**one.plain, **{kind: amounts[i] for kind, amounts in costs.items()}}
        for i, one in enumerate(template.architectures(points))
    ]
    if json:
        print_json(rows)
        return
    knobs = [name for name in rows[0] if name not in costs]
    columns = [name.replace("_", " ") for name in knobs]
    for kind in costs:
        columns += [f"{KINDS.get(kind, kind)}{' (multiply-adds)' if kind == 'flops' else ''}", "≈"]
    shown = [
        [*(str(row[name]) for name in knobs), *(x for k in costs for x in (f"{row[k]:,}", format_amount(row[k], k)))]
        for row in rows
    ]
    print_table(f"{n} architectures of {space}", tuple(columns), shown)


def _share(band: Band) -> str:
    """Say how many of a space's members satisfy what was asked, and whether they were counted."""
    low, high = band.hit_rate_interval
    how = "counted" if band.exact else f"estimated from draws, 95 % {low:.3g} to {high:.3g}"
    return f"hit rate {band.hit_rate:.4g}: {band.size:,} networks ({how})"


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
        size = image_size if name else max(image_size, search_space.least_image_size)
        template = search_space.template(size, channels, classes)
        model = CostModel(template)
        low, high = SpaceCosts(model, search_space.full).bounds
        rows.append(
            {
                "name": search_space.name,
                "block": search_space.block,
                "stages": [to_plain(stage) for stage in search_space.stages],
                "image_size": None if search_space.image_size is None else to_plain(search_space.image_size),
                "architectures": search_space.full.size,
                "spaces": search_space.num_spaces,
                "flops": [low, high],
                "pixels": template.image_size,
            }
        )
    if json:
        print_json(rows[0] if name else rows)
        return
    shown = [
        [r["name"], *_axes(r), f"{r['architectures']:.4g}", f"{r['spaces']:,}", _interval(r, image_size)] for r in rows
    ]
    columns = ["space", "depth per stage", "width per stage", "block and knobs", "architectures", "spaces", "FLOPs"]
    if not any(row[3] for row in shown):
        columns, shown = columns[:3] + columns[4:], [row[:3] + row[4:] for row in shown]
    print_table(f"Search spaces at {image_size}×{image_size}×{channels}, {classes} classes", columns, shown)


def _axes(row: dict[str, Any]) -> tuple[str, str, str]:
    stages = row["stages"]

    def shown(axis: str) -> str:
        axes = [stage[axis] for stage in stages]
        texts = [f"{a['low']}..{a['high']} by {a['step']} in {a['ranges']} ranges" for a in axes]
        return texts[0] if len(set(texts)) == 1 else "; ".join(texts)

    known = block_named(row["block"]).knobs
    knobs = sorted({name for stage in stages for name in stage if name in known})
    each = {
        name: [stage[name]["values"] if name in stage else [known[name].default] for stage in stages] for name in knobs
    }
    more = [f"{name} {_values(values)}" for name, values in each.items()]
    more += [f"image size {_values([row['image_size']['values']])}"] if row.get("image_size") else []
    return shown("depth"), shown("width"), "; ".join([*([row["block"]] if row["block"] != "basic" else []), *more])


def _values(each: list[list[int]]) -> str:
    texts = [",".join(map(str, values)) for values in each]
    return texts[0] if len(set(texts)) == 1 else " / ".join(texts)


def _interval(row: dict[str, Any], pixels: int) -> str:
    low, high = row["flops"]
    return f"{format_amount(low)} to {format_amount(high)}" + (
        "" if row["pixels"] == pixels else f" ({row['pixels']} px)"
    )
