"""An SSD as a tail that can be pruned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from trunkline.errors import ParameterError, WeightsError
from trunkline.weights.mobilenet_v2 import STITCH
from trunkline_training.nets.detector import Detector, joined
from trunkline_training.nets.heads import Head, of_layers
from trunkline_training.nets.places import Places
from trunkline_training.nets.ssd_layers import FIRST_SCALE
from trunkline_training.pruning import matched
from trunkline_training.pruning.described import Convolutions, Plain
from trunkline_training.pruning.tails.abc import Arrays, Convs, Tail

LEAST = 1.0
"""Objects that a batch is taken to have at least: a sure detector may see none."""


class DetectorTail(Tail):
    """An SSD; which one, its layers say."""

    detects = True

    @property
    def head(self) -> Head:
        """Its architecture. Raises WeightsError for a tail that has none of HEADS."""
        given = self.given
        kind = cast("type[Head]", of_layers(given.convs))  # see tail_of
        classes, stitched = len(given.labels) + 1, STITCH in given.convs
        head = kind(classes, self.shape, given.padding, stitched, given.places.grid)
        self._check(head)
        return head

    def _check(self, head: Head) -> None:
        for name, shape in head.shapes.items():
            found = self.given.convs.get(name)
            if found is None or (shape.answers and len(found.bias) != shape.out):
                raise WeightsError(
                    f"the tail's {name} is not that of {head.title} for {head.classes - 1} labels: "
                    "expected a tail that trunkline train ssd made"
                )

    @property
    def title(self) -> str:
        """The head's."""
        return f"{self.head.title}, pruned"

    @property
    def fixed(self) -> Sequence[str]:
        """Scores, boxes, and the scale of the trunk's own channels."""
        answers = [name for name, shape in self.head.shapes.items() if shape.answers]
        return [*answers, FIRST_SCALE]

    def describe(self, graph: Plain, x: Tensor, convs: Convolutions) -> Sequence[Tensor]:
        """Every map's scores and box codes."""
        return [part for pair in self.head.describe(graph, x, convs) for part in pair]

    def module(self, convs: Convs) -> nn.Module:
        """A detector."""
        return Detector(self.head, convs, normed=False, seed=0)

    def answers(self, module: nn.Module, features: Tensor) -> Arrays:
        """`codes` (N, A, 4) and `scores` (N, A, classes)."""
        codes, scores = module(features)
        return {"codes": codes, "scores": scores}

    def described(self, parts: Sequence[Tensor]) -> Arrays:
        """`codes` (N, A, 4) and `scores` (N, A, classes)."""
        # scores, boxes, scores, ... -> pairs
        maps = zip(parts[::2], parts[1::2], strict=True)
        codes, scores = joined(maps, self.head.classes)
        return {"codes": codes, "scores": scores}

    def expected(self, answers: Arrays, of: Tail) -> Arrays:
        """Those of the nearest anchors, see `matched`."""
        if self.given.places.grid == of.given.places.grid:
            return answers
        return matched.answers(answers, cast(DetectorTail, of).head, self.head)

    def on(self, asked: Places) -> Tail:
        """No last grid: many layers read what is before a detector's answers; and all places."""
        for name, value in (("last-grid", asked.last_grid), ("middle", asked.middle)):
            if value:
                raise ParameterError(f"{name} is for classifiers: leave it out for a detector")
        return super().on(asked)

    def resampling(self, convs: Convs) -> int:
        """Its head's."""
        return self.head.resampling(convs)

    def losses(self, ours: Arrays, wanted: Arrays, temperature: float) -> dict[str, Tensor]:
        """`classes`: divergence by anchor; `boxes`: smooth L1, where the other one sees something.

        An anchor weighs as much as the other network sees an object there, and all of a batch's
        anchors weigh as much again together, so that the many with nothing drown no object. Where
        nothing is seen all weigh the same, and boxes nothing.
        """
        nothing = functional.log_softmax(wanted["scores"], dim=2)[:, :, 0]
        object_there = -nothing.expm1()  # (N, A), as exact where next to nothing is seen
        rest = object_there.mean().clamp(min=LEAST / object_there.numel())
        weights = object_there + rest
        theirs = functional.log_softmax(wanted["scores"] / temperature, dim=2)
        own = functional.log_softmax(ours["scores"] / temperature, dim=2)
        apart = (theirs.exp() * (theirs - own)).sum(dim=2)  # (N, A)
        off = functional.smooth_l1_loss(ours["codes"], wanted["codes"], reduction="none")
        return {
            "classes": temperature**2 * (weights * apart).sum() / weights.sum(),
            "boxes": (object_there * off.sum(dim=2)).sum() / object_there.sum().clamp(min=LEAST),
        }

    def agreement(self, ours: Arrays, wanted: Arrays) -> float:
        """The best class, nothing included, of anchors where one of both sees an object."""
        own, theirs = ours["scores"].argmax(dim=2), wanted["scores"].argmax(dim=2)
        seen = (own > 0) | (theirs > 0)
        return 100 * float((own == theirs)[seen].double().mean()) if seen.any() else 100.0

    def onnx(self, module: nn.Module, iou_nms: float) -> bytes:
        """`features` -> `detections`."""
        return cast(Detector, module).onnx(iou_nms)
