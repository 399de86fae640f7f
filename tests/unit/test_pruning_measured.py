"""How many filters each group keeps, by what the answers lose where it alone is thinned."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytestmark = pytest.mark.torch

from torch import nn  # noqa: E402

from tests.prune_kit import pictures, small  # noqa: E402
from trunkline_training.pruning import (  # noqa: E402
    apart,
    choice,
    compensation,
    criteria,
    importance,
    measured,
    structure,
)
from trunkline_training.pruning.cost import Costs  # noqa: E402
from trunkline_training.pruning.prunable import Prunable  # noqa: E402
from trunkline_training.pruning.wanted import MEASURED, Wanted  # noqa: E402

BATCHES = [pictures(8, seed) for seed in range(4)]
HALF = Wanted(macs=0.5, spread=MEASURED)


def losses(
    prunable: Prunable, wanted: Wanted = HALF, compensate: bool = True
) -> tuple[measured.Losses, Mapping[str, np.ndarray]]:
    """What is measured, and the scores by which filters go."""
    found = structure.groups(prunable)
    scores = importance.importance(prunable, found, criteria.get("l1", 1), [])
    return measured.losses(prunable, found, scores, wanted, BATCHES, compensate), scores


@pytest.mark.parametrize("compensate", [True, False])
def test_what_is_measured_is_what_a_removal_loses(compensate: bool) -> None:
    prunable = small()
    before = copy.deepcopy(prunable.module.state_dict())
    found, scores = losses(prunable, compensate=compensate)
    after = prunable.module.state_dict()
    assert all(torch.equal(after[name], it) for name, it in before.items())
    for root, by_width in found.items():
        whole = max(by_width)
        assert by_width[whole] == 0
        width = sorted(by_width)[len(by_width) // 2]
        thin = small()
        groups = structure.groups(thin)
        answers = measured.answers(thin, BATCHES[1::2])
        gone = choice.lowest(scores, {root: width})
        if compensate:
            compensation.compensate(thin, groups, gone, BATCHES[::2])
        structure.remove(thin, gone)
        lost = apart.variance(answers, measured.answers(thin, BATCHES[1::2]))
        assert by_width[width] == pytest.approx(lost, rel=1e-3, abs=1e-6)


def test_a_group_of_copies_is_thinned_and_one_that_counts_is_not() -> None:
    prunable = small()
    layers = dict(prunable.module.named_modules())
    with torch.no_grad():
        for name in ("expand", "depthwise"):
            for tensor in layers[name].parameters():
                tensor[8:] = tensor[:8]
    found, _ = losses(prunable)
    roots = {name: group.root for group in structure.groups(prunable) for name in group.makers}
    expand = roots["expand"]
    assert found[expand][8] < 1e-3 < min(it for it in found[roots["last"]].values() if it)
    costs = Costs(prunable, structure.groups(prunable))
    kept = measured.widths(found, costs, Wanted(macs=0.05))
    assert kept.pop(expand) < 16
    assert all(width == max(found[root]) for root, width in kept.items())


@given(st.floats(0.05, 0.65), st.booleans(), st.integers(1, 5))
def test_enough_goes_and_not_more_of_the_last_group(
    share: float, macs: bool, multiple: int
) -> None:
    prunable = small()
    wanted = Wanted(*((share, 0.0) if macs else (0.0, share)), MEASURED, multiple=multiple)
    groups = structure.groups(prunable)
    costs = Costs(prunable, groups)
    choice.require(groups, costs, wanted)
    kept = measured.widths(losses(prunable, wanted)[0], costs, wanted)
    assert choice.missing(wanted, costs.total(), costs.total(kept)) <= 0
    assert all(kept[it.root] == it.width or kept[it.root] % multiple == 0 for it in groups)
    wider = [
        {**kept, group.root: min(kept[group.root] + multiple, group.width)}
        for group in groups
        if kept[group.root] < group.width
    ]
    short = [choice.missing(wanted, costs.total(), costs.total(more)) > 0 for more in wider]
    assert any(short)


def test_the_cheapest_steps_are_taken() -> None:
    prunable = small()
    groups = structure.groups(prunable)
    costs = Costs(prunable, groups)
    last = next(group.root for group in groups if "last" in group.makers)
    # all but one group lose everything at the first step
    table = {
        group.root: {group.width: 0.0, group.width // 2: 0.001 if group.root == last else 1.0}
        for group in groups
    }
    kept = measured.widths(table, costs, Wanted(macs=0.1))
    assert [root for root, width in kept.items() if width < max(table[root])] == [last]


def test_a_flattened_map_is_unheard_by_channel() -> None:
    """A linear layer behind it reads several values of each channel."""
    torch.manual_seed(2)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))
    found, scores = losses(Prunable(module, pictures(1)), compensate=False)
    thin = copy.deepcopy(module)
    (root,) = found
    first = cast(nn.Conv2d, thin[0])
    (gone,) = choice.lowest(scores, {root: 2}).values()
    with torch.no_grad():
        for tensor in first.parameters():
            tensor[gone] = 0
    seen = torch.cat(BATCHES[1::2])
    with torch.no_grad():
        lost = apart.variance([module(seen)], [thin(seen)])
    assert found[root][2] == pytest.approx(lost, rel=1e-4)


def test_several_answers_have_the_same_say() -> None:
    large, little = 1000 * pictures(4), pictures(4, 1)
    assert apart.variance([large, little], [large, little]) == 0
    mean = little.mean(dim=0).expand_as(little)
    assert apart.variance([large, little], [large, mean]) == pytest.approx(0.5)
