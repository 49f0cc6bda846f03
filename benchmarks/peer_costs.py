"""Costs of well-known networks against those that another code base computed: every figure has to be the same.

    python benchmarks/peer_costs.py --table TABLE [--counted]

TABLE is a CSV file with a network a row: `network`, `block`, `image_size`, `classes`, `stem` (as `7x7 stride 2 width 64
then 3x3 max pooling stride 2`), `strides`, `depths`, `widths` and `group_widths` (one per stage), `expansion` (inner
over outer width), and the known `flops` (multiply-adds), `params` and `activations`. With --counted each network is
also built, and held against torch's counter of operations.
"""

from __future__ import annotations

import argparse
import csv
import re
import sys
from pathlib import Path

from netspace.cost import COST_KINDS, cost
from netspace.spaces import Architecture, NetworkTemplate, Stem

TABLE = Path(__file__).parent / "results" / "peer_costs.csv"
STEM = re.compile(r"(\d+)x\1 stride (\d+) width (\d+)(?: then 3x3 max pooling stride (\d+))?")


def network_of(row: dict[str, str]) -> tuple[Architecture, NetworkTemplate]:
    """Return a row's architecture and template."""
    found = STEM.fullmatch(row["stem"])
    if found is None:
        raise SystemExit(f"{row['network']}: stem '{row['stem']}' is not understood")
    kernel, stride, width, pool = (int(part or 1) for part in found.groups())
    depths, widths = _numbers(row["depths"]), _numbers(row["widths"])
    knobs = {}
    if row["group_widths"]:
        knobs["group_width"] = _numbers(row["group_widths"])
    if row["expansion"]:
        knobs["expansion"] = [round(1 / float(row["expansion"]))] * len(depths)
    template = NetworkTemplate(
        strides=tuple(_numbers(row["strides"])),  # type: ignore[arg-type]
        stem_width=width,
        block=row["block"],
        image_size=int(row["image_size"]),
        classes=int(row["classes"]),
        stem=Stem(kernel, stride, pool),  # type: ignore[arg-type]
    )
    return Architecture.of(depths, widths, knobs), template


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split()]


def counted(architecture: Architecture, template: NetworkTemplate) -> tuple[int, int, int]:
    """Build a network and count its operations, parameters and activations."""
    from netspace.models import Network
    from netspace.testing import count

    return count(Network(architecture, template), template)


def main() -> int:
    """Print a line per network and return 1 where a figure differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=TABLE, help="CSV file of known costs")
    parser.add_argument("--counted", action="store_true", help="also build each network and count")
    options = parser.parse_args()
    with options.table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    wrong = 0
    for row in rows:
        architecture, template = network_of(row)
        found = tuple(cost(architecture, template))
        known = tuple(int(row[kind]) for kind in COST_KINDS)
        also = counted(architecture, template) if options.counted else found
        same = found == known == also
        wrong += not same
        figures = "  ".join(f"{kind} {value:,}" for kind, value in zip(COST_KINDS, found, strict=True))
        print(f"{'same     ' if same else 'DIFFERENT'}  {row['network']:<22} {figures}", flush=True)
        if not same:
            print(f"           known {known}" + (f", counted {also}" if options.counted else ""))
    print(f"{len(rows) - wrong} of {len(rows)} networks are priced as known")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
