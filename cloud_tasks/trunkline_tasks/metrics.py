"""What a task counts."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
)

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
BYTES = (500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 128000, 256000, 1024000)
FRAMES = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The counters of one task, in a registry of their own."""

    def __init__(self, task: str) -> None:
        self.registry = CollectorRegistry()
        self._task = task
        self._requests = Counter(
            "trunkline_requests",
            "Frames answered, by gRPC status.",
            ["task", "code"],
            registry=self.registry,
        )
        self._stages = Histogram(
            "trunkline_stage_seconds",
            "Time per stage of a frame's way through the task.",
            ["task", "stage"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._payload = Histogram(
            "trunkline_payload_bytes",
            "Coded bytes per frame.",
            ["task", "codec"],
            buckets=BYTES,
            registry=self.registry,
        )
        self._in_work = Gauge(
            "trunkline_in_work",
            "Frames in work, waiting ones too.",
            ["task"],
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self._batch = Histogram(
            "trunkline_batch_frames",
            "Frames that went through the tail together.",
            ["task"],
            buckets=FRAMES,
            registry=self.registry,
        )
        self.in_work(0)
        ProcessCollector(registry=self.registry)

    def answered(self, code: str, timings_ms: Mapping[str, float]) -> None:
        """One frame was answered with this gRPC status; timings in milliseconds."""
        self._requests.labels(self._task, code).inc()
        for stage, milliseconds in timings_ms.items():
            self._stages.labels(self._task, stage).observe(milliseconds / 1e3)

    def accepted(self, codec: str, payload_bytes: int) -> None:
        """One frame was undone; only known codecs come here, so that the labels stay few."""
        self._payload.labels(self._task, codec).observe(payload_bytes)

    def batch(self, frames: int) -> None:
        """So many frames went through the tail together."""
        self._batch.labels(self._task).observe(frames)

    def in_work(self, frames: int) -> None:
        """So many frames are in work now."""
        self._in_work.labels(self._task).set(frames)
