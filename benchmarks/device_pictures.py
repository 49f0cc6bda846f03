"""Draw what networks were predicted to take of a device against what was measured: latency, peak memory, flash.

    python benchmarks/device_pictures.py --out benchmarks/results/device_costs.png

Latency: the networks of each profile that its model has not seen (in `benchmarks/results/profiles`).
Peak memory and flash: the tables of device_costs.py and device_memory.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from trainings import read_rows

from netspace.cost import all_costs, load_profile, use_profile
from netspace.spaces import Architecture

RESULTS = Path("benchmarks/results")


def main() -> None:
    """Read the tables and the profiles, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="PNG file to write")
    options = parser.parse_args()
    mpl.use("agg")
    plt.rcParams |= {"font.size": 9, "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False}
    figure, (latency, memory, flash) = plt.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
    for file in sorted((RESULTS / "profiles").glob("*.yaml")):
        scatter(latency, *latencies(file))
    arrange(latency, "latency of networks not seen (µs)")
    onnx, litert = (read_rows(RESULTS / f"{name}.csv") for name in ("device_costs", "device_memory_litert"))
    scatter(memory, "ONNX Runtime, fp32", *kibibytes(onnx, "peak_memory", "ort_all"))
    scatter(memory, "ONNX Runtime, int8", *kibibytes(onnx, "peak_memory_int8", "ort_int8_all"))
    scatter(memory, "LiteRT, fp32", *kibibytes(litert, "peak_memory", "litert_reference"))
    scatter(memory, "LiteRT, int8", *kibibytes(litert, "peak_memory-int8", "litert_reference_int8"))
    arrange(memory, "peak memory (KiB)")
    scatter(flash, "ONNX tensors, fp32", *kibibytes(onnx, "flash", "onnx_tensors"))
    scatter(flash, "ONNX tensors, int8", *kibibytes(onnx, "flash_int8", "onnx_int8_tensors"))
    arrange(flash, "flash (KiB)")
    figure.savefig(options.out, dpi=110)


def latencies(file: Path) -> tuple[str, list[float], list[float]]:
    """Return the runtime of a profile, and what networks that it has not seen were predicted and measured at (µs)."""
    profile = load_profile(file)
    use_profile(profile)
    seen = [one for one in profile.measurements if one.unseen]
    networks = [Architecture.of(one.subject["depth"], one.subject["width"]) for one in seen]
    predicted = [all_costs(one, profile.template)["latency"] / 1e3 for one in networks]
    return profile.device.runtime, predicted, [one.nanoseconds / 1e3 for one in seen]


def kibibytes(table: Sequence[dict[str, str]], priced: str, found: str) -> tuple[list[float], list[float]]:
    """Return two columns of bytes in KiB."""
    return [int(row[priced]) / 1024 for row in table], [int(row[found]) / 1024 for row in table]


def scatter(axes: Axes, label: str, predicted: Sequence[float], measured: Sequence[float]) -> None:
    """Draw one series."""
    axes.scatter(predicted, measured, s=18, alpha=0.75, label=label)


def arrange(axes: Axes, title: str) -> None:
    """Scale both axes alike and draw where they are equal."""
    axes.set(xscale="log", yscale="log", title=title, xlabel="predicted", ylabel="measured")
    low, high = min(axes.get_xlim()[0], axes.get_ylim()[0]), max(axes.get_xlim()[1], axes.get_ylim()[1])
    axes.plot([low, high], [low, high], color="grey", linewidth=0.8, zorder=0)
    axes.legend()


if __name__ == "__main__":
    main()
