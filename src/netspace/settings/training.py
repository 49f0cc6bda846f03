"""Where the images are, how they are read and changed, and how one network is trained on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass

from netspace.documents import NUMBER, Number, Whole, formerly, later
from netspace.errors import did_you_mean
from netspace.schedules import SCHEDULES
from netspace.settings.limits import AUTO, FP32, LARGEST_BATCH, Count, Precision, Rate, Share
from netspace.spaces.architecture import LARGEST_IMAGE
from netspace.spaces.ranges import STRICT


@dataclass(frozen=True, config=STRICT)
class DataSettings:
    """Where the images are and how they are read.

    Args:
        dataset: `fashion` (embedded), a folder of images in class folders, a folder or file of parquet, or a hub id.
        image_size: height and width to resize to, pixels; None keeps the data's own where they are all square, of one
            size and ≤ 64, and takes 32 elsewhere.
        channels: 1 (grey) or 3 (colour); None takes the data's own.
        image_column: column of images; None takes the one column of that type.
        label_column: column of labels; None takes the class-label column, of several the one with most classes, or else
            the one called `label`.
        test_share: share of the images that is sealed as test set where the data has no split for it.
        labels: CSV file with the labels of a folder's images, `image_column` (`file`) and `label_column` (`label`).
        skip_unreadable: leave out images that can't be read instead of refusing the data; None is no.
    """

    dataset: str
    image_size: Annotated[Whole, Field(ge=4, le=LARGEST_IMAGE)] | None = None
    channels: Annotated[Literal[1, 3], NUMBER] | None = None
    image_column: str | None = None
    label_column: str | None = None
    test_share: Annotated[Number, Field(gt=0, lt=1)] = 0.2
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

    crop: Annotated[Whole, Field(ge=0, le=LARGEST_IMAGE)] = 4
    flip: bool = True
    cutout: Annotated[Whole, Field(ge=0, le=LARGEST_IMAGE)] = 0


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
        precision: `32-true`, `bf16-mixed`, or `auto`: the faster one on the machine (`netspace.arithmetic`).
        channels_last: memory layout.
        compile: use torch.compile.
        common: trainings of equal seed share their luck: batches, augmentation, and the initial weights of the channels
            and blocks that their networks have in common, so that errors differ by the networks more than by luck.
    """

    name: str
    epochs: Count = 100
    batch_size: Annotated[Whole, Field(ge=2, le=LARGEST_BATCH)] = 128
    optimizer: Literal["sgd", "adamw", "rmsprop"] = "sgd"
    learning_rate: Rate = 0.1
    momentum: Share = 0.9
    weight_decay: Annotated[Number, Field(ge=0)] = 5e-4
    schedule: str = "cosine"
    warmup_epochs: Annotated[Number, Field(ge=0)] = 5
    label_smoothing: Share = 0.0
    clip: Rate | None = None
    ema: Annotated[Number, Field(gt=0, lt=1)] | None = None
    augment: Augmentation = Field(default_factory=Augmentation)
    train_images: Count | None = None
    validation_share: Annotated[Number, Field(gt=0, lt=1)] = 0.1
    precision: Precision = formerly(FP32, now=AUTO)
    channels_last: bool = True
    compile: bool = False
    common: bool = later(False)

    def split(self, images: int) -> tuple[int, int]:
        """Return how many of so many training images are trained on, and how many are held out."""
        n = images if self.train_images is None else min(self.train_images, images)
        held_out = round(n * self.validation_share)
        return n - held_out, held_out

    @model_validator(mode="after")
    def _check(self) -> Recipe:
        if self.warmup_epochs >= self.epochs:
            default = " (the default)" if self.warmup_epochs == Recipe.warmup_epochs else ""
            raise ValueError(
                f"warmup_epochs {self.warmup_epochs:g}{default} leave nothing of {self.epochs} epochs; give "
                f"warmup_epochs below {self.epochs}, such as 0"
            )
        if self.schedule not in SCHEDULES:
            known = did_you_mean(self.schedule, SCHEDULES)
            raise ValueError(f"schedule: unknown schedule '{self.schedule[:80]}', {known}")
        return self
