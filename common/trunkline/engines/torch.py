"""`torch`: the reference engine, and the one for CUDA."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx2torch
import torch
from numpy.typing import NDArray

from trunkline.engines.abc import Network
from trunkline.errors import EngineError
from trunkline.weights.widen import widened


class TorchNetwork(Network):
    """The ONNX graph as a torch module, in evaluation mode."""

    engine = "torch"

    def _open(self, path: Path, threads: int) -> None:
        if threads:
            torch.set_num_threads(threads)
        try:
            module = onnx2torch.convert(widened(onnx.load(path)))
            self._module = module.to(self.device).eval()
        except (NotImplementedError, RuntimeError, ValueError, OSError) as error:
            raise EngineError(f"torch cannot load {path.name} on {self.device}: {error}") from error

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Every output; bf16 is torch's autocast, which keeps sums in float32."""
        tensor = torch.from_numpy(np.ascontiguousarray(batch)).to(self.device)
        reduced = self.precision == "bf16"
        with torch.inference_mode(), torch.autocast(self.device, torch.bfloat16, enabled=reduced):
            outputs = self._module(tensor)
        several = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return [output.float().cpu().numpy() for output in several]
