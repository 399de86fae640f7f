"""What a training computes in: float32, or bfloat16 where that is enough."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from trunkline_training.train.config import F32


@contextmanager
def computing(module: nn.Module, precision: str) -> Iterator[None]:
    """Run `module` in a precision meanwhile; weights, answers and so the losses are float32.

    bfloat16 is PyTorch's autocast: convolutions and products multiply in it and sum in float32.
    """
    if precision == F32:
        yield
        return
    with module.register_forward_hook(_widened), torch.autocast("cpu", torch.bfloat16):
        yield


def _widened(_module: nn.Module, _given: tuple[Any, ...], found: Any) -> Any:  # noqa: ANN401
    if isinstance(found, Tensor):
        return found.float()
    return tuple(each.float() for each in found)
