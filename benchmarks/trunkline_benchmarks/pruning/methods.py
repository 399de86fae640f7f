"""The methods that are compared, and what was published of them."""

from __future__ import annotations

from typing import Any

from trunkline.errors import UnknownNameError
from trunkline_training.pruning.module_settings import MASKS
from trunkline_training.pruning.wanted import DOUBLE, SINGLE

PLAIN = "hrank"
"""The method that others are compared with."""
METHODS: dict[str, dict[str, Any]] = {
    "random": {"criterion": "random"},
    "l1": {"criterion": "l1"},
    PLAIN: {"criterion": "hrank"},
    "hrank+double": {"criterion": "hrank", "replace": DOUBLE},
    "hrank+single": {"criterion": "hrank", "replace": SINGLE},
    "masks": {"criterion": MASKS},
}
PUBLISHED = (
    # method, parameters removed in percent (None: not said), change of accuracy in points
    ("hrank", None, -2.27),
    ("hrank+double", None, -1.49),
    ("hrank+single", None, -1.42),
    ("masks", 70.02, -0.61),
    ("masks", 92.00, -1.07),
    ("masks", 93.01, -1.38),
    ("masks", 97.52, -2.20),
    ("hrank", 92.00, -2.76),
    ("CACP", 70.10, -0.13),
    ("LPF", 92.80, -3.40),
)
SOURCE = "Yata (Chiba University, KAKENHI 17K00334): VGG16 on all of CIFAR-10, 93.52 % before"
"""Where the published figures, those of others included, are from."""


def settings_of(name: str, epochs: int, replace_epochs: int) -> dict[str, Any]:
    """A method's settings. All are trained for as long: those without a replacement, longer at the
    end. Raises UnknownNameError.
    """
    if name not in METHODS:
        raise UnknownNameError("method", name, list(METHODS))
    replaces = "replace" in METHODS[name]
    return {**METHODS[name], "epochs": epochs + (0 if replaces else replace_epochs)}


def published(name: str, removed: float) -> str:
    """What was published of a method at about this share, 0..1, of removed parameters."""
    found = [
        f"{change:+.2f}" + ("" if percent else " (share not said)")
        for method, percent, change in PUBLISHED
        if method == name and (percent is None or abs(percent - 100 * removed) < 1)
    ]
    return ", ".join(found) or "-"


def all_published() -> str:
    """Every published figure, in a line."""
    found = [
        f"{method}{f' at {percent:g} %' if percent else ''} {change:+.2f}"
        for method, percent, change in PUBLISHED
    ]
    return f"Published ({SOURCE}): {', '.join(found)}"
