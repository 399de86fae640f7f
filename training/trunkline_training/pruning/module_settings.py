"""What can be set of the pruning of a module of anybody's."""

from __future__ import annotations

from dataclasses import dataclass

from trunkline.errors import ParameterError, UnknownNameError
from trunkline_training.pruning import criteria
from trunkline_training.pruning.masks import budget
from trunkline_training.pruning.settings import UNUSED, Pruning
from trunkline_training.pruning.wanted import NONE, UNIFORM
from trunkline_training.train.options import option

WITHOUT = UNUSED | {"models", "trunk", "set", "task", "coded", "coded_qp", "views", "cache"}
WITHOUT |= {"workers", "smallest_crop", "compensate", "refit"}
MASKS = "masks"
"""A criterion of its own: which filters go is learnt, see `masks.agent`."""


@dataclass(frozen=True)
class ModulePruning(Pruning):
    """A module that tells classes of pictures apart; it learns again from labelled ones."""

    criterion: str = option(
        "l1", "what a filter is worth: l1, random, hrank, energy; masks are learnt"
    )
    weights: str = option("", "safetensors of the module's state (none: as the function gives it)")
    side: int = option(
        32, "pixels a side of what the module reads: (value / 255 - 0.5) / 0.25", low=1
    )
    budget: str = option("small", "how long masks are learnt: quick, small or full")
    multiple: int = option(1, "widths stay multiples of it, which engines run faster", low=1)
    least: float = option(0.02, "share of a group that stays at least", low=0, high=1)
    compensate: bool = option(False, "a module learns again from labels instead")
    optimizer: str = option("sgd", "optimiser", choices=("sgd", "adamw"))
    lr: float = option(0.01, "highest learning rate", low=0, high=10)
    weight_decay: float = option(5e-4, "weight decay of the convolutions", low=0, high=1)
    batch: int = option(64, "pictures in a step", low=2)

    def ready(self) -> None:
        """Raise ParameterError where something is missing or contradictory."""
        super().ready()
        if self.criterion != MASKS:
            return
        if self.replace != NONE:
            raise ParameterError("masks are learnt from the network as it is: set replace to none")
        if self.spread != UNIFORM or self.multiple != 1:
            raise ParameterError(
                "masks say how many filters of each layer go: set spread to uniform and multiple "
                "to 1, which say nothing then"
            )

    @property
    def words(self) -> str:
        """What goes, for a card."""
        if self.criterion != MASKS:
            return super().words
        return f"filters that learnt masks (recurrent PPO) zero removed {self._until}"

    def check_criterion(self) -> None:
        """Raise UnknownNameError for a criterion, or a budget of masks, that there is not."""
        if self.criterion == MASKS:
            budget.get(self.budget)
        elif self.criterion not in criteria.CRITERIA:
            raise UnknownNameError("criterion", self.criterion, [*criteria.CRITERIA, MASKS])
