"""Engines: what executes a network. A new engine is one file here and one line in ENGINES."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from trunkline.engines.abc import PRECISIONS, Network
from trunkline.errors import EngineError, MissingExtraError, UnknownNameError

ENGINES = {
    "onnxruntime": "trunkline.engines.onnxruntime:OnnxRuntimeNetwork",
    "openvino": "trunkline.engines.openvino:OpenVinoNetwork",
    "torch": "trunkline.engines.torch:TorchNetwork",
}
DEFAULT_ENGINE = "onnxruntime"
_EXTRAS = {"onnxruntime": "edge", "openvino": "openvino", "torch": "build"}

__all__ = ["DEFAULT_ENGINE", "ENGINES", "PRECISIONS", "Network", "load"]


def load(
    name: str, path: Path, *, precision: str = "f32", threads: int = 0, device: str = "cpu"
) -> Network:
    """The ONNX file at `path` on the engine `name`.

    `precision` is what the engine computes in, `threads` how many it may use (0: all cores),
    `device` concerns torch only. Raises UnknownNameError, MissingExtraError, EngineError.
    """
    if name not in ENGINES:
        raise UnknownNameError("engine", name, list(ENGINES))
    if precision not in PRECISIONS:
        raise UnknownNameError("precision", precision, list(PRECISIONS))
    if threads < 0:
        raise EngineError(f"threads is {threads}: expected 0 (all cores) or more")
    if device != "cpu" and name != "torch":
        raise EngineError(f"engine {name} runs on the CPU only, not on {device!r}: use torch")
    if find_spec(name) is None:
        raise MissingExtraError(f"engine {name}", _EXTRAS[name])
    module, kind = ENGINES[name].split(":")
    network: type[Network] = getattr(import_module(module), kind)
    return network(path, precision, threads, device)
