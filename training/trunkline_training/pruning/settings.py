"""What can be set of a pruning, beside what every training shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from trunkline.errors import ParameterError
from trunkline_training.nets.places import EVERYWHERE, Places
from trunkline_training.pruning import criteria
from trunkline_training.pruning.wanted import (
    DOUBLE,
    GLOBAL,
    MEASURED,
    NONE,
    SCOPES,
    SINGLE,
    SPREADS,
    UNIFORM,
    VARIANTS,
    Wanted,
)
from trunkline_training.train.config import Training
from trunkline_training.train.options import option

UNUSED = frozenset(
    {"start", "donor", "stitch_pictures", "freeze", "norm", "calibration", "features"}
)
"""Settings of trainings that say nothing here: the start is what is pruned."""
SPREAD = (
    "the same share of each group, the lowest scores of all, or from each group as much as the "
    "answers bear"
)


@dataclass(frozen=True)
class Pruning(Training):
    """What tails and trunks share."""

    _ways: ClassVar[str] = "--macs-removed or --parameters-removed"

    models: str = option("", "model folder of what is pruned (none: the user's, then the released)")
    criterion: str = option("energy", "what a filter is worth: energy, l1, random or hrank")
    macs_removed: float = option(0.0, "share of multiply-accumulates that goes", low=0, high=0.99)
    parameters_removed: float = option(0.0, "share of parameters that goes", low=0, high=0.99)
    spread: str = option(UNIFORM, SPREAD, choices=SPREADS)
    scope: str = option(
        "all", "also filters whose outputs are added to others', or inner ones", choices=SCOPES
    )
    multiple: int = option(8, "widths stay multiples of it, which engines run faster", low=1)
    least: float = option(0.1, "share of a group that stays at least", low=0, high=1)
    samples: int = option(64, "pictures whose feature maps a criterion sees", low=1)
    compensate: bool = option(
        True, "what kept filters tell of removed ones goes into the weights of their readers"
    )
    refit: int = option(
        0,
        "places of each sample picture's maps at which layers, one by one, are fitted again (0: "
        "they are not)",
        low=0,
    )
    replace: str = option(
        NONE,
        "the least important filters become copies before: of the best, once each, or of the best",
        choices=VARIANTS,
    )
    replace_share: float = option(0.3, "share of each group that is replaced", low=0, high=0.5)
    replace_epochs: int = option(5, "epochs of training behind the replacement", low=0)
    smallest_crop: float = option(0.25, "smallest share of a picture's area", low=0.01, high=1)
    optimizer: str = option("adamw", "optimiser", choices=("sgd", "adamw"))
    lr: float = option(3e-4, "highest learning rate", low=0, high=10)
    weight_decay: float = option(0.01, "weight decay of the convolutions", low=0, high=1)
    clip: float = option(1.0, "largest norm of the gradient (0: any)", low=0)

    def ready(self) -> None:
        """Raise ParameterError where something is missing or contradictory."""
        super().ready()
        if not self._is_said_once:
            raise ParameterError(f"how much goes is not said once: give {self._ways}")
        self.check_criterion()

    @property
    def _is_said_once(self) -> bool:
        return bool(self.macs_removed) != bool(self.parameters_removed)

    def check_criterion(self) -> None:
        """Raise UnknownNameError for a criterion that there is not: better now than later."""
        criteria.get(self.criterion, self.seed)

    @property
    def wanted(self) -> Wanted:
        """What is to go."""
        return Wanted(
            self.macs_removed,
            self.parameters_removed,
            self.spread,
            self.scope,
            self.multiple,
            self.least,
        )

    @property
    def share(self) -> float:
        """The share that goes, of whichever."""
        return self.macs_removed or self.parameters_removed

    @property
    def words(self) -> str:
        """What goes, for a card."""
        replaced = WORDS[self.replace].format(self.replace_share)
        return f"{replaced}filters of the lowest {self.criterion} removed {self._until}"

    @property
    def _until(self) -> str:
        unit = "multiply-accumulates" if self.macs_removed else "parameters"
        return f"until {self.share:.0%} of the {unit} were gone"


@dataclass(frozen=True)
class TailPruning(Pruning):
    """A tail, which then learns the unpruned one's answers to unlabelled pictures."""

    _ways = (
        "--macs-removed or --parameters-removed, or fewer places with --grid, --last-grid or "
        "--middle"
    )

    task: str = option("classifier", "the tail's task")
    spread: str = option(MEASURED, SPREAD, choices=SPREADS)
    grid: int = option(
        0, "places a side that the tail works on, fewer than the trunk's (0: as many)", low=0
    )
    last_grid: int = option(
        0, "places a side that a classifier's last convolution works on (0: as many)", low=0
    )
    middle: int = option(
        0,
        "places a side that a classifier's first stage makes, the middle ones: 2, 4, ... fewer "
        "than all of them, 14 of mobilenet_v2 and 7 of vgg16; not with --grid (0: all)",
        low=0,
    )
    temperature: float = option(2.0, "softens both answers", low=0.1, high=100)
    hints: float = option(
        50.0, "weight of inner maps beside answers in what is learnt (0: answers alone)", low=0
    )
    iou_nms: float = option(0.5, "overlap at which a detector drops a box", low=0.1, high=0.9)

    def ready(self) -> None:
        """Raise ParameterError where something is missing or contradictory."""
        super().ready()
        if self.grid and self.middle:
            raise ParameterError("grid and middle are both given: expected one of them")
        if not self.share and (self.replace != NONE or self.refit):
            raise ParameterError(
                "replace and refit are about filters, and none go: give --macs-removed or "
                "--parameters-removed too, or leave them out"
            )

    @property
    def _is_said_once(self) -> bool:
        return super()._is_said_once or (self.places != EVERYWHERE and not self.share)

    @property
    def places(self) -> Places:
        """Those asked for."""
        return Places(self.grid, self.last_grid, self.middle)

    @property
    def words(self) -> str:
        """What goes, for a card."""
        filters = super().words if self.share else ""
        return "; then ".join(part for part in (self.places.words, filters) if part)


@dataclass(frozen=True)
class TrunkPruning(Pruning):
    """A trunk, which then learns the unpruned one's features; `name` is the new weight set's."""

    name: str = option("", "name of the new weight set (default: SET-pruned)")
    spread: str = option(GLOBAL, SPREAD, choices=SPREADS)


WORDS = {
    NONE: "",
    DOUBLE: "the least important {:.0%} of each group's filters replaced by the best, once each; ",
    SINGLE: "the least important {:.0%} of each group's filters replaced by the best one; ",
}
"""Replacements in a card's words."""
