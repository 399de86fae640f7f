"""Whole networks, trunk and tail in one graph: what runs where nothing is split."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import compose

from trunkline import engines, images
from trunkline.trunks.trunk import preprocess
from trunkline.types import Preprocess
from trunkline.weights.store import ModelStore
from trunkline_training.grading import found_in

TASKS = ("classifier", "ssd")
TOP = 5
LEAST_SCORE = 0.3
MOST = 100

Answer = dict[str, Any]
"""`classes` [index, score], best first; `detections` [label, score, x1, y1, x2, y2], fractions."""


class Whole:
    """A classifier and a detector on one engine, each a whole network of its own."""

    def __init__(
        self, trunk: str, weights: str, engine: str, threads: int, folder: Path, least: float
    ) -> None:
        """Writes the joined graphs below `folder`; `least` is the lowest score of a detection."""
        store = ModelStore.default()
        entry = store.trunk(trunk, weights)
        self.preprocess: Preprocess = entry.spec.preprocess
        self._least = least
        self._networks = {
            task: engines.load(
                engine,
                join(
                    entry.verified_path(), store.tail(trunk, weights, task).verified_path(), folder
                ),
                threads=threads,
            )
            for task in TASKS
        }

    def decode(self, data: bytes) -> NDArray[np.float32]:
        """A picture file as the networks' input (1, 3, 224, 224)."""
        return preprocess(self.preprocess, images.decode(data))[None]  # (3, H, W) -> (1, 3, H, W)

    def run(self, batch: NDArray[np.float32]) -> Answer:
        """What both networks see in a batch of one."""
        outputs = {task: network.run(batch)[0] for task, network in self._networks.items()}
        return answer(outputs["classifier"], outputs["ssd"], self._least)


def answer(logits: NDArray[np.float32], rows: NDArray[np.float32], least: float) -> Answer:
    """The outputs (1, K) and (rows, 7) of the two networks as JSON's types."""
    return classes(logits) | detections(rows, least)


def classes(logits: NDArray[np.float32]) -> Answer:
    """A classifier's part of an answer."""
    powers = np.exp(logits[0] - logits[0].max())
    scores = powers / powers.sum()
    best = np.argsort(-scores, kind="stable")[:TOP]
    return {"classes": [[int(index), float(scores[index])] for index in best]}


def detections(rows: NDArray[np.float32], least: float) -> Answer:
    """A detector's part of an answer."""
    found = [item for item in found_in(rows) if item[1] >= least][:MOST]
    return {"detections": [[label, score, *box] for label, score, box in found]}


def join(trunk: Path, tail: Path, folder: Path) -> Path:
    """One ONNX file of a trunk and a tail behind it."""
    path = folder / f"{trunk.parent.parent.name}-{trunk.parent.name}-{tail.stem}.onnx"
    front = compose.add_prefix(onnx.load(trunk), "trunk/")
    back = compose.add_prefix(onnx.load(tail), "tail/")
    pair = (front.graph.output[0].name, back.graph.input[0].name)
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")  # LitServe's workers all do this at once
    onnx.save(compose.merge_models(front, back, io_map=[pair]), part)
    return part.replace(path)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The flags that every rival has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--trunk", default="mobilenet_v2")
    parser.add_argument("--set", default="keras-160")
    parser.add_argument("--threads", type=int, default=0, help="of the engine; 0 for one a core")
    parser.add_argument("--folder", type=Path, default=Path("out/rivals"))
    parser.add_argument("--least", type=float, default=LEAST_SCORE, help="score of a detection")
    return parser
