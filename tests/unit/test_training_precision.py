"""bfloat16 is in between alone: weights, answers and gradients are float32."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

VALUE = 1 + 2**-10
"""bfloat16 has 8 bits of it: 1."""


class Two(torch.nn.Module):  # type: ignore[misc, name-defined]
    """A product, alone and in a pair; notes what it was in."""

    def __init__(self, paired: bool) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(1, 1, bias=False)
        self.paired = paired
        self.seen: list[Any] = []
        torch.nn.init.constant_(self.layer.weight, VALUE)

    def forward(self, x: Any) -> Any:
        found = self.layer(x)
        self.seen.append(found.dtype)
        return (found, found) if self.paired else found


@pytest.mark.parametrize("paired", [False, True])
def test_a_module_computes_in_bfloat16_and_answers_in_float32(paired: bool) -> None:
    from trunkline_training.train.precision import computing

    module, one = Two(paired), torch.ones(1, 1)
    with computing(module, "bf16"):
        answers = module(one)
    for answer in answers if paired else (answers,):
        assert answer.dtype == torch.float32
        assert answer.item() == 1
    (answers[0] if paired else answers).sum().backward()
    assert module.layer.weight.grad.dtype == torch.float32
    assert module.layer.weight.dtype == torch.float32
    module(one)  # afterwards nothing is left of it
    assert module.seen == [torch.bfloat16, torch.float32]


def test_float32_changes_nothing() -> None:
    from trunkline_training.train.precision import computing

    module = Two(False)
    with computing(module, "f32"):
        assert module(torch.ones(1, 1)).item() == pytest.approx(VALUE, abs=1e-7)
    assert module.seen == [torch.float32]


def dirty() -> None:
    """Leave memory behind in which whoever forgets to write finds no numbers."""
    for power in range(6, 20):
        several = [torch.full((size,), torch.nan) for size in (1 << power, 3 << power >> 2)] * 4
        del several


@pytest.mark.parametrize(("groups", "width"), [(48, 48), (1, 24)])
def test_a_map_of_one_place_gives_a_gradient(groups: int, width: int) -> None:
    """SSD's last maps are that small, and strided."""
    from trunkline_training.nets.layer import Layer

    torch.manual_seed(3)
    rng = np.random.default_rng(3)
    weight = rng.normal(size=(width, width // groups, 3, 3))
    given = torch.randn(30, width, 1, 1).to(memory_format=torch.channels_last)
    gradients = []
    for kind in ("f32", "bf16"):
        layer = Layer(weight, np.zeros(width), normed=False, given=True)
        layer.to(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16, enabled=kind == "bf16"):
            made = layer(given, (1, 1, 1, 1), 2, 1)
        dirty()
        made.float().square().sum().backward()
        assert layer.weight.grad is not None
        gradients.append(layer.weight.grad)
    assert torch.allclose(*gradients, rtol=0.05, atol=0.05 * float(gradients[0].abs().max()))
