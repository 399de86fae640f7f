"""Groups of filters, their cost, their choice; what removal and replacement do to the function."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.errors import ParameterError, TrunklineError, UnknownNameError

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytestmark = pytest.mark.torch

from torch import Tensor, nn  # noqa: E402

from tests.prune_kit import Small, pictures, small  # noqa: E402
from trunkline_training.pruning import (  # noqa: E402
    choice,
    compensation,
    criteria,
    importance,
    maps,
    replacement,
    structure,
)
from trunkline_training.pruning.cost import Costs  # noqa: E402
from trunkline_training.pruning.prunable import Prunable  # noqa: E402
from trunkline_training.pruning.wanted import GLOBAL, INNER, Wanted  # noqa: E402


def by_root(prunable: Prunable) -> dict[str, structure.Group]:
    return {name: group for group in structure.groups(prunable) for name in group.makers}


def outputs(prunable: Prunable, count: int = 4) -> Tensor:
    with torch.no_grad():
        answers: Tensor = prunable.module.eval()(pictures(count))
    return answers


def zero(prunable: Prunable, group: structure.Group, indices: list[int]) -> None:
    layers = dict(prunable.module.named_modules())
    with torch.no_grad():
        for name in (*group.layers, *group.norms):
            for tensor in layers[name].parameters(recurse=False):
                tensor[indices] = 0


def test_what_goes_together() -> None:
    """The shortcut ties stem and project; the depth-wise filters go with what they read."""
    found = by_root(small())
    assert set(found) == {"stem", "project", "expand", "last"}
    assert found["stem"] == found["project"]
    assert (found["stem"].width, found["stem"].norms) == (8, ("norm",))
    assert set(found["stem"].readers) == {"expand", "last"}
    assert found["expand"].grouped == ("depthwise",)
    assert found["last"].readers == ("linear",)


def test_fixed_layers_keep_their_filters() -> None:
    whole = small()
    found = by_root(Prunable(whole.module, whole.example, frozenset({"project"})))
    assert set(found) == {"expand", "last"}


@given(
    st.sampled_from(["stem", "expand", "last"]),
    st.lists(st.integers(0, 7), min_size=1, max_size=5, unique=True),
    st.integers(0, 50),
)
def test_zero_filters_are_removed_without_a_change(root: str, gone: list[int], seed: int) -> None:
    prunable = small(seed)
    group = by_root(prunable)[root]
    zero(prunable, group, gone)
    before = outputs(prunable)
    structure.remove(prunable, {group.root: np.array(gone)})
    assert by_root(prunable)[root].width == group.width - len(gone)
    torch.testing.assert_close(outputs(prunable), before, rtol=1e-4, atol=1e-5)


def test_a_filter_that_says_something_is_missed() -> None:
    prunable = small()
    before = outputs(prunable)
    structure.remove(prunable, {by_root(prunable)["last"].root: np.arange(4)})
    assert (outputs(prunable) - before).abs().max() > 1e-3


def test_a_group_never_goes_as_a_whole() -> None:
    prunable = small()
    with pytest.raises(TrunklineError, match="would lose all of its filters"):
        structure.remove(prunable, {"last": np.arange(12)})


def test_what_cannot_be_traced_is_one_line() -> None:
    class Bad(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise RuntimeError("no such\nshape")

    with pytest.raises(TrunklineError, match="cannot be traced") as caught:
        structure.groups(Prunable(Bad(), torch.zeros(1, 3, 8, 8)))
    assert "\n" not in str(caught.value)


def test_a_module_without_filters_is_refused() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(192, 2))
    with pytest.raises(TrunklineError, match="no filter may be removed"):
        structure.groups(Prunable(module, torch.zeros(1, 3, 8, 8)))


def test_the_cost_is_counted() -> None:
    prunable = small()
    total = Costs(prunable, structure.groups(prunable)).total()
    # 64 places behind all but the last convolution, which has 36
    macs = 64 * (8 * 27 + 16 * 8 + 16 * 9 + 8 * 16) + 36 * 12 * 72 + 12 * 5
    assert total.macs == macs
    norms = sum(item.numel() for item in prunable.module.get_submodule("norm").parameters())
    everything = sum(item.numel() for item in prunable.module.parameters())
    assert total.parameters == everything - norms


@given(st.floats(0.05, 0.8), st.sampled_from(["uniform", "global"]), st.booleans())
def test_what_is_chosen_is_enough_and_as_foreseen(share: float, spread: str, macs: bool) -> None:
    prunable = small()
    found = structure.groups(prunable)
    scores = importance.importance(prunable, found, criteria.get("l1", 1), [])
    costs = Costs(prunable, found)
    wanted = Wanted(*((share, 0.0) if macs else (0.0, share)), spread=spread)
    gone = choice.choose(found, scores, costs, wanted)
    left = {root: len(scores[root]) - len(indices) for root, indices in gone.items()}
    structure.remove(prunable, gone)
    real = Costs(prunable, structure.groups(prunable)).total()
    assert real == costs.total(left)
    before = costs.total()
    removed = 1 - (real.macs / before.macs if macs else real.parameters / before.parameters)
    assert removed >= share - 1e-9
    # one filter more of every group would be too many
    more = costs.total({root: count + 1 for root, count in left.items()})
    assert 1 - (more.macs / before.macs if macs else more.parameters / before.parameters) < share


def test_the_lowest_scores_go() -> None:
    scores = {"a": np.array([3.0, 1.0, 2.0, 0.0]), "b": np.array([5.0, 5.0])}
    gone = choice.lowest(scores, {"a": 2, "b": 1})
    assert gone["a"].tolist() == [1, 3]
    assert gone["b"].tolist() == [0]  # of equal ones the first


def test_inner_groups_multiples_and_a_least_width() -> None:
    prunable = small()
    found = structure.groups(prunable)
    scores = importance.importance(prunable, found, criteria.get("random", 1), [])
    costs = Costs(prunable, found)
    gone = choice.choose(found, scores, costs, Wanted(macs=0.1, scope=INNER, multiple=4))
    assert {len(indices) % 4 for indices in gone.values()} == {0}
    assert by_root(prunable)["stem"].root not in gone
    with pytest.raises(ParameterError, match=r"at most .*% can be removed here: expected at least"):
        choice.choose(found, scores, costs, Wanted(macs=0.5, least=0.9))
    assert choice.width(64, 0, Wanted(macs=0.5, least=0, multiple=1)) == 2


def test_global_choice_takes_more_of_a_group_of_low_scores() -> None:
    prunable = small()
    found = structure.groups(prunable)
    scores = {group.root: np.ones(group.width) for group in found}
    expand = by_root(prunable)["expand"].root
    scores[expand] = np.array([1e-3] * 12 + [5.0] * 4)
    wanted = Wanted(macs=0.1, spread=GLOBAL)
    gone = choice.choose(found, scores, Costs(prunable, found), wanted)
    assert len(gone[expand]) > 0
    assert sum(len(it) for root, it in gone.items() if root != expand) == 0


def test_maps_are_those_behind_norm_and_activation() -> None:
    prunable = small()
    found = dict(maps.maps(prunable, [pictures(3)]))
    module = prunable.module
    assert isinstance(module, Small)
    with torch.no_grad():
        stem = module.act(module.norm(module.stem(pictures(3))))
    torch.testing.assert_close(found["stem"], stem)
    assert (found["project"] < 0).any()  # nothing stands behind it but a sum
    assert not module.stem._forward_hooks


def test_the_rank_of_maps_is_the_mean_over_pictures() -> None:
    """A filter of zeros and one that passes a channel of known rank on."""
    one = nn.Conv2d(1, 2, 1, bias=False)
    module = nn.Sequential(one, nn.Conv2d(2, 2, 1))
    with torch.no_grad():
        one.weight.copy_(torch.tensor([0.0, 1.0])[:, None, None, None])
    first, second = torch.eye(6), torch.zeros(6, 6)
    second[2, 3] = 1
    batches = [first[None, None], second[None, None]]
    prunable = Prunable(module, batches[0])
    scores = importance.layer_scores(prunable, criteria.get("hrank", 1), batches)
    assert scores["0"].tolist() == [0, 3.5]


def test_filters_that_say_nothing_have_no_energy() -> None:
    prunable = small()
    found = structure.groups(prunable)
    last, expand = by_root(prunable)["last"], by_root(prunable)["expand"]
    zero(prunable, expand, [2, 5])
    with torch.no_grad():
        weight = next(prunable.module.get_submodule("linear").parameters())
        weight[:, 4] = 0  # nobody reads it
    energy = criteria.get("energy", 1)
    scores = importance.importance(prunable, found, energy, [pictures(8)])
    assert np.flatnonzero(scores[last.root] == 0).tolist() == [4]
    assert set(np.flatnonzero(scores[expand.root] == 0)) >= {2, 5}
    assert all(len(scores[group.root]) == group.width for group in found)


def test_a_flattened_map_is_heard_by_channel() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 2))
    with torch.no_grad():
        next(module[3].parameters())[:, 36:72] = 0
    prunable = Prunable(module, pictures(1))
    (group,) = found = structure.groups(prunable)
    scores = importance.importance(prunable, found, criteria.get("energy", 1), [pictures(8)])
    assert np.flatnonzero(scores[group.root] == 0).tolist() == [1]
    before = outputs(prunable)
    structure.remove(prunable, {group.root: np.array([1])})
    torch.testing.assert_close(outputs(prunable), before)


def test_the_best_are_doubled_or_the_single_best_is() -> None:
    scores = np.array([5.0, 1.0, 4.0, 2.0, 3.0, 0.0])
    replaced, best = replacement.sources(scores, 0.34, "double")
    assert (replaced.tolist(), best.tolist()) == ([5, 1], [0, 2])
    replaced, best = replacement.sources(scores, 0.34, "single")
    assert (replaced.tolist(), best.tolist()) == ([5, 1], [0, 0])
    assert replacement.sources(scores, 0.34, "none")[0].tolist() == []
    replaced, best = replacement.sources(scores, 1.0, "double")  # none that is copied is replaced
    assert not set(replaced) & set(best)
    with pytest.raises(UnknownNameError, match="'triple': expected one of double, none, single"):
        replacement.sources(scores, 0.5, "triple")


@pytest.mark.parametrize("variant", ["double", "single"])
def test_copies_are_copies_and_nothing_else_changes(variant: str) -> None:
    """Of weights, biases and norms; maps of a copy are those of what it copies."""
    prunable, whole = small(), copy.deepcopy(small().module)
    found = structure.groups(prunable)
    scores = importance.importance(prunable, found, criteria.get("l1", 1), [])
    group = by_root(prunable)["stem"]
    replacement.replace(prunable, [group], scores, 0.25, variant)
    replaced, best = replacement.sources(scores[group.root], 0.25, variant)
    seen = dict(maps.maps(prunable, [pictures(2)]))["stem"]
    assert torch.equal(seen[:, replaced], seen[:, best])
    kept = np.setdiff1d(np.arange(8), replaced)
    for name, tensor in prunable.module.state_dict().items():
        before = whole.state_dict()[name]
        if name.split(".")[0] in ("stem", "project", "norm") and tensor.ndim:
            assert torch.equal(tensor[kept], before[kept])
        else:
            assert torch.equal(tensor, before)


def test_a_copy_of_what_is_there_twice_keeps_the_function() -> None:
    prunable = small()
    group = by_root(prunable)["last"]
    with torch.no_grad():
        for tensor in prunable.module.get_submodule("last").parameters():
            tensor[3] = tensor[7]
    before = outputs(prunable)
    scores = {group.root: np.where(np.arange(12) == 3, 0.0, 1.0) + (np.arange(12) == 7)}
    replacement.replace(prunable, [group], scores, 1 / 12, "double")
    assert torch.equal(outputs(prunable), before)


def test_readers_take_over_what_kept_filters_tell() -> None:
    """A filter that is twice another one, plus one, is removed without a loss."""
    one = nn.Conv2d(3, 4, 3, padding=1)
    module = nn.Sequential(one, nn.Conv2d(4, 5, 1))
    with torch.no_grad():
        for tensor, more in zip(one.parameters(), (0, 1), strict=True):
            tensor[2] = 2 * tensor[0] + more
    prunable = Prunable(module, pictures(1))
    before = outputs(prunable)
    plain = copy.deepcopy(prunable)
    found, gone = structure.groups(prunable), {"0": np.array([2])}
    structure.remove(plain, gone)
    compensation.compensate(prunable, found, gone, [pictures(8, seed=1)])
    structure.remove(prunable, gone)
    error = (outputs(prunable) - before).abs().max()
    assert error < 0.02 * (outputs(plain) - before).abs().max()
