"""Modules of anybody's: which of their layers may lose channels."""

from __future__ import annotations

import pytest

from trunkline.errors import TrunklineError

torch = pytest.importorskip("torch")
pytest.importorskip("torch_pruning")
pytestmark = pytest.mark.torch

from torch import Tensor, nn  # noqa: E402

from tests.prune_kit import pictures  # noqa: E402
from trunkline_training.pruning import structure  # noqa: E402
from trunkline_training.pruning.prunable import Prunable  # noqa: E402


def test_answers_keep_their_filters() -> None:
    """Also where a convolution gives them: nobody inside reads these."""
    module = nn.Sequential(nn.Conv2d(3, 8, 1), nn.ReLU(), nn.Conv2d(8, 5, 1), nn.Flatten(2))
    assert [group.makers for group in structure.groups(Prunable(module, pictures(1)))] == [("0",)]


@pytest.mark.parametrize(
    "layer",
    [
        nn.GroupNorm(2, 8),
        nn.PReLU(8),
        nn.ConvTranspose2d(8, 8, 1),
        nn.Conv2d(8, 8, 1, groups=2),
        nn.Conv2d(8, 16, 1, groups=8),
    ],
    ids=["norm", "prelu", "transposed", "grouped", "multiplied"],
)
def test_layers_that_are_not_known_are_named(layer: nn.Module) -> None:
    wide = layer.out_channels if isinstance(layer, nn.Conv2d) else 8
    module = nn.Sequential(nn.Conv2d(3, 8, 1), layer, nn.Conv2d(wide, 5, 1))
    with pytest.raises(TrunklineError, match=f"1, a {type(layer).__name__}, cannot lose channels"):
        structure.groups(Prunable(module, pictures(1)))


def test_joined_channels_are_refused() -> None:
    class Joined(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)
            self.both = nn.Conv2d(8, 5, 1)

        def forward(self, x: Tensor) -> Tensor:
            answers: Tensor = self.both(torch.cat([self.one(x), self.two(x)], dim=1))
            return answers

    with pytest.raises(TrunklineError, match="both reads several layers' channels joined"):
        structure.groups(Prunable(Joined(), pictures(1)))
