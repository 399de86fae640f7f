"""What a way is: one thing to send in place of a picture, and what arrives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trunkline.trunks import Trunk
from trunkline.trunks.trunk import squash
from trunkline.types import Tensor
from trunkline_benchmarks import pictures
from trunkline_benchmarks.sweep.settings import Setting

Pixels = NDArray[np.uint8]


@dataclass
class Source:
    """One picture at the edge: its file, and its feature tensor (C, H, W) as the trunk made it."""

    path: Path
    tensor: Tensor
    trunk: Trunk
    answer_bytes: int = 0
    """Bytes of the task's answer for `tensor`."""

    @cached_property
    def pixels(self) -> Pixels:
        """The picture as the trunk takes it: squashed to (224, 224, 3) RGB."""
        return squash(self.trunk.spec.preprocess, pictures.read(self.path))


@dataclass(frozen=True)
class Arrival:
    """What was sent, in bytes, and the feature tensor that the tail gets.

    `wire_bytes` is None where no frame is sent. Milliseconds are of coding and decoding alone.
    """

    payload_bytes: int
    tensor: Tensor
    wire_bytes: int | None = None
    encode_ms: float = 0.0
    decode_ms: float = 0.0


class Way(ABC):
    """One way of sending; made once for a setting, which it checks."""

    needs_tail: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, setting: Setting) -> None:
        """Raises ParameterError or MissingExtraError for a setting that cannot be had."""

    @abstractmethod
    def send(self, source: Source) -> Arrival:
        """Send one picture."""
