"""What can be set: what every training shares, then each kind's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trunkline.engines.abc import PRECISIONS
from trunkline.errors import ParameterError
from trunkline_training.train.options import check, option

F32 = PRECISIONS[0]
SIBLING = "sibling"
STORED = ("store", "classifier", SIBLING)
"""Starts that are a tail of the store as it is."""
HIGHEST_SEED = 2**32 - 1
"""Of numpy's."""


@dataclass(frozen=True)
class Training:
    """Settings of every training."""

    data: tuple[str, ...] = option((), "pictures to learn from: FOLDER or FOLDER:SPLIT, joined")
    test: tuple[str, ...] = option((), "pictures for the final figures alone, none of them in data")
    run: str = option("", "folder of the run: logs, checkpoints")
    output: str = option("", "model folder that the tail is written to, beside its trunk")
    trunk: str = option("mobilenet_v2", "trunk")
    set: str = option("", "the trunk's weight set (none: the trunk's own)")
    task: str = option("", "name of the tail")
    start: str = option("none", "first weights")
    donor: str = option(
        "torchvision-v1", "MobileNetV2 set whose tail of this task gives its blocks (start donor)"
    )
    stitch_pictures: int = option(2000, "pictures that a donor's convolution is fitted on", low=1)
    freeze: tuple[str, ...] = option((), "layers that stay as given, by their names' first parts")
    epochs: int = option(30, "how often every picture is seen (0: publish the start)", low=0)
    batch: int = option(32, "pictures in a step", low=1)
    optimizer: str = option("sgd", "optimiser", choices=("sgd", "adamw"))
    lr: float = option(0.01, "highest learning rate", low=0, high=10)
    momentum: float = option(0.9, "momentum; of adamw, its first beta", low=0, high=0.9999)
    weight_decay: float = option(4e-5, "weight decay of the convolutions", low=0, high=1)
    schedule: str = option("cosine", "learning rate", choices=("cosine", "steps", "constant"))
    milestones: tuple[float, ...] = option(
        (0.67, 0.83), "where `steps` divides the rate by 10, in shares of the run", low=0, high=1
    )
    warmup: int = option(200, "steps in which the rate rises to its height", low=0)
    clip: float = option(0.0, "largest norm of the gradient (0: any)", low=0)
    ema: float = option(0.0, "decay of the averaged weights that are kept (0: none)", low=0, high=1)
    norm: str = option("none", "what stands behind convolutions", choices=("none", "batch"))
    calibration: int = option(128, "pictures that batch norms take their statistics of", low=2)
    views: int = option(0, "changed views of a picture kept on disk (0: always new ones)", low=0)
    cache: str = option("", "folder of kept views (default: in the run's folder)")
    augment: bool = option(True, "change the pictures at random")
    coded: float = option(0.0, "share of the features that are seen behind BPG", low=0, high=1)
    coded_qp: tuple[int, ...] = option((26, 30, 34, 38), "its qp, one at random", low=0, high=51)
    validation: float = option(0.1, "share of data kept for choosing", low=0.0001, high=0.9)
    validate_epochs: int = option(1, "epochs between validations", low=1)
    patience: int = option(0, "validations without a better one that end it (0: none do)", low=0)
    limit: int = option(0, "use so many pictures of data (0: all)", low=0)
    seed: int = option(1, "seed of everything random", low=0, high=HIGHEST_SEED)
    precision: str = option(
        F32,
        "what steps compute in; bf16 is faster on CPUs that have it (avx512_bf16, amx_bf16)",
        choices=PRECISIONS,
    )
    features: str = option(
        F32,
        "what the frozen trunk computes in while it is learnt from; bf16 takes OpenVINO (extra "
        "openvino). Final figures are of the trunk in f32",
        choices=PRECISIONS,
    )
    threads: int = option(2, "threads of PyTorch and of the engine", low=1, high=256)
    workers: int = option(0, "processes that read and change pictures", low=0, high=64)
    checkpoint_steps: int = option(100, "steps between checkpoints", low=1)

    def __post_init__(self) -> None:
        check(self)

    def ready(self) -> None:
        """Raise ParameterError where something is missing that has no default."""
        for name in ("data", "run", "output"):
            if not getattr(self, name):
                raise ParameterError(f"{name} is not set: give --{name}, or {name} in --config")

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return Path(self.run)

    @property
    def views_folder(self) -> Path:
        """Where views are kept."""
        return Path(self.cache) if self.cache else self.folder / "views"


@dataclass(frozen=True)
class SsdTraining(Training):
    """A detector. Boxes come from VOC or COCO folders."""

    task: str = option("ssd", "name of the tail")
    head: str = option("ssdlite", "ssdlite, paper or vgg16")
    start: str = option(
        "store",
        "first weights: the model folder's tail of this task, its classifier's blocks, this task's "
        "behind the trunk's weight set --donor, a donor's tail behind a fitted convolution, the "
        "trunk's own file behind the cut, or chance",
        choices=(*STORED, "donor", "published", "none"),
    )
    donor: str = option(
        "coco",
        "MobileNetV2 set whose detector gives its blocks, or coco; with head paper the "
        "TRUNK/SET/TASK of a detector with SSD's own layers",
    )
    iou_match: float = option(0.5, "overlap from which an anchor is an object's", low=0.1, high=0.9)
    iou_nms: float = option(0.5, "overlap at which a box is dropped", low=0.1, high=0.9)
    negatives: float = option(3.0, "background anchors for each object's", low=0)
    box_weight: float = option(1.0, "weight of the boxes' loss", low=0)


@dataclass(frozen=True)
class PictureTraining(Training):
    """What both kinds of classifier share."""

    task: str = option("classifier", "name of the tail")
    start: str = option(
        "classifier",
        "first weights: the model folder's tail of this task, its classifier, this task's behind "
        "the trunk's weight set --donor, a donor's tail behind a fitted convolution, or chance",
        choices=(*STORED, "donor", "none"),
    )
    entry: int = option(7, "MobileNetV2's first stage where the start is chance", low=7, high=17)
    dropout: float = option(0.0, "share of pooled features dropped", low=0, high=0.9)
    mixup: float = option(0.0, "alpha of mixup (0: none)", low=0, high=100)
    cutmix: float = option(
        0.0, "alpha of CutMix (0: none); beside mixup each has half of the steps", low=0, high=100
    )
    smallest_crop: float = option(0.25, "smallest share of a picture's area", low=0.01, high=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("mixup", "cutmix"):
            if getattr(self, name) and self.views:
                raise ParameterError(
                    f"{name} needs pictures, not kept views: set views, which a preset may have "
                    f"set, or {name} to 0"
                )
            if getattr(self, name) and self.batch == 1:
                raise ParameterError(f"{name} mixes a batch's pictures: set batch to 2 or more")


@dataclass(frozen=True)
class ClassifierTraining(PictureTraining):
    """A classifier of labelled pictures: one folder a class, or a manifest.csv."""

    labels: str = option("", "file of class names, one a line (default: the folders' names)")
    label_smoothing: float = option(0.0, "share of the target given to all", low=0, high=0.9)


@dataclass(frozen=True)
class DistilTraining(PictureTraining):
    """A classifier that learns a whole network's answers on unlabelled pictures."""

    teacher: str = option("torchvision-v1", "MobileNetV2 set whose classifier teaches")
    temperature: float = option(2.0, "softens both answers", low=0.1, high=100)
    feature_weight: float = option(0.0, "weight of the pooled features' loss", low=0)


@dataclass(frozen=True)
class StitchTraining(DistilTraining):
    """A donor's tail behind a convolution fitted to the trunk; epochs distil it."""

    start: str = option("donor", "first weights", choices=("donor",))
    epochs: int = option(0, "how often every picture is seen afterwards", low=0)
