"""What an engine makes of a network."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

PRECISIONS = ("f32", "bf16")


class Network(ABC):
    """One loaded ONNX graph with one input; `run` may be called from several threads."""

    engine: ClassVar[str]

    def __init__(self, path: Path, precision: str, threads: int, device: str) -> None:
        self.precision = precision
        self.device = device
        self._open(path, threads)

    @abstractmethod
    def _open(self, path: Path, threads: int) -> None:
        """Load the graph. Raises EngineError for a precision or file that cannot be had."""

    @abstractmethod
    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Every output of the graph for one input batch, as float32."""
