"""The plain path: everything at full size, one picture at a time, in the engine's float32."""

from __future__ import annotations

import json
from collections.abc import Sequence

from trunkline import codecs, engines, images, pipeline, trunks
from trunkline.codecs import spelled
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.serving.rivals import networks
from trunkline_benchmarks.serving.rivals.networks import TASKS


class Reference:
    """Trunk, codec and tails without any of what makes the services fast."""

    def __init__(self, trunk: str, weights: str, engine: str, codec: str, least: float) -> None:
        """`least` is the lowest score of a detection."""
        store = ModelStore.default()
        id, params = spelled.parse(codec)
        self._codec = codecs.get(id, **params)
        self._trunk = trunks.load(trunk, weights, engine=engine)
        self._least = least
        self._tails = [
            engines.load(engine, store.tail(trunk, weights, task).verified_path()) for task in TASKS
        ]

    def answers(self, posted: Sequence[bytes]) -> list[bytes]:
        """What the tails see in each picture file, in the rivals' form."""
        return [json.dumps(self._answer(data)).encode() for data in posted]

    def _answer(self, data: bytes) -> networks.Answer:
        batch = self._trunk.preprocess(images.decode(data))[None]  # (3, H, W) -> (1, 3, H, W)
        frame = pipeline.pack(self._trunk.forward(batch)[0], self._trunk.spec, self._codec)
        tensor = pipeline.unpack(frame)
        logits, rows = (tail.run(tensor[None])[0] for tail in self._tails)
        return networks.answer(logits, rows, self._least)
