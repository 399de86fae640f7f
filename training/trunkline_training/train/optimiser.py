"""Optimiser, learning rate and averaged weights of a run."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer
from torch.optim.lr_scheduler import LambdaLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from trunkline_training.train.config import Training

SECOND_BETA = 0.999
Tensors = tuple[Tensor, ...] | list[Tensor]


def optimiser(config: Training, module: nn.Module) -> Optimizer:
    """Weight decay concerns the kernels alone: not biases, nor batch norms."""
    parameters = [item for item in module.parameters() if item.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.optimizer == "adamw":
        return AdamW(groups, lr=config.lr, betas=(config.momentum, SECOND_BETA))
    return SGD(groups, lr=config.lr, momentum=config.momentum)


def scheduler(config: Training, optimizer: Optimizer, total: int) -> LambdaLR:
    """The learning rate by step, as a share of `config.lr`."""
    return LambdaLR(optimizer, lambda step: share(config, step, total))


def share(config: Training, step: int, total: int) -> float:
    """The learning rate's share of its height at `step` of `total`: a rise, then the schedule."""
    rise = min(1.0, (step + 1) / config.warmup) if config.warmup else 1.0
    done = min(1.0, step / total) if total else 1.0
    if config.schedule == "cosine":
        return rise * 0.5 * (1 + math.cos(math.pi * done))
    if config.schedule == "steps":
        return rise * 0.1 ** sum(done >= milestone for milestone in config.milestones)
    return rise


def averaged(config: Training, module: nn.Module) -> AveragedModel | None:
    """A copy that follows the module's weights; None where none is wanted.

    The decay begins lower, so that a run of a few steps does not end near its start (as
    TensorFlow's ExponentialMovingAverage with `num_updates`).
    """
    if not config.ema:
        return None

    def follow(ours: Tensors, theirs: Tensors, count: Tensor | int) -> None:
        decay = min(config.ema, (1 + int(count)) / (10 + int(count)))
        get_ema_multi_avg_fn(decay)(ours, theirs, count)  # type: ignore[no-untyped-call]

    return AveragedModel(module, multi_avg_fn=follow, use_buffers=True)


def clip(config: Training, module: nn.Module) -> float:
    """The gradient's norm, which is cut down to `config.clip` where that is set."""
    most = config.clip or math.inf
    return float(torch.nn.utils.clip_grad_norm_(module.parameters(), most))
