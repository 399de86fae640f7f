"""What can be set when a task is made out of pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trunkline.errors import ParameterError
from trunkline_training.nets.entry import LAST, OUTPUT
from trunkline_training.train.config import HIGHEST_SEED, PictureTraining
from trunkline_training.train.options import check, option

TRANSFER, FINETUNE = "transfer", "finetune"
CHANCE = "none"


@dataclass(frozen=True)
class Making:
    """Settings of `task train`."""

    output: str = option("", "folder of the task (default: its name)")
    run: str = option("", "keep logs and checkpoints in this folder, so that --resume can go on")
    trunk: str = option("mobilenet_v2", "trunk")
    set: str = option("", "the trunk's weight set (none: the trunk's own)")
    source: str = option(
        "classifier",
        "whose layers stand before the new one: a classifier of the model store, the folder of a "
        "packaged task, or none for random ones",
    )
    method: str = option(
        FINETUNE,
        "transfer: a new last layer alone; finetune: then the layers from --from on as well",
        choices=(TRANSFER, FINETUNE),
    )
    first: str = option("14", "first layer that is fine-tuned, 7 to 18", flag="--from")
    norm: str = option(
        "none",
        "batch norms of the fine-tuned layers: none keeps them folded into the weights; batch puts "
        "them back, with statistics of these pictures, and trains them",
        choices=("none", "batch"),
    )
    epochs: int = option(60, "epochs of the new last layer", low=1)
    fine_epochs: int = option(20, "epochs of the fine-tuned layers", low=1)
    batch: int = option(16, "pictures in a step", low=1)
    optimizer: str = option("adamw", "optimiser", choices=("sgd", "adamw"))
    lr: float = option(1e-3, "highest learning rate of the new layer", low=0, high=10)
    fine_lr: float = option(1e-5, "highest learning rate of the fine-tuned layers", low=0, high=10)
    weight_decay: float = option(0.01, "weight decay of the weights", low=0, high=1)
    dropout: float = option(0.2, "share of pooled features dropped", low=0, high=0.9)
    label_smoothing: float = option(0.0, "share of the target given to all", low=0, high=0.9)
    class_weights: bool = option(True, "let every class count the same, however few its pictures")
    ema: float = option(
        0.98, "decay of the averaged weights that are kept (0: none)", low=0, high=1
    )
    patience: int = option(10, "epochs without a better one that end it (0: none do)", low=0)
    augment: bool = option(True, "change the pictures at random")
    smallest_crop: float = option(0.5, "smallest share of a picture's area", low=0.01, high=1)
    views: int = option(4, "changed views of each picture; their features are kept", low=1)
    coded: float = option(0.5, "share of the features that are seen behind BPG", low=0, high=1)
    test_share: float = option(0.2, "share of each class kept for the test", low=0, high=0.9)
    validation: float = option(0.1, "share of the rest kept for choosing", low=0.0001, high=0.9)
    limit: int = option(0, "learn from so many pictures a class (0: all)", low=0)
    seed: int = option(
        1, "seed of everything random, also of which pictures are kept", low=0, high=HIGHEST_SEED
    )
    threads: int = option(2, "threads of PyTorch and of the engine", low=1, high=256)
    workers: int = option(0, "processes that read and change pictures", low=0, high=64)

    def __post_init__(self) -> None:
        check(self)
        self.first_stage  # noqa: B018 - raises

    @property
    def first_stage(self) -> int:
        """The first fine-tuned stage, which may be spelled as torchvision does: `features.14`."""
        name = self.first.removeprefix("features.")
        if not name.isascii() or not name.isdecimal() or not 7 <= int(name) <= LAST:
            raise ParameterError(
                f"from is {self.first!r}: expected a layer of MobileNetV2 behind the cut, 7 to "
                f"{LAST} or features.7 to features.{LAST}"
            )
        return int(name)

    @property
    def trained_from(self) -> int:
        """The first stage that is trained: OUTPUT where that is the new layer alone."""
        return self.first_stage if self.method == FINETUNE else OUTPUT

    def phase(self, run: Path, **changed: Any) -> PictureTraining:  # noqa: ANN401
        """One of the two trainings, with its logs and checkpoints in `run`."""
        return PictureTraining(
            run=str(run),
            trunk=self.trunk,
            set=self.set,
            batch=self.batch,
            optimizer=self.optimizer,
            weight_decay=self.weight_decay,
            warmup=0,
            ema=self.ema,
            patience=self.patience,
            views=self.views if self.augment or self.coded else 1,
            augment=self.augment,
            smallest_crop=self.smallest_crop,
            coded=self.coded,
            dropout=self.dropout,
            seed=self.seed,
            threads=self.threads,
            workers=self.workers,
            **changed,
        )
