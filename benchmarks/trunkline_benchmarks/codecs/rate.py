"""The rate pass: bytes, error and answers of every setting on a few pictures. No times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from trunkline import engines
from trunkline.engines.abc import Network
from trunkline.types import Tensor
from trunkline.weights.store import ModelStore
from trunkline_benchmarks.codecs.passage import Passage, passage, psnr
from trunkline_benchmarks.codecs.settings import Setting
from trunkline_benchmarks.shards import Row, Shard

TASK = "classifier"


def measure(shard: Shard) -> list[Row]:
    """Rows of `work`: settings x pictures `first` to `first + count` of the file of features.

    Raises TrunklineError as codecs and the model store do.
    """
    work = shard.work
    settings = [Setting(**document) for document in work["settings"]]
    tail = classifier(work["trunk"], work["set"]) if work["tail"] else None
    tensors = np.load(work["features"], mmap_mode="r")
    numbers = range(work["first"], work["first"] + work["count"])
    return [
        row
        for number in numbers
        for row in _rows(work, number, np.array(tensors[number]), settings, tail)
    ]


@cache
def classifier(trunk: str, set: str) -> Network:
    """The store's classifier tail, on one thread."""
    path = ModelStore.default().tail(trunk, set, TASK).verified_path()
    return engines.load(engines.DEFAULT_ENGINE, path, threads=1)


def _rows(
    work: Mapping[str, Any],
    number: int,
    tensor: Tensor,
    settings: Sequence[Setting],
    tail: Network | None,
) -> list[Row]:
    """One picture's."""
    passages = [passage(setting.made(), tensor, setting.bits) for setting in settings]
    rows = [
        {"trunk": f"{work['trunk']}/{work['set']}", "picture": number, **_row(setting, result)}
        for setting, result in zip(settings, passages, strict=True)
    ]
    if tail is not None:
        expected, *found = _best(tail, [tensor, *(result.restored for result in passages)])
        for row, best in zip(rows, found, strict=True):
            row["same_top1"] = int(best == expected)
    return rows


def _row(setting: Setting, result: Passage) -> Row:
    decibels = psnr(result.mse)
    return {
        "setting": setting.name,
        "bytes": result.payload_bytes,
        "mse": float(f"{result.mse:.5g}"),
        "psnr": None if decibels is None else round(decibels, 3),
        "max": round(result.max_error, 3),
    }


def _best(tail: Network, tensors: Sequence[Tensor]) -> list[int]:
    """The best class of each, one by one: the batch has no say in the figures."""
    return [int(np.argmax(tail.run(tensor[None])[0][0])) for tensor in tensors]
