"""The network as readable source: one file of plain torch, its weights beside it, and nothing of netspace."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from string import Template
from types import ModuleType
from typing import Any

from safetensors.torch import save

from netspace.blocks import BlockPlan, Squeeze
from netspace.data import EXPORTED
from netspace.documents import write_atomically
from netspace.evaluate import weights_of
from netspace.handover.card import ModelCard
from netspace.handover.deployed import Deployed
from netspace.handover.full_training import WEIGHTS
from netspace.handover.packages import loading

SOURCE = "model.py"


def write_source(deployed: Deployed, card: ModelCard, folder: Path) -> None:
    """Write model.py and model.safetensors.

    Args:
        deployed: the network, folded or not.
        card: of the network.
        folder: where.
    """
    template, chosen = card.template, card.architecture
    stem = template.stem
    values = {
        "stem": [template.stem_width, stem.kernel, stem.stride, stem.pool],
        "head_width": template.head_width,
        "activation": template.activation,
        "stages": _stages(template.plans(chosen.architecture)),
        "classes": template.classes,
        "mean": list(card.mean),
        "deviation": list(card.deviation),
        "conv_norm": read_template("conv_folded.py" if deployed.folded else "conv_norm.py"),
    }
    write_atomically(folder / WEIGHTS, save(weights_of(deployed.network)))
    write_atomically(folder / SOURCE, fill("model.py", card, values))


def _stages(plans: list[list[BlockPlan]]) -> str:
    """Return the blocks of each stage as source text: the first, how many follow, and what each of these is."""
    lines = ["["]
    for stage in plans:
        further = stage[1] if len(stage) > 1 else stage[0]
        lines += [
            "    [",
            f"        {_row(stage[0])},",
            f"        {len(stage) - 1},",
            f"        {_row(further)},",
            "    ],",
        ]
    return "\n".join([*lines, "]"])


def _row(plan: BlockPlan) -> str:
    """Return a block as nested lists of numbers and of names that are our own or checked."""
    channels, layers = plan.channels, []
    for layer in plan.residual:
        if isinstance(layer, Squeeze):
            layers.append([layer.name, channels[layer.channels], channels[layer.squeezed], layer.activation])
            continue
        inputs = channels[layer.inputs]
        groups = inputs // plan.reads(layer)
        layers.append(
            [layer.name, inputs, channels[layer.outputs], layer.kernel, layer.stride, groups, layer.activation]
        )
    shortcut: Any = None
    if plan.projected:
        shortcut = [channels["in"], channels["out"], plan.stride]
    elif plan.stride == 1 and channels["in"] == channels["out"]:
        shortcut = "identity"
    return repr([layers, shortcut, plan.activation])


def fill(name: str, card: ModelCard, values: dict[str, Any]) -> str:
    """Return a template's text with a card's facts and further values put in.

    A card may be another's and the text is run: into it go checked numbers, our own words, and texts by their `repr`.

    Args:
        name: of the template.
        card: of the network.
        values: numbers, lists of numbers, or text of our own.
    """
    template = card.template
    cost = f"{card.macs:,} multiply-adds (FLOPs, MACs)"
    facts = {
        "title": f"A network for images: {card.architecture.architecture}, {template.classes} classes, {cost}.",
        "task": ascii(card.task),
        "image_size": template.image_size,
        "channels": template.channels,
        "pixels": EXPORTED,
        "colours": "grey" if template.channels == 1 else "red, green, blue",
    }
    return Template(read_template(name)).substitute(facts, **values)


def read_template(name: str) -> str:
    """Return the text of a template of this package."""
    return (resources.files("netspace.handover") / "templates" / f"{name}.txt").read_text(encoding="utf-8")


def load_source(folder: Path) -> Any:
    """Run an exported model.py and return its model, in evaluation mode.

    This runs the file's code: it is only for a file that `write_source` has just written.

    Raises:
        NetspaceError: where the file or its weights are at fault.
    """
    file = folder / SOURCE
    module = ModuleType("exported_model")
    module.__file__ = str(file)
    with loading(f"{file} with its {WEIGHTS}"):
        # Compiled here rather than imported, so that no __pycache__ with this machine's paths is left in the folder.
        exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), module.__dict__)
        return module.load(folder)
