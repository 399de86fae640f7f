"""`openvino`: the engine that knows bf16."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trunkline.engines.abc import Network
from trunkline.errors import EngineError
from trunkline.text import LONGEST_LINE, one_line

# `import openvino` reports its use over the network, from a forked process, unless it finds this
# module missing: a library has no business doing either
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino  # noqa: E402

CORE = openvino.Core()
"""One for the process, never let go. The CPU plugin gives the thread that first compiles another
stack for its signals and frees that with the last network, in whichever thread this happens: the
first thread's next signal, such as SIGTERM, would then end the process with SIGSEGV."""
# the binding makes a table of types when it first needs one, under a lock that it holds while it
# waits for Python's: two threads whose first calls came at once would wait for each other for ever
openvino.Type.f32.to_dtype()


class OpenVinoNetwork(Network):
    """An OpenVINO compiled model; each calling thread has an inference request of its own."""

    engine = "openvino"

    def _open(self, path: Path, threads: int) -> None:
        # OpenVINO would choose bf16 by itself where the CPU has it, and f32 where it has not:
        # both are said here, so that neither is a surprise
        if self.precision == "bf16":
            _require_bf16()
        config = {
            "INFERENCE_PRECISION_HINT": self.precision,
            "PERFORMANCE_HINT": "LATENCY",
            # every process would pin its threads to the first cores: edge, tasks and workers on
            # one machine would all wait for the same one
            "ENABLE_CPU_PINNING": "NO",
        }
        if threads:
            config["INFERENCE_NUM_THREADS"] = str(threads)
        try:
            self._compiled = CORE.compile_model(path, "CPU", config)
        except RuntimeError as error:
            raise EngineError(f"openvino cannot load {path.name}: {_last_line(error)}") from error
        self._local = threading.local()

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Every output, copied out of the request that the next call writes over."""
        request = getattr(self._local, "request", None)
        if request is None:
            request = self._local.request = self._compiled.create_infer_request()
        outputs = request.infer([np.ascontiguousarray(batch)], share_inputs=True)
        return [np.array(outputs[index], np.float32) for index in range(len(outputs))]


def _require_bf16() -> None:
    """Refuse bf16 where it would silently be computed as something else."""
    if "BF16" not in CORE.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise EngineError("this CPU has no bf16: use precision f32")


def _last_line(error: Exception) -> str:
    """An OpenVINO message ends in the line that says what happened; other ones give numbers."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = [line for line in lines if any(letter.isalpha() for letter in line)]
    return one_line(said[-1], LONGEST_LINE) if said else type(error).__name__
