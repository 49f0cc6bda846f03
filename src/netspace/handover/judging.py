"""What is asked of an exported file: that it computes what the network does; and what it weighs and takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from netspace.cost import all_costs
from netspace.data import ImageSet
from netspace.errors import NetspaceError
from netspace.handover.card import Export, ModelCard
from netspace.handover.deployed import Deployed
from netspace.handover.formats import EIGHT_BITS, FILES, Model, files_of, load_exported, load_written
from netspace.handover.latency import measure_latency
from netspace.handover.parity import LARGEST_DIFFERENCE, Parity, compare, error_of

COMPARED = 256  # images


@dataclass(frozen=True)
class Judge:
    """What loads each format again and compares it with the trained network.

    Args:
        card: of the network.
        reference: the network, as it was trained.
        test: the sealed images.
        folder: where the files are.
    """

    card: ModelCard
    reference: Deployed
    test: ImageSet
    folder: Path

    def holds(self, name: str) -> Export:
        """Return the figures of a format that computes what the network does; raise NetspaceError where it does not."""
        model = load_written(self.folder, name)
        parity = compare(self.reference, model, spread(self.test.images, COMPARED))
        if not parity.holds:
            raise NetspaceError(_fault(parity))
        return self._export(name, model, parity)

    def in_eight_bits(self, name: str) -> Export:
        """Measure what eight bits cost; no bar is set, the errors are said."""
        model = load_exported(self.folder, name)
        parity = compare(self.reference, model, spread(self.test.images, COMPARED))
        error = error_of(model, self.test.images, self.test.labels)
        return replace(self._export(name, model, parity), test_error=error)

    def _export(self, name: str, model: Model, parity: Parity) -> Export:
        memory = "peak_memory" + (EIGHT_BITS if name.endswith(EIGHT_BITS) else "")
        chosen = self.card.architecture.architecture
        return Export(
            name,
            FILES[name],
            parity.images,
            parity.difference,
            parity.agreement,
            size=sum((self.folder / file).stat().st_size for file in files_of(name)),
            peak_memory=all_costs(chosen, self.card.template, [memory])[memory],
            latency=measure_latency(model, self.test.images[:1]),
        )


def spread(images: Tensor, n: int) -> Tensor:
    """Return up to n images, spread evenly over all of them."""
    if len(images) <= n:
        return images
    return images[torch.linspace(0, len(images) - 1, n).round().long()]


def _fault(parity: Parity) -> str:
    return (
        f"its logits differ by up to {parity.difference:.1e} (allowed {LARGEST_DIFFERENCE:.0e}) and "
        f"{parity.agreement:.2%} of {parity.images} test images keep their class (expected 100%)"
    )
