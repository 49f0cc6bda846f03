"""What a user may set: frozen values, each with its default and its limits."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from netspace.cost import Budget
from netspace.documents import later
from netspace.errors import did_you_mean
from netspace.schedules import SCHEDULES
from netspace.spaces import SearchSpace
from netspace.spaces.architecture import LARGEST_IMAGE
from netspace.spaces.ranges import STRICT

Share = Annotated[float, Field(ge=0, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]
Count = Annotated[int, Field(ge=1, le=10**9)]
Rate = Annotated[float, Field(gt=0)]
LARGEST_SEED = 2**63 - 1  # what every generator takes and the store of networks holds
Seed = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
PenaltyForm = Literal["members", "centre"]
LARGEST_BATCH = 2**20


@dataclass(frozen=True, config=STRICT)
class DataSettings:
    """Where the images are and how they are read.

    Args:
        dataset: `fashion` (embedded), a folder of images in class folders, a folder or file of parquet, or a hub id.
        image_size: height and width to resize to, pixels; None keeps the data's own where they are all square, of one
            size and ≤ 64, and takes 32 elsewhere.
        channels: 1 (grey) or 3 (colour); None takes the data's own.
        image_column: column of images; None takes the one column of that type.
        label_column: column of labels; None takes the class-label column, of several the one with most classes.
        test_share: share of the images that is sealed as test set where the data has no split for it.
        labels: CSV file with the labels of a folder's images, `image_column` (`file`) and `label_column` (`label`).
        skip_unreadable: leave out images that can't be read instead of refusing the data; None is no.
    """

    dataset: str
    image_size: Annotated[int, Field(ge=4, le=LARGEST_IMAGE)] | None = None
    channels: Literal[1, 3] | None = None
    image_column: str | None = None
    label_column: str | None = None
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.2
    labels: str | None = None
    skip_unreadable: bool | None = None

    @property
    def shapeless(self) -> DataSettings:
        """The same less image size and channels, where a file of a space or architecture holds them."""
        return replace(self, image_size=None, channels=None)


@dataclass(frozen=True, config=STRICT)
class Augmentation:
    """Random changes to training images, drawn anew for each image of each batch.

    Args:
        crop: pixels of zero padding on each side before a random crop back to the image's size; 0 is off.
        flip: mirror left and right with probability 1/2.
        cutout: side of a square that is set to the mean (DeVries and Taylor 2017); 0 is off.
    """

    crop: Annotated[int, Field(ge=0, le=LARGEST_IMAGE)] = 4
    flip: bool = True
    cutout: Annotated[int, Field(ge=0, le=LARGEST_IMAGE)] = 0


@dataclass(frozen=True, config=STRICT)
class Recipe:
    """How one network is trained from scratch.

    Args:
        name: what to call it.
        epochs: passes over the training images.
        batch_size: images a step.
        optimizer: `sgd` (with Nesterov's momentum), `adamw` or `rmsprop`.
        learning_rate: the highest.
        momentum: of `sgd` and `rmsprop`.
        weight_decay: of the optimiser.
        schedule: `cosine` or `linear` (`netspace.schedules.SCHEDULES`), to 0 at the end.
        warmup_epochs: epochs in which the learning rate first rises linearly from 0.
        label_smoothing: share of the target spread over all classes.
        clip: largest norm of the gradient; None does not clip.
        ema: decay of an exponential moving average of the weights, which is then what is tested; None is off.
        augment: random changes to training images.
        train_images: use so many training images, drawn evenly over them; None takes all.
        validation_share: share of the training images that is held out for the validation error.
        precision: `32-true` or `bf16-mixed`.
        channels_last: memory layout.
        compile: use torch.compile.
        common: trainings of equal seed share their luck: batches, augmentation, and the initial weights of the channels
            and blocks that their networks have in common, so that errors differ by the networks more than by luck.
    """

    name: str
    epochs: Count = 100
    batch_size: Annotated[int, Field(ge=2, le=LARGEST_BATCH)] = 128
    optimizer: Literal["sgd", "adamw", "rmsprop"] = "sgd"
    learning_rate: Rate = 0.1
    momentum: Share = 0.9
    weight_decay: Annotated[float, Field(ge=0)] = 5e-4
    schedule: str = "cosine"
    warmup_epochs: Annotated[float, Field(ge=0)] = 5
    label_smoothing: Share = 0.0
    clip: Rate | None = None
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    augment: Augmentation = Field(default_factory=Augmentation)
    train_images: Count | None = None
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    channels_last: bool = True
    compile: bool = False
    common: bool = later(False)

    @model_validator(mode="after")
    def _check(self) -> Recipe:
        if self.warmup_epochs >= self.epochs:
            raise ValueError(f"warmup_epochs {self.warmup_epochs} leave nothing of {self.epochs} epochs; give fewer")
        if self.schedule not in SCHEDULES:
            known = did_you_mean(self.schedule, SCHEDULES)
            raise ValueError(f"schedule: unknown schedule '{self.schedule[:80]}', {known}")
        return self


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
    weight_decay: Annotated[float, Field(ge=0)] = 3e-4
    clip: Rate = 5.0


@dataclass(frozen=True, config=STRICT)
class ThetaSettings:
    """Adam of the logits Θ (defaults: DARTS' architecture optimiser, as the paper takes them)."""

    learning_rate: Rate = 3e-4
    betas: tuple[Decay, Decay] = (0.5, 0.999)
    weight_decay: Annotated[float, Field(ge=0)] = 1e-3


@dataclass(frozen=True, config=STRICT)
class FrontSettings:
    """What the estimators `front` and `population` judge spaces by.

    Args:
        evaluations: most architectures that the super network scores, of `front`.
        calibration: stand-alone trainings beside them, of `front`; 0 is none.
        population: stand-alone trainings of `population`.
        recipe: of the trainings: a name (see `netspace spaces`) or a YAML file.
        min_hit_rate: least share of a space's members in band, where the grid allows it.
    """

    evaluations: Annotated[int, Field(ge=8, le=10**9)] = 100
    calibration: Annotated[int, Field(ge=0, le=10**9)] = 0
    population: Annotated[int, Field(ge=6, le=10**9)] = 48
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
    warmup_epochs: Annotated[int, Field(ge=0)] = 15
    steps_per_epoch: Count | None = None
    batch_size: Annotated[int, Field(ge=2, le=LARGEST_BATCH)] = 64
    weights_share: Annotated[float, Field(gt=0, lt=1)] = 0.5
    estimator: str = "score"
    draws: Annotated[int, Field(ge=2, le=10**6)] = 4
    penalty: Annotated[float, Field(ge=0)] = 1.0
    penalty_form: PenaltyForm = "members"
    temperature: tuple[Rate, Rate] = (5.0, 0.001)
    warmup_filters: Share = 1.0
    warmup_blocks: Share = 1.0
    weights: WeightsSettings = Field(default_factory=WeightsSettings)
    theta: ThetaSettings = Field(default_factory=ThetaSettings)
    front: FrontSettings = Field(default_factory=FrontSettings)

    @model_validator(mode="after")
    def _check(self) -> SearchSettings:
        if self.warmup_epochs >= self.epochs:
            raise ValueError(
                f"warmup_epochs {self.warmup_epochs} leave nothing of {self.epochs} epochs to move Θ; give fewer"
            )
        return self


@dataclass(frozen=True, config=STRICT)
class NasSettings:
    """How architectures are searched inside a space with a finished search's super network.

    Args:
        method: `random` (uniform draws in band), `evolution` (NSGA-II), `differentiable` (one logit per depth and
            per width, Gumbel-Softmax), each by the super network's scores; or `model` (no super network: the run's
            model of error ranks up to 20 000 networks in band).
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
    train: Annotated[int, Field(ge=0, le=10**6)] = later(0)
    finetune_epochs: Annotated[int, Field(ge=0)] = 0
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
        search: how it is trained.
        augment: random changes to training images.
        seed: of every random draw.
        device: `cpu` or `cuda`.
        precision: `32-true` or `bf16-mixed`.
    """

    data: DataSettings
    space: SearchSpace
    budgets: Annotated[tuple[str, ...], Field(min_length=1)]
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.1
    search: SearchSettings = Field(default_factory=SearchSettings)
    augment: Augmentation = Field(default_factory=Augmentation)
    seed: Seed = 0
    device: Literal["auto", "cpu", "cuda"] = "auto"
    precision: Literal["32-true", "bf16-mixed"] = "32-true"

    @model_validator(mode="after")
    def _check(self) -> SearchConfig:
        targets = [budget.target for budget in self.parsed_budgets]
        if len(set(targets)) < len(targets):
            raise ValueError(f"budgets {', '.join(self.budgets)} name one target twice; give each once")
        return self

    @property
    def parsed_budgets(self) -> tuple[Budget, ...]:
        """The budgets as values."""
        return tuple(Budget.parse(text, self.tolerance) for text in self.budgets)
