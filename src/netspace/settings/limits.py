"""The limits that several settings share."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field

from netspace.documents import Number, Whole

Share = Annotated[Number, Field(ge=0, le=1)]
Decay = Annotated[Number, Field(ge=0, lt=1)]
Count = Annotated[Whole, Field(ge=1, le=10**9)]
Rate = Annotated[Number, Field(gt=0)]
LARGEST_SEED = 2**63 - 1  # what every generator takes and the store of networks holds
Seed = Annotated[Whole, Field(ge=0, le=LARGEST_SEED)]
PenaltyForm = Literal["members", "centre"]
LARGEST_BATCH = 2**20
AUTO: Final = "auto"
FP32: Final = "32-true"
BF16: Final = "bf16-mixed"
Precision = Literal["auto", "32-true", "bf16-mixed"]
