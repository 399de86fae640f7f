"""What the edge counts, in a registry of its own."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

from trunkline import workers

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BYTES = (256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072, 262144)
STATES = ("serving", "not_serving", "unreachable", "refused")


class Metrics:
    """One edge's metrics."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self.requests = Counter(
            "trunkline_requests", "HTTP requests", ("path", "method", "status"), registry=registry
        )
        self.request_seconds = Histogram(
            "trunkline_request_seconds",
            "HTTP requests from first byte to last",
            ("path",),
            buckets=SECONDS,
            registry=registry,
        )
        self._stages = Histogram(
            "trunkline_stage_seconds",
            "Stages of a picture's way",
            ("stage",),
            buckets=SECONDS,
            registry=registry,
        )
        self.payload_bytes = Histogram(
            "trunkline_payload_bytes",
            "Payloads by codec",
            ("codec",),
            buckets=BYTES,
            registry=registry,
        )
        self.wire_bytes = Histogram(
            "trunkline_wire_bytes",
            "Serialised requests to a task",
            buckets=BYTES,
            registry=registry,
        )
        self.in_work = Gauge(
            "trunkline_in_work", "Pictures in work", registry=registry, multiprocess_mode="livesum"
        )
        self.waiting = Gauge(
            "trunkline_waiting",
            "Pictures that wait for a place",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.task_calls = Counter(
            "trunkline_task_calls",
            "Calls to tasks by gRPC code",
            ("task", "code"),
            registry=registry,
        )
        self.task_seconds = Histogram(
            "trunkline_task_seconds",
            "Calls to tasks, retries included",
            ("task",),
            buckets=SECONDS,
            registry=registry,
        )
        self._task_state = Gauge(
            "trunkline_task_state",
            "1 for the state a task is in",
            ("task", "state"),
            registry=registry,
            multiprocess_mode="livemostrecent",
        )

    def stages(self, timings_ms: Mapping[str, float]) -> None:
        """Observe the stages of one picture, milliseconds by name."""
        for stage, ms in timings_ms.items():
            self._stages.labels(stage).observe(ms / 1e3)

    def task_state(self, task: str, state: str) -> None:
        """Say which one of STATES a task is in."""
        for known in STATES:
            self._task_state.labels(task, known).set(known == state)

    def task_gone(self, task: str) -> None:
        """A task is not this edge's any more: it is in no state."""
        for known in STATES:
            self._task_state.labels(task, known).set(0)

    def exposition(self) -> bytes:
        """Everything in Prometheus's text format."""
        return bytes(generate_latest(workers.counted(self._registry)))
