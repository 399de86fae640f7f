"""What a tail's pruning takes for a loss: answers that differ where they say something."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from trunkline.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

    from trunkline_training.pruning.prunable import Prunable
    from trunkline_training.pruning.tails.abc import Tail

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytestmark = pytest.mark.torch

SHAPE = (32, 28, 28)


def tail_of_kind(kind: str) -> Tail:
    """A classifier's, or that of the detector with this head, with weights drawn at random."""
    from trunkline_training.nets.classifier import Classifier, drawn_plan, folded
    from trunkline_training.nets.detector import Detector
    from trunkline_training.nets.heads import HEADS
    from trunkline_training.pruning.tails import tail_of
    from trunkline_training.train.models import Given

    module: Classifier | Detector
    if kind == "classifier":
        plan = drawn_plan(SHAPE, "symmetric", 3)
        module = Classifier(plan, {}, normed=False, dropout=0.0, seed=1)
    else:
        module = Detector(HEADS[kind](4, SHAPE), {}, normed=False, seed=1)
    return tail_of(Given(folded(module.layers), "symmetric", ["a", "b", "c"]), SHAPE)


@pytest.mark.parametrize("kind", ["classifier", "ssdlite", "paper"])
def test_a_tail_loses_what_its_training_would_call_a_loss(kind: str) -> None:
    tail = tail_of_kind(kind)
    batch = torch.randn(3, *SHAPE)
    whole = tail.prunable(tail.given.convs)
    thin = tail.prunable(tail.given.convs)
    with torch.no_grad():
        for layer in thin.convolutions.values():
            layer.weight.mul_(1.1)
    before, after = whole.forward(batch), thin.forward(batch)
    assert whole.apart(before, before) == pytest.approx(0, abs=1e-6)
    module = tail.module(tail.given.convs).eval()
    with torch.no_grad():
        wanted = tail.answers(module, batch)
        for name, parameter in module.named_parameters():
            if name.endswith("weight"):
                parameter.mul_(1.1)
        ours = tail.answers(module, batch)
    expected = sum(float(it) for it in tail.losses(ours, wanted, 1.0).values())
    assert expected > 1e-4
    assert whole.apart(before, after) == pytest.approx(expected, rel=1e-3)


def detector() -> tuple[Prunable, list[Tensor]]:
    """A detector, and answers of it that see one object: in the first place of the first map."""
    tail = tail_of_kind("ssdlite")
    prunable = tail.prunable(tail.given.convs)
    answers = [torch.zeros_like(it) for it in prunable.forward(torch.randn(1, *SHAPE))]
    for scores in answers[::2]:
        scores[:, ::4] = 9.0  # each anchor's background
    answers[0][:, :4, 0, 0] = torch.tensor([0.0, 9.0, 0.0, 0.0])
    return prunable, answers


@pytest.mark.parametrize("part", [0, 1])
def test_what_a_detector_says_of_nothing_counts_less(part: int) -> None:
    """Also on a map of one place, which has as much of the maps' variance as one of 196."""
    prunable, answers = detector()
    seen, unseen, coarse = ([it.clone() for it in answers] for _ in range(3))
    seen[part][:, 3, 0, 0] += 5.0
    unseen[part][:, 3, 5, 5] += 5.0
    coarse[10 + part][:, 3, 0, 0] += 5.0
    lost, less, least = (prunable.apart(answers, now) for now in (seen, unseen, coarse))
    assert lost > 10 * less
    assert least == pytest.approx(less, rel=1e-3)


def test_where_a_detector_is_sure_of_nothing_losses_are_numbers() -> None:
    """A batch without any object teaches that there is none, and nothing about boxes."""
    tail = tail_of_kind("ssdlite")
    scores = torch.zeros(2, 1014, 4)
    scores[:, :, 0] = 80.0
    wanted = {"scores": scores, "codes": torch.zeros(2, 1014, 4)}
    ours = {"scores": torch.zeros(2, 1014, 4), "codes": torch.ones(2, 1014, 4)}
    parameters = [it.requires_grad_() for it in ours.values()]
    losses = tail.losses(ours, wanted, 1.0)
    torch.stack(list(losses.values())).sum().backward()
    assert losses["classes"].item() == pytest.approx(math.log(4), rel=1e-4)
    assert losses["boxes"].item() == pytest.approx(0, abs=1e-6)
    assert all(it.grad is not None and it.grad.isfinite().all() for it in parameters)


def test_what_is_no_tail_of_ours_is_refused() -> None:
    from trunkline_training.pruning.tails import tail_of
    from trunkline_training.train.models import Given

    convs = tail_of_kind("classifier").given.convs
    foreign = {f"other.{name}": conv for name, conv in convs.items()}
    with pytest.raises(WeightsError, match="is no classifier's and no detector's"):
        tail_of(Given(foreign, "symmetric", ["a"]), SHAPE)
