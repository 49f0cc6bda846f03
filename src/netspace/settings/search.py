"""What a search and a NAS are asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from netspace.cost import Budget, Constraint, check_distinct, cost_named, profile_in_use
from netspace.documents import Number, Whole, formerly, later
from netspace.settings.limits import AUTO, FP32, LARGEST_BATCH, Count, Decay, PenaltyForm, Precision, Rate, Seed, Share
from netspace.settings.training import Augmentation, DataSettings
from netspace.spaces import SearchSpace
from netspace.spaces.ranges import STRICT


@dataclass(frozen=True, config=STRICT)
class WeightsSettings:
    """SGD of the shared weights (defaults: DARTS' CIFAR search, as the paper takes them).

    Args:
        learning_rate: at the start; falls by a cosine.
        final_learning_rate: at the end.
        momentum: of SGD.
        weight_decay: of SGD.
        clip: largest norm of the gradient.
    """

    learning_rate: Rate = 0.025
    final_learning_rate: Rate = 0.001
    momentum: Share = 0.9
    weight_decay: Annotated[Number, Field(ge=0)] = 3e-4
    clip: Rate = 5.0


@dataclass(frozen=True, config=STRICT)
class ThetaSettings:
    """Adam of the logits Θ (defaults: DARTS' architecture optimiser, as the paper takes them)."""

    learning_rate: Rate = 3e-4
    betas: tuple[Decay, Decay] = (0.5, 0.999)
    weight_decay: Annotated[Number, Field(ge=0)] = 1e-3


@dataclass(frozen=True, config=STRICT)
class FrontSettings:
    """What the estimators `front` and `population` judge spaces by.

    Args:
        evaluations: most architectures that the super network scores, of `front`.
        calibration: stand-alone trainings beside them, of `front`; 0 is none.
        population: stand-alone trainings of `population`.
        recipe: of the trainings: a name (see `netspace spaces`), a YAML file, or `auto`: honest, and scant where there
            are fewer than 5,000 training images; a run's config says which it was.
        min_hit_rate: least share of a space's members in band, where the grid allows it.
    """

    evaluations: Annotated[Whole, Field(ge=8, le=10**9)] = 100
    calibration: Annotated[Whole, Field(ge=0, le=10**9)] = 0
    population: Annotated[Whole, Field(ge=6, le=10**9)] = 48
    recipe: str = "quick"
    min_hit_rate: Share = 0.5


@dataclass(frozen=True, config=STRICT)
class SearchSettings:
    """How the super network and Θ are trained.

    Args:
        epochs: passes over the weights' share of the training images.
        warmup_epochs: of these, how many come first and train the weights alone.
        steps_per_epoch: steps that make an epoch; None takes one pass over the weights' share.
        batch_size: images a step.
        weights_share: share of the training images that trains the weights; the rest moves Θ.
        estimator: `score` (Θ, hard draws, score-function gradient), `gumbel` (Θ, the paper's relaxed mixture), `front`
            (no Θ: a model of the super network's scores judges every space) or `population` (no super network: the same
            model of stand-alone trainings), or one that was added (`netspace.finding.ESTIMATORS`).
        draws: spaces drawn a Θ step by `score`.
        penalty: λ, weight of the distance from the target beside the cross-entropy.
        penalty_form: the distance of a space: `members`, the mean of |cost/target − 1| over its architectures (the
            paper's objective), or `centre`, |log| of its geometric mean cost over the target.
        temperature: of Gumbel-Softmax, first and last.
        warmup_filters: probability at the start of each channel beyond the drawn width.
        warmup_blocks: probability at the start of each block beyond the drawn depth.
        weights: optimiser of the weights.
        theta: optimiser of Θ.
        front: of the estimators `front` and `population`.
    """

    epochs: Count = 50
    warmup_epochs: Annotated[Whole, Field(ge=0)] = 15
    steps_per_epoch: Count | None = None
    batch_size: Annotated[Whole, Field(ge=2, le=LARGEST_BATCH)] = 64
    weights_share: Annotated[Number, Field(gt=0, lt=1)] = 0.5
    estimator: str = "score"
    draws: Annotated[Whole, Field(ge=2, le=10**6)] = 4
    penalty: Annotated[Number, Field(ge=0)] = 1.0
    penalty_form: PenaltyForm = "members"
    temperature: tuple[Rate, Rate] = (5.0, 0.001)
    warmup_filters: Share = 1.0
    warmup_blocks: Share = 1.0
    weights: WeightsSettings = Field(default_factory=WeightsSettings)
    theta: ThetaSettings = Field(default_factory=ThetaSettings)
    front: FrontSettings = Field(default_factory=FrontSettings)

    def split(self, images: int) -> tuple[int, int]:
        """Return how many of so many training images train the weights, and how many move Θ."""
        weights = round(images * self.weights_share)
        return weights, images - weights

    def batch_and_steps(self, images: int) -> tuple[int, int]:
        """Return images a step and steps an epoch, for so many training images.

        A step takes as many images as asked for, or half of the smaller part where that holds fewer.
        """
        weights, theta = self.split(images)
        least = min(weights, theta)
        batch = self.batch_size if self.batch_size <= least else max(least // 2, 1)
        return batch, self.steps_per_epoch or weights // batch

    def moves(self, steps: int, budgets: int) -> float:
        """Return how often the Θ of one budget is moved: after the warm-up, and budgets take turns.

        Args:
            steps: of an epoch.
            budgets: searched for together.
        """
        return steps * (self.epochs - self.warmup_epochs) / budgets

    @model_validator(mode="after")
    def _check(self) -> SearchSettings:
        if self.warmup_epochs >= self.epochs:
            default = " (the default)" if self.warmup_epochs == SearchSettings.warmup_epochs else ""
            raise ValueError(
                f"warmup_epochs {self.warmup_epochs}{default} leave nothing of {self.epochs} epochs to move Θ; give "
                f"warmup_epochs below {self.epochs}, such as {self.epochs // 4}"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class NasSettings:
    """How architectures are searched inside a space with a finished search's super network.

    Args:
        method: `random` (uniform draws in band), `evolution` (NSGA-II) or `differentiable` (a logit per value,
            Gumbel-Softmax), by the super network's scores; or `model`: the run's model of error ranks up to 20 000.
        samples: architectures to return.
        candidates: architectures that the super network scores, the same number for every method that asks it.
        train: of `model`: how many of the best are trained briefly before one is chosen.
        finetune_epochs: epochs in which the shared weights are first trained on the space's members in band.
        steps: of the logits, by `differentiable`.
        learning_rate: of the logits (Adam).
        temperature: of Gumbel-Softmax, first and last.
    """

    method: Literal["random", "evolution", "differentiable", "model"] = "random"
    samples: Count = 5
    candidates: Count = 40
    train: Annotated[Whole, Field(ge=0, le=10**6)] = later(0)
    finetune_epochs: Annotated[Whole, Field(ge=0)] = 0
    steps: Count = 100
    learning_rate: Rate = 0.1
    temperature: tuple[Rate, Rate] = (5.0, 0.1)

    @model_validator(mode="after")
    def _check(self) -> NasSettings:
        if self.train and self.method != "model":
            raise ValueError(f"train {self.train}: method {self.method} trains none; give method 'model'")
        if self.samples > self.candidates and self.method != "model":
            raise ValueError(f"samples {self.samples} exceed candidates {self.candidates}; score more or ask for fewer")
        return self


@dataclass(frozen=True, config=STRICT)
class SearchConfig:
    """All that a search depends on; two runs of equal configs give equal results on the CPU.

    Args:
        data: where the images are.
        space: what is searched.
        budgets: FLOPs budgets such as `200M`.
        tolerance: relative distance from the target that satisfies a budget.
        constraints: bounds that networks keep at every budget, such as `params<=1.2M` or `peak_memory<=256KiB`.
        device_profile: what measures latency, for budgets and constraints of it: in settings a file of `netspace
            profile`; a run keeps a copy of the file, and here its fingerprint.
        search: how it is trained.
        augment: random changes to training images.
        seed: of every random draw.
        device: `cpu` or `cuda`.
        precision: `32-true`, `bf16-mixed`, or `auto`: the faster one on the machine; a run's config says which it was.
    """

    data: DataSettings
    space: SearchSpace
    budgets: Annotated[tuple[str, ...], Field(min_length=1)]
    tolerance: Annotated[Number, Field(ge=0, lt=1)] = 0.1
    constraints: tuple[str, ...] = later(())
    device_profile: str = later("")
    search: SearchSettings = Field(default_factory=SearchSettings)
    augment: Augmentation = Field(default_factory=Augmentation)
    seed: Seed = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Precision = formerly(FP32, now=AUTO)

    @model_validator(mode="after")
    def _check(self) -> SearchConfig:
        used = profile_in_use()
        if self.device_profile and used is not None and used.fingerprint != self.device_profile:
            raise ValueError(
                f"device_profile: latency was of profile {self.device_profile}, but the one in use is "
                f"{used.fingerprint}, of {used.device}; give the profile that the run was begun with"
            )
        for kind in {kind for budget in self.parsed_budgets for kind in budget.kinds}:
            cost_named(kind)  # latency says where a profile is to be had
        return self

    @property
    def parsed_budgets(self) -> tuple[Budget, ...]:
        """The budgets as values, each with the constraints."""
        return self.several(self.budgets)

    def several(self, texts: Sequence[str]) -> tuple[Budget, ...]:
        """Return budgets, its own or others, as `budget` does.

        Raises:
            NetspaceError: where one is none, or two name one target of one cost.
        """
        found = tuple(self.budget(text) for text in texts)
        check_distinct(found, texts)
        return found

    def budget(self, text: str) -> Budget:
        """Return a budget, one of its own or another, with the tolerance and the constraints of the search."""
        return Budget.parse(text, self.tolerance, map(Constraint.parse, self.constraints))
