"""A small network with what a group of filters may hold: norms, a shortcut, depth-wise filters."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from trunkline_training.pruning.prunable import Prunable


class Small(nn.Module):
    """(N, 3, 8, 8) to logits (N, classes)."""

    def __init__(self, classes: int = 5, seed: int = 3) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.stem = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.expand = nn.Conv2d(8, 16, 1)
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.project = nn.Conv2d(16, 8, 1)
        self.last = nn.Conv2d(8, 12, 3)
        self.linear = nn.Linear(12, classes)
        self.act = nn.ReLU()
        with torch.no_grad():  # as if it had been trained
            for tensor in self.norm.state_dict().values():
                if tensor.ndim:
                    tensor.copy_(torch.rand(8) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.norm(self.stem(x)))
        wide = self.act(self.depthwise(self.act(self.expand(x))))
        x = self.act(self.last(x + self.project(wide)))
        answers: Tensor = self.linear(x.mean(dim=(2, 3)))
        return answers


def small(seed: int = 3) -> Prunable:
    """The network and a batch that it reads."""
    torch.manual_seed(seed + 100)
    return Prunable(Small(seed=seed).eval(), torch.randn(2, 3, 8, 8))


def pictures(count: int, seed: int = 9) -> Tensor:
    """A batch (N, 3, 8, 8)."""
    return torch.randn(count, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
