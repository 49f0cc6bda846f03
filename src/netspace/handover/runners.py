"""The script beside an exported model that runs it with its own runtime, and shows how to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netspace.documents import write_atomically
from netspace.handover.card import ModelCard
from netspace.handover.source_code import fill, read_template

IMAGES = "from PIL import Image\n"


@dataclass(frozen=True)
class Runner:
    """What the script of a format says.

    Args:
        name: of the runtime, in the names of files: `onnx` for run_onnx.py.
        needs: packages, as a sentence names them.
        imports: the lines of the script that import them, in its order.
    """

    name: str
    needs: str
    imports: str

    @property
    def file(self) -> str:
        """Its name in an export's folder."""
        return f"run_{self.name}.py"

    def write(self, model: str, int8: str, card: ModelCard, folder: Path) -> None:
        """Write the script into a folder; the further arguments are those of `text`."""
        write_atomically(folder / self.file, self.text(model, int8, card))

    def text(self, model: str, int8: str, card: ModelCard) -> str:
        """Return the script.

        Args:
            model: file that it runs.
            int8: the same in eight bits, where it is there.
            card: of the network.
        """
        values = {
            "file": model,
            "int8": int8,
            "runner": self.file,
            "needs": self.needs,
            "imports": self.imports,
            "load": read_template(f"load_{self.name}.py"),
        }
        return fill("run.py", card, values)


ONNX_RUNNER = Runner("onnx", "onnxruntime, numpy and Pillow", f"import onnxruntime\n{IMAGES}")
OPENVINO_RUNNER = Runner("openvino", "openvino, numpy and Pillow", f"import openvino\n{IMAGES}")
LITERT_RUNNER = Runner(
    "litert", "ai-edge-litert, numpy and Pillow", f"from ai_edge_litert.interpreter import Interpreter\n{IMAGES}"
)
EXECUTORCH_RUNNER = Runner(
    "executorch",
    "executorch, torch, numpy and Pillow",
    f"import torch\nfrom executorch.runtime import Runtime\n{IMAGES}",
)
