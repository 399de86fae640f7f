"""`onnxruntime`: the second serving engine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from trunkline.engines.abc import Network
from trunkline.errors import EngineError


class OnnxRuntimeNetwork(Network):
    """An ONNX Runtime session on the CPU."""

    engine = "onnxruntime"

    def _open(self, path: Path, threads: int) -> None:
        if self.precision != "f32":
            raise EngineError(f"onnxruntime computes in f32 here, not in {self.precision}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions share no public base class
            raise EngineError(f"onnxruntime cannot load {path.name}: {error}") from error
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Every output, in the graph's order."""
        outputs = self._session.run(None, {self._input: batch})
        return [np.asarray(output, np.float32) for output in outputs]
