"""The values that travel between the parts. All frozen; none knows a protocol."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[np.float32]
Samples = NDArray[np.unsignedinteger[Any]]
Shape = tuple[int, int, int]
ParameterValue: TypeAlias = "bool | int | float | str"


@dataclass(frozen=True)
class Preprocess:
    """How an RGB picture becomes a trunk's input: squash to `size`, then (x - mean) / std.

    `mean` and `std` are per channel in units of 0..255; `size` is (height, width) in pixels.
    The resize filter is Pillow's bilinear one; it is part of the trunk digest.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    size: tuple[int, int] = (224, 224)

    def canonical(self) -> str:
        """One text per function, whatever order the fields were written in."""
        return json.dumps(
            {
                "colour": "rgb",
                "mean": [float(value) for value in self.mean],
                "resize": "pillow-bilinear-squash",
                "size": list(self.size),
                "std": [float(value) for value in self.std],
            },
            sort_keys=True,
            separators=(",", ":"),
        )


@dataclass(frozen=True)
class TrunkSpec:
    """Which trunk: name and weight set, where it is cut, its output (C, H, W) and its digest."""

    name: str
    set: str
    cut: str
    shape: Shape
    digest: str
    preprocess: Preprocess


@dataclass(frozen=True)
class Quantiser:
    """What undoes min-max quantisation (equations 7 and 8 of the published method)."""

    min: float
    max: float
    bits: int


@dataclass(frozen=True)
class Quantised:
    """Samples (C, H, W), uint8 or uint16, and the quantiser that made them."""

    samples: Samples
    min: float
    max: float
    bits: int

    @property
    def quantiser(self) -> Quantiser:
        """What the receiver needs beside the samples."""
        return Quantiser(self.min, self.max, self.bits)


@dataclass(frozen=True)
class Coded:
    """What a feature codec makes of a tensor: payload bytes and what its decoder needs beside."""

    payload: bytes
    quantiser: Quantiser | None = None


@dataclass(frozen=True)
class Frame:
    """What crosses the wire.

    `shape` is the tensor's (C, H, W); `image_size` the original picture's (width, height) in
    pixels after orientation; `capture_time` in seconds since the Unix epoch. `arrangement` is
    empty and `quantiser` None where the codec is a feature codec with its own.
    """

    trunk: str
    cut: str
    digest: str
    shape: Shape
    codec: str
    params: Mapping[str, ParameterValue]
    payload: bytes
    arrangement: str = ""
    quantiser: Quantiser | None = None
    image_size: tuple[int, int] = (0, 0)
    capture_time: float | None = None


@dataclass(frozen=True)
class ClassScore:
    """One class of a classification; `score` is a probability, 0..1."""

    index: int
    label: str
    score: float


@dataclass(frozen=True)
class Classification:
    """Classes, best first."""

    classes: tuple[ClassScore, ...]


@dataclass(frozen=True)
class Detection:
    """One object; `box` is (x1, y1, x2, y2) in pixels of the original picture."""

    index: int
    label: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Detections:
    """Objects, best first."""

    detections: tuple[Detection, ...]


Result: TypeAlias = "Classification | Detections | dict[str, Any]"


MAX_TOP_K = 1000
"""The most answers anyone may ask for, whatever the task: one request goes to several of them."""


@dataclass(frozen=True)
class InferRequest:
    """One frame for one task; None leaves a choice to the task."""

    frame: Frame
    request_id: str = ""
    top_k: int | None = None
    score_threshold: float | None = None


@dataclass(frozen=True)
class InferResult:
    """A task's answer; timings in milliseconds."""

    result: Result
    model: str = ""
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    request_id: str = ""


@dataclass(frozen=True)
class InferFailure:
    """One refused request of a stream; the stream itself goes on. `code` is a gRPC code's name."""

    code: str
    message: str
    request_id: str = ""


@dataclass(frozen=True)
class TaskInfo:
    """What a task says of itself; `accepts` are the trunk digests it takes, in hex."""

    name: str
    model: str
    trunk: str
    cut: str
    shape: Shape
    accepts: tuple[str, ...]
    labels: int
