"""A task's settings: flags over environment (`TRUNKLINE_TASK_*`) over defaults. Frozen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from trunkline import flags
from trunkline.engines import DEFAULT_ENGINE, ENGINES
from trunkline.errors import ParameterError
from trunkline_tasks.tasks import OTHERS_PORT, default_port

PREFIX = "TRUNKLINE_TASK_"
METRICS_OFFSET = 1000
HIGHEST_PORT = 65535


class TaskSettings(BaseSettings):
    """Everything one task's process may be told."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,  # compose files hand on `${VARIABLE:-}`
        frozen=True,
        extra="forbid",
    )

    name: str = Field(description="which task to serve")
    package: str = Field(
        default="",
        description="folder of a packaged task, or FILE.py:Class; empty: a tail of the model store",
    )
    host: str = Field(
        default="127.0.0.1", description="address to listen on; 0.0.0.0 for every one"
    )
    port: int = Field(default=-1, ge=0, le=HIGHEST_PORT, description="gRPC port; 0 for a free one")
    trunk: str = Field(default="mobilenet_v2", description="trunk whose frames the task takes")
    weights: str = Field(
        default="", description="weight set of that trunk; empty for the trunk's own"
    )
    engine: str = Field(
        default=DEFAULT_ENGINE, description=f"what runs the tail: {', '.join(ENGINES)}"
    )
    precision: str = Field(
        default="f32", description="what the engine computes in: f32; openvino: or bf16"
    )
    threads: int = Field(default=0, ge=0, description="threads of the engine; 0 for one a core")
    workers: int = Field(
        default=1,
        ge=1,
        le=64,
        description="processes that share the port, a connection keeps to one; each has a tail "
        "of its own",
    )
    parallel: int = Field(
        default=2,
        ge=1,
        le=64,
        description="frames that are decoded and run at a time in each process",
    )
    max_in_work: int = Field(
        default=16,
        ge=1,
        description="frames accepted at a time by each process, waiting ones included; more are "
        "refused",
    )
    max_batch: int = Field(
        default=4,
        ge=1,
        le=64,
        description="frames that go through the tail together where several wait; 1: each alone",
    )
    batch_delay_ms: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        description="ms that a batch waits to fill up, only where frames wait already",
    )
    stream_window: int = Field(
        default=4, ge=1, le=64, description="frames of one stream that are in work at a time"
    )
    # a raw 16-bit mosaic of VGG16's pool4 has 0.2 MB, three times that in the rgb arrangement: no
    # sound frame is larger, and what gRPC buffers for a hostile caller stays small
    max_message_bytes: int = Field(
        default=1 << 20,
        ge=1 << 10,
        le=1 << 26,
        description="largest request that is received, bytes",
    )
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=HIGHEST_PORT,
        description="HTTP port of /metrics; 0 for none",
    )
    # under the 10 s after which container engines kill
    drain_s: float = Field(
        default=8.0,
        ge=0,
        le=3600,
        description="seconds that work begun before SIGTERM may still take",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged: debug, info, warning or error"
    )

    @model_validator(mode="before")
    @classmethod
    def _port_by_task(cls, values: Any) -> Any:  # noqa: ANN401 - whatever the sources hold
        """Two tasks on one host shall not meet: the default port depends on the task."""
        if isinstance(values, dict) and "port" not in values and "name" in values:
            port = OTHERS_PORT if values.get("package") else default_port(str(values["name"]))
            return values | {"port": port}
        return values

    @property
    def served_metrics_port(self) -> int | None:
        """The port of /metrics, None where there is none.

        A gRPC port that is chosen when it is opened (0) has no default metrics port.
        Raises ParameterError where the default would be no port.
        """
        if self.metrics_port is not None:
            return self.metrics_port or None
        if not self.port:
            return None
        if self.port + METRICS_OFFSET > HIGHEST_PORT:
            raise ParameterError(
                f"port {self.port} leaves no default metrics port: say --metrics-port (0 for none)"
            )
        return self.port + METRICS_OFFSET


def read(given: Mapping[str, Any]) -> TaskSettings:
    """Settings from what was given, else the environment, else the defaults.

    Raises ParameterError, one line, for the first value that does not fit.
    """
    try:
        return TaskSettings(**given)
    except ValidationError as error:
        raise ParameterError(flags.complaint(dict(error.errors()[0]), PREFIX, "name")) from error
