"""One architecture as a small file, with its template: what `netspace nas` writes and `netspace train` reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, model_validator
from pydantic.dataclasses import dataclass

from netspace.cost import Cost, cost
from netspace.documents import from_plain, later, read_yaml, to_yaml, write_atomically
from netspace.errors import NetspaceError
from netspace.spaces import Architecture, NetworkTemplate
from netspace.spaces.architecture import MOST_STAGES, Depth, Width
from netspace.spaces.ranges import STRICT

SCHEMA = 1

Depths = Annotated[tuple[Depth, ...], Field(min_length=1, max_length=MOST_STAGES)]
Widths = Annotated[tuple[Width, ...], Field(min_length=1, max_length=MOST_STAGES)]
CostByName = Annotated[Cost, PlainSerializer(lambda value: value._asdict())]


@dataclass(frozen=True, config=STRICT)
class ChosenArchitecture:
    """An architecture that was chosen to be trained fully.

    Args:
        depth: number of blocks of each stage.
        width: output channels of each stage.
        knobs: values of each further knob, one per stage, by name.
        template: all of the network that is not searched; None in a file that holds depth and width only.
        cost: FLOPs (multiply-adds), params and activations; None where the template is not known.
        provenance: where it came from, such as `space`, `score`, `budget`, `run` and `seed`; free keys.
        schema: version of the file's format.
    """

    depth: Depths
    width: Widths
    template: NetworkTemplate | None = None
    cost: CostByName | None = None
    provenance: dict[str, Any] | None = None
    schema: int = SCHEMA
    knobs: Mapping[str, tuple[Annotated[int, Field(ge=1)], ...]] = later({})

    @model_validator(mode="after")
    def _check(self) -> ChosenArchitecture:
        if self.schema != SCHEMA:
            raise ValueError(f"schema {self.schema} is not readable; this version reads schema {SCHEMA}")
        stages = len(self.architecture.stages)
        if self.template is None:
            return self
        if stages != len(self.template.strides):
            raise ValueError(
                f"{self.architecture} has {stages} stages, but its template {len(self.template.strides)}; "
                "give one depth and one width per stride of the template"
            )
        exact = cost(self.architecture, self.template)
        if self.cost is not None and self.cost != exact:
            raise ValueError(f"the file says {self.cost}, but {self.architecture} in its template is {exact}")
        return self

    @classmethod
    def of(
        cls, architecture: Architecture, template: NetworkTemplate, *, provenance: dict[str, Any] | None = None
    ) -> ChosenArchitecture:
        """Price an architecture and keep it with its template, which is then for its image size.

        Raises:
            ValueError: where the numbers of stages differ.
        """
        template = template.at(architecture.image_size)
        whole = template.complete(replace(architecture, image_size=None))
        costs = cost(whole, template)
        return cls(whole.depths, whole.widths, template, costs, provenance, knobs=whole.knobs)

    @property
    def architecture(self) -> Architecture:
        """Depth, width and further knobs per stage as an Architecture."""
        return Architecture.of(self.depth, self.width, self.knobs)

    def within(self, template: NetworkTemplate) -> ChosenArchitecture:
        """Return it in a template of the caller's, for a file that holds none.

        Raises:
            NetspaceError: where the numbers of stages differ.
        """
        if len(self.depth) != len(template.strides):
            raise NetspaceError(
                f"{self.architecture} has {len(self.depth)} stages, but the template {len(template.strides)} "
                f"(strides {','.join(map(str, template.strides))}); give one depth and one width per stage, "
                "or another template with --space"
            )
        return replace(self, template=template, cost=cost(self.architecture, template))

    def save(self, path: Path) -> None:
        """Write it to a file, whole or not at all."""
        write_atomically(path, to_yaml(self))


def load_architecture(path: Path | str) -> ChosenArchitecture:
    """Read an architecture's file; a plain one of `depth: [..]` and `width: [..]` is taken and has no template.

    Raises:
        NetspaceError: where it is not there, no such file, of another schema, or its costs are not its own.
    """
    return from_plain(ChosenArchitecture, read_yaml(Path(path)), str(path))
