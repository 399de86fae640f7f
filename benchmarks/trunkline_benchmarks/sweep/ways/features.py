"""`features`: the trunk's tensor as a frame, by any codec of the library; what Trunkline does."""

from __future__ import annotations

from trunkline import codecs, pipeline, wire
from trunkline.timing import Stopwatch
from trunkline.types import InferRequest
from trunkline_benchmarks.sweep.settings import Setting
from trunkline_benchmarks.sweep.ways.abc import Arrival, Source, Way

CAPTURED_S = 1_700_000_000.0
"""Frames carry a capture time; a fixed one, so that every run's wire bytes are the same."""


class Features(Way):
    """The edge's and the tasks' own pipeline."""

    def __init__(self, setting: Setting) -> None:
        arrangement = setting.arrangement or "luma"
        self._codec = codecs.feature(
            setting.codec, arrangement=arrangement, bits=setting.bits, **setting.params
        )

    def send(self, source: Source) -> Arrival:
        """Bytes of payload and of the request that an edge sends each task."""
        edge, cloud = Stopwatch(), Stopwatch()
        spec = source.trunk.spec
        height, width = spec.preprocess.size
        frame = pipeline.pack(
            source.tensor,
            spec,
            self._codec,
            image_size=(width, height),
            capture_time=CAPTURED_S,
            watch=edge,
        )
        request = wire.request_to_bytes(InferRequest(frame))
        return Arrival(
            payload_bytes=len(frame.payload),
            tensor=pipeline.unpack(frame, cloud),
            wire_bytes=len(request),
            encode_ms=sum(edge.ms.values()),
            decode_ms=sum(cloud.ms.values()),
        )
