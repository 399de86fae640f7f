"""Plots as PNG bytes, without a display or a global state."""

from __future__ import annotations

import warnings
from io import BytesIO
from typing import TYPE_CHECKING, Literal

from trunkline.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 110


def figure(width: float, height: float, *, constrained: bool = False) -> Figure:
    """An empty figure of so many inches; `constrained`: its parts are moved until all fit.

    Raises MissingExtraError.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("plots", "train") from error
    layout: Literal["constrained"] | None = "constrained" if constrained else None
    return Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout=layout)


def png(drawn: Figure) -> bytes:
    """All that is drawn, outside the figure too. The same figure gives the same bytes.

    Letters that matplotlib's font lacks are drawn as boxes.
    """
    picture = BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        drawn.savefig(picture, format="png", metadata={"Software": None}, bbox_inches="tight")
    return picture.getvalue()
