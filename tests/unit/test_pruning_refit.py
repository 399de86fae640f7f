"""Layers of a pruned network, fitted again to what the whole one made."""

from __future__ import annotations

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytestmark = pytest.mark.torch

from torch import Tensor, nn  # noqa: E402

from tests.prune_kit import pictures  # noqa: E402
from trunkline_training.pruning import compensation, refit, structure  # noqa: E402
from trunkline_training.pruning.prunable import Prunable  # noqa: E402

PLACES = 40


def outputs(prunable: Prunable) -> Tensor:
    with torch.no_grad():
        answers = prunable.module.eval()(smooth(16, 9))
    return answers if isinstance(answers, Tensor) else answers[0]


def deep() -> Prunable:
    """Three layers with activations between; its borders are padded, its places strided."""
    torch.manual_seed(5)
    layers = [nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, stride=2, padding=1)]
    return Prunable(nn.Sequential(*layers, nn.ReLU(), nn.Conv2d(16, 6, 3)), pictures(1))


def smooth(count: int, seed: int) -> Tensor:
    """Pictures (N, 3, 8, 8) whose neighbours are alike, as those of cameras are."""
    coarse = pictures(count, seed)[:, :, :3, :3]
    return nn.functional.interpolate(coarse, size=(8, 8), mode="bilinear")


def pruned(prunable: Prunable, places: int) -> Prunable:
    """Half of the filters gone, readers compensated, layers fitted again at so many places."""
    found, batches = structure.groups(prunable), [smooth(64, 1), smooth(64, 2)]
    gone = {group.root: np.arange(group.width // 2) for group in found}
    wanted = refit.wanted(prunable, found, gone, batches, places, 1) if places else {}
    compensation.compensate(prunable, found, gone, batches)
    structure.remove(prunable, gone)
    refit.refit(prunable, wanted, batches)
    return prunable


def test_what_a_layer_reads_times_its_weights_is_what_it_makes() -> None:
    for stride, padding, dilation in ((1, 0, 1), (2, 1, 1), (1, (1, 2), 1), (2, 3, 2)):
        layer = nn.Conv2d(3, 5, 3, stride=stride, padding=padding, dilation=dilation)
        x = pictures(2)
        with torch.no_grad():
            y = layer(x)
            size = y.shape[2] * y.shape[3]
            at = torch.arange(size)[None].expand(2, -1)
            rows = refit._patches(layer, x, at, y.shape[3])
            found = nn.functional.linear(rows, layer.weight.flatten(1), layer.bias)
        torch.testing.assert_close(found, refit._rows(y, at), rtol=1e-4, atol=1e-5)


def test_what_was_lost_is_made_good() -> None:
    """Beside readers that are compensated alone, on pictures that nothing was fitted to."""
    whole = outputs(deep())
    lost, left = (
        float((outputs(pruned(deep(), places)) - whole).square().mean() / whole.var())
        for places in (0, PLACES)
    )
    assert left < 0.8 * lost


def test_a_filter_that_others_tell_is_not_missed() -> None:
    one = nn.Conv2d(3, 4, 3, padding=1)
    with torch.no_grad():
        for tensor, more in zip(one.parameters(), (0, 1), strict=True):
            tensor[2] = 2 * tensor[0] + more
    prunable = Prunable(nn.Sequential(one, nn.Conv2d(4, 5, 1)), pictures(1))
    before, plain = outputs(prunable), copy.deepcopy(prunable)
    found, gone = structure.groups(prunable), {"0": np.array([2])}
    structure.remove(plain, gone)
    wanted = refit.wanted(prunable, found, gone, [pictures(8, seed=1)], PLACES, 1)
    assert [rows.shape for ((_, rows),) in wanted.values()] == [(8 * PLACES, 3), (8 * PLACES, 5)]
    structure.remove(prunable, gone)
    refit.refit(prunable, wanted, [pictures(8, seed=1)])
    error = (outputs(prunable) - before).abs().max()
    assert error < 0.1 * (outputs(plain) - before).abs().max()


def test_what_no_picture_tells_of_stays() -> None:
    """Filters that are always silent, and maps of one place, which is asked for once."""
    silent = nn.Conv2d(3, 4, 8)
    with torch.no_grad():
        for tensor, value in zip(silent.parameters(), (0, -1), strict=True):
            tensor.fill_(value)
    last = nn.Conv2d(4, 5, 1)
    prunable = Prunable(nn.Sequential(silent, nn.ReLU(), last), pictures(1))
    before = copy.deepcopy(last.weight)
    batches = [pictures(2, seed=1)]
    wanted = refit.wanted(prunable, structure.groups(prunable), {}, batches, PLACES, 1)
    assert [at.shape for ((at, _),) in wanted.values()] == [(2, 1), (2, 1)]
    refit.refit(prunable, wanted, batches)
    assert torch.equal(last.weight, before)


def test_borders_that_a_description_pads_itself() -> None:
    """TensorFlow pads strided layers below and to the right alone."""
    from trunkline.weights.conv import Conv
    from trunkline_training.pruning.described import Convolutions, Described, Plain

    rng = np.random.default_rng(4)

    def conv(out: int, channels: int) -> Conv:
        weight = rng.normal(0, 0.3, (out, channels, 3, 3)).astype(np.float16)
        return Conv(weight, np.zeros(out, np.float16))

    def describe(graph: Plain, x: Tensor, layers: Convolutions) -> list[Tensor]:
        for name, stride in (("a", 2), ("b", 2)):
            x = graph.conv(
                name, x, layers[name], padding="tf-same", activation="relu", stride=stride
            )
        return [x]

    prunable = Prunable(Described(describe, {"a": conv(8, 3), "b": conv(4, 8)}), pictures(1))
    found, batches = structure.groups(prunable), [smooth(64, 1)]
    whole = outputs(prunable)
    gone = {group.root: np.arange(2) for group in found}
    wanted = refit.wanted(prunable, found, gone, batches, PLACES, 1)
    structure.remove(prunable, gone)
    lost = float((outputs(prunable) - whole).square().mean())
    refit.refit(prunable, wanted, batches)
    left = float((outputs(prunable) - whole).square().mean())
    assert left < 0.8 * lost


def test_depth_wise_layers_stay_and_a_whole_network_does() -> None:
    layers = [nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 5, 1)]
    prunable = Prunable(nn.Sequential(*layers), pictures(1))
    before = copy.deepcopy(prunable.module.state_dict())
    batches = [pictures(8, seed=1)]
    wanted = refit.wanted(prunable, structure.groups(prunable), {}, batches, PLACES, 1)
    assert list(wanted) == ["0", "3"]
    refit.refit(prunable, wanted, batches)
    for name, tensor in prunable.module.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=1e-3, atol=1e-3)
