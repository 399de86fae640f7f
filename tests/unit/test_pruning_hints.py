"""Inner maps that a pruned tail learns."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytestmark = pytest.mark.torch

import numpy as np  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from trunkline_training.nets.classifier import key_of  # noqa: E402
from trunkline_training.nets.layer import Layer  # noqa: E402
from trunkline_training.pruning import hints  # noqa: E402


class Tiny(nn.Module):
    """Two layers that read the same map, between one and a narrower one."""

    def __init__(self, wide: int = 6) -> None:
        super().__init__()
        rng = np.random.default_rng(1)
        sizes = {"0.first": (4, 3), "1.left": (wide, 4), "1.right": (wide, 4), "2.last": (2, wide)}
        layers = {
            key_of(name): Layer(
                rng.normal(size=(*size, 1, 1)), np.zeros(size[0]), normed=False, given=True
            )
            for name, size in sizes.items()
        }
        layers["3"] = Layer(np.ones((2, 1, 1, 1)), np.zeros(2), normed=False, given=True)
        self.layers = nn.ModuleDict(layers)

    def forward(self, x: Tensor) -> Tensor:
        def run(name: str, y: Tensor) -> Tensor:
            made: Tensor = self.layers[key_of(name)](y, (0, 0, 0, 0), 1, 1)
            return made

        x = run("0.first", x)
        return run("3", run("2.last", run("1.left", x) + run("1.right", x)))


def test_maps_of_one_width_are_shared() -> None:
    """A layer with one input for each filter, "3", is depth-wise: what it reads is not known."""
    assert hints.shared(Tiny(), Tiny()) == ["0.first", "1.left", "1.right", "2.last"]
    assert hints.shared(Tiny(wide=5), Tiny()) == ["0.first", "1.left", "1.right"]


def test_each_map_is_read_once_and_only_meanwhile() -> None:
    module, x = Tiny(), torch.rand(2, 3, 4, 4)
    with hints.read(module, hints.shared(module, module)) as found:
        module(x)
    assert list(found) == ["1.left", "2.last"]  # the first reads what the module does
    seen = dict(found)
    module(torch.zeros(1, 3, 4, 4))
    assert all(found[name] is it for name, it in seen.items())


def test_the_share_that_differs() -> None:
    wanted = {"a": torch.randn(8, 3, 4, 4), "b": 100 * torch.randn(8, 3, 4, 4)}
    assert hints.apart(wanted, wanted) == 0
    mean = {name: it.mean(dim=(0, 2, 3), keepdim=True).expand_as(it) for name, it in wanted.items()}
    assert float(hints.apart(mean, wanted)) == pytest.approx(1, rel=1e-3)
    assert float(hints.apart({**wanted, "a": mean["a"]}, wanted)) == pytest.approx(0.5, rel=1e-3)
    assert torch.isfinite(hints.apart({"a": torch.ones(1, 2, 3, 3)}, {"a": torch.ones(1, 2, 3, 3)}))
