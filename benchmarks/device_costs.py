"""Flash and peak memory as they are priced, against files on the disk and what ONNX Runtime allocates in a run.

    python benchmarks/device_costs.py [--csv FILE]

Twelve networks, three of each kind of block, with random weights. Each is exported to ONNX for one image with its
BatchNorm folded, and quantised to int8 (QDQ, per channel). ONNX Runtime runs it on the CPU with one thread, its arena
and memory pattern off, so that each tensor is an allocation of its own; a shared library that is loaded before the C
library counts the bytes that are allocated and not freed. The second run is counted. The image is the caller's, so it
is not in the measurement. Needs `netspace[export]` and a C compiler.
"""

from __future__ import annotations

import argparse
import csv
import ctypes
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from safetensors.torch import save

from netspace.cost import all_costs
from netspace.evaluate import weights_of
from netspace.handover.deployed import fold_batch_norm
from netspace.handover.packages import silenced
from netspace.models import Network
from netspace.spaces import Architecture, NetworkTemplate

LEVELS = {
    "plain": onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
    "fused": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED,
    "all": onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL,
}
BLOCKS = ("basic", "bottleneck", "x", "mbconv")
SHAPES = [((1, 2, 1), (16, 32, 64)), ((3, 1, 2), (24, 64, 96)), ((2, 2, 2), (48, 96, 160))]
Measure = Callable[[str, tuple[int, ...], tuple[int, ...], Path], dict[str, Any]]
COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <errno.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);
static atomic_long live, peak;
static atomic_int on;
static void *add(void *p) {
  if (p && on) {
    long now = atomic_fetch_add(&live, malloc_usable_size(p)) + malloc_usable_size(p), old = peak;
    while (now > old && !atomic_compare_exchange_weak(&peak, &old, now));
  }
  return p;
}
static void drop(void *p) { if (p && on) atomic_fetch_sub(&live, malloc_usable_size(p)); }
void *malloc(size_t n) { return add(__libc_malloc(n)); }
void *calloc(size_t n, size_t m) { return add(__libc_calloc(n, m)); }
void *realloc(void *p, size_t n) { drop(p); return add(__libc_realloc(p, n)); }
void *memalign(size_t a, size_t n) { return add(__libc_memalign(a, n)); }
void *aligned_alloc(size_t a, size_t n) { return add(__libc_memalign(a, n)); }
int posix_memalign(void **p, size_t a, size_t n) { *p = add(__libc_memalign(a, n)); return *p ? 0 : ENOMEM; }
void free(void *p) { drop(p); __libc_free(p); }
void counter_start(void) { live = 0; peak = 0; on = 1; }
long counter_stop(void) { on = 0; return peak; }
"""


class Reader(CalibrationDataReader):  # type: ignore[misc]
    """Hands out eight images of noise."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        rng = np.random.default_rng(0)
        self._left = [rng.normal(size=shape).astype(np.float32) for _ in range(8)]

    def get_next(self) -> dict[str, Any] | None:
        """Return the next image, or None at the end."""
        return {"images": self._left.pop()} if self._left else None


def unequal(network: Network) -> Network:
    """Give each BatchNorm averages of its own: the exporter stores equal tensors once."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and module.running_mean is not None:
            torch.nn.init.normal_(module.running_mean)
    return network


def initializers(file: Path) -> int:
    """Return the bytes of a model's stored tensors."""
    stored = onnx.load(file).graph.initializer
    return sum(onnx.numpy_helper.to_array(one).nbytes for one in stored)


def allocated(file: Path, level: str, shape: tuple[int, ...]) -> int:
    """Return the most bytes that a run holds at one moment."""
    counter = ctypes.CDLL(None)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = LEVELS[level]
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    images = {"images": np.zeros(shape, np.float32)}
    session.run(None, images)
    counter.counter_start()
    session.run(None, images)
    counter.counter_stop.restype = ctypes.c_long
    return int(counter.counter_stop())


def measure(block: str, depths: tuple[int, ...], widths: tuple[int, ...], folder: Path) -> dict[str, Any]:
    """Return a row: what a network is priced at, and what its files and runs take, in bytes."""
    template, architecture = NetworkTemplate(block=block), Architecture.of(depths, widths)
    network = unequal(Network(architecture, template).eval())
    folded = fold_batch_norm(network)
    shape = (1, template.channels, template.image_size, template.image_size)
    file, int8 = folder / "model.onnx", folder / "model-int8.onnx"
    with silenced():
        torch.onnx.export(
            folded, (torch.zeros(shape),), file, input_names=["images"], dynamo=True, external_data=False, verbose=False
        )
        quantize_static(
            *(file, int8, Reader(shape)),
            **{"quant_format": QuantFormat.QDQ, "per_channel": True},
            **{"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8},
        )
    costs = all_costs(architecture, template)
    row: dict[str, Any] = {"block": block, "network": str(architecture), "flash": costs["flash"]}
    row |= {"safetensors_folded": len(save(weights_of(folded))), "safetensors": len(save(weights_of(network)))}
    row |= {"onnx_tensors": initializers(file), "onnx_file": file.stat().st_size}
    row |= {"flash_int8": costs["flash-int8"], "onnx_int8_tensors": initializers(int8)}
    row |= {"onnx_int8_file": int8.stat().st_size, "peak_memory": costs["peak_memory"]}
    row |= {f"ort_{level}": allocated(file, level, shape) for level in LEVELS}
    row |= {"peak_memory_int8": costs["peak_memory-int8"], "ort_int8_all": allocated(int8, "all", shape)}
    return row


def counted_again() -> None:
    """Start this program anew below the counter, and end with its exit code."""
    with tempfile.TemporaryDirectory() as folder:
        source, library = Path(folder, "counter.c"), Path(folder, "counter.so")
        source.write_text(COUNTER, encoding="utf-8")
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, source], check=True)
        done = subprocess.run([sys.executable, *sys.argv], env={**os.environ, "LD_PRELOAD": str(library)}, check=False)
    sys.exit(done.returncode)


def tabulate(
    measure: Callable[[str, tuple[int, ...], tuple[int, ...], Path], dict[str, Any]], file: Path | None
) -> None:
    """Measure the twelve networks, each in a folder of its own, print a line for each and write them all."""
    rows = []
    for block in BLOCKS:
        for depths, widths in SHAPES:
            with tempfile.TemporaryDirectory() as folder:
                rows.append(measure(block, depths, widths, Path(folder)))
            print(*(f"{key}={value}" for key, value in rows[-1].items()), flush=True)
    if file:
        with file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def main() -> None:
    """Measure the networks, print a line for each and write them all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--csv", type=Path, help="file to write")
    options = parser.parse_args()
    if not hasattr(ctypes.CDLL(None), "counter_start"):
        counted_again()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    tabulate(measure, options.csv)


if __name__ == "__main__":
    main()
