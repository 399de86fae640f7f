"""The features that a training sees: a share of them as tasks receive them, behind BPG."""

from __future__ import annotations

import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from trunkline import codecs, pipeline
from trunkline.trunks import Trunk
from trunkline.types import Tensor
from trunkline_training.train.config import F32, Training
from trunkline_training.train.models import Pixels, features, trunk_of

EFFORT = 1
"""x265's tools that are left out at this effort cost bytes, and change little in the noise."""


class Received:
    """Pixels to features of `trunk`, in the precision `config.features`.

    `config.coded` of them are coded and decoded at one of `config.coded_qp`.

    Which ones, and at which qp, depends on the features and the seed alone.
    Raises MissingExtraError where features are to be coded and BPG's library is missing, and
    where the precision's engine is; EngineError where the CPU has not that precision.
    """

    def __init__(self, config: Training, trunk: Trunk) -> None:
        self.trunk = trunk if config.features == F32 else trunk_of(config, config.features)
        self._config = config
        self._codecs = (
            [codecs.get("bpg", qp=qp, effort=EFFORT) for qp in config.coded_qp]
            if config.coded
            else []
        )

    @property
    def made_by(self) -> str:
        """All that the features of given pixels depend on."""
        config, made = self._config, self.trunk.spec.digest
        if config.features != F32:
            made += f" {config.features}"
        if not self._codecs:
            return made
        return f"{made} {config.coded} {config.coded_qp} {EFFORT} {config.seed}"

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        """Pixels (N, 3, 224, 224) of 0..255 to feature tensors (N, C, H, W)."""
        tensors = features(self.trunk, pixels)
        if not self._codecs:
            return tensors
        with ThreadPoolExecutor(self._config.threads) as pool:
            return np.stack(list(pool.map(self._sent, tensors)))

    def _sent(self, tensor: Tensor) -> Tensor:
        rng = np.random.default_rng([self._config.seed, zlib.crc32(tensor.tobytes())])
        if rng.random() >= self._config.coded:
            return tensor
        codec = self._codecs[rng.integers(len(self._codecs))]
        return pipeline.unpack(pipeline.pack(tensor, self.trunk.spec, codec))
