"""`onnxruntime`: the default engine on CPUs."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trunkline.engines.abc import Network
from trunkline.errors import EngineError
from trunkline.text import LONGEST_LINE, one_line

# from 1.31 on it reports its use to its makers, from Linux too, unless it finds this when it is
# loaded: a library has no business doing so
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime


class OnnxRuntimeNetwork(Network):
    """An ONNX Runtime session on the CPU."""

    engine = "onnxruntime"

    def _open(self, path: Path, threads: int) -> None:
        if self.precision != "f32":
            raise EngineError(
                f"onnxruntime computes in f32 here, not in {self.precision}: use engine openvino"
            )
        options = onnxruntime.SessionOptions()
        # left to itself it binds each thread to a core, the same ones in every process of a machine
        options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
        # edge and tasks share cores: a thread without work must not wait for it in a loop
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions share no public base class
            reason = one_line(str(error), LONGEST_LINE)
            raise EngineError(f"onnxruntime cannot load {path.name}: {reason}") from error
        self._input = self._session.get_inputs()[0].name

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Every output, in the graph's order."""
        outputs = self._session.run(None, {self._input: batch})
        return [np.asarray(output, np.float32) for output in outputs]
