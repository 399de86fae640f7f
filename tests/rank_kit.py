"""Source networks whose answers are known, word vectors, and folders of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import helper
from PIL import Image

from tests.graph_kit import network
from trunkline import engines
from trunkline.engines.abc import Network
from trunkline.trunks import Trunk
from trunkline.weights.manifest import TailEntry
from trunkline.weights.store import ModelStore, bundle_root
from trunkline_training.making.pictures.inspection import Item

SHAPE = (32, 28, 28)
VECTORS: dict[str, tuple[float, float]] = {
    "apple": (0, 0),
    "pear": (0, 4),
    "ship": (3, 0),
    "boat": (3, 4),
}


def constant_tail(folder: Path, logits: Sequence[float]) -> Network:
    """Gives every picture the same logits."""
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["maps"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["maps"], ["mean"], axes=[1], keepdims=1),  # (N, 1)
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["answer", "nothing"], ["logits"]),
    ]
    path = folder / f"tail{len(list(folder.glob('tail*.onnx')))}.onnx"
    constants = {"answer": np.array([logits], np.float32), "zero": np.float32(0)}
    path.write_bytes(network(nodes, constants, SHAPE))
    return engines.load(engines.DEFAULT_ENGINE, path, threads=1)


def released() -> TailEntry:
    """The classifier of the released bundle."""
    return ModelStore((bundle_root(),)).tail("mobilenet_v2", "keras-160", "classifier")


def pictures(root: Path, classes: Sequence[str], count: int) -> list[Item]:
    """`count` pictures of coarse noise in a folder for each class."""
    rng = np.random.default_rng(6)
    items = []
    for label in classes:
        (root / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
            path = root / label / f"{number:02}.png"
            Image.fromarray(coarse).resize((96, 80), Image.Resampling.BICUBIC).save(path)
            items.append(Item(f"{label}/{path.name}", path, label, (96, 80)))
    return items


def word_file(path: Path, names: Sequence[str] = ()) -> Path:
    """VECTORS as a text file, and others for the words of `names`."""
    rng = np.random.default_rng(7)
    words = {word for name in names for word in name.split()} - set(VECTORS)
    others = {word: (rng.normal(0, 9), rng.normal(0, 9)) for word in sorted(words)}
    rows = {**VECTORS, **others}
    path.write_text("".join(f"{word} {x} {y}\n" for word, (x, y) in rows.items()))
    return path


class Counted(Trunk):
    """A trunk that counts its batches."""

    def __init__(self, trunk: Trunk) -> None:
        super().__init__(trunk.spec, trunk._network)
        self.batches: list[int] = []

    def forward(self, batch: np.ndarray) -> np.ndarray:
        self.batches.append(len(batch))
        return super().forward(batch)
