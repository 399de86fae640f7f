"""The edge's settings: flags over environment (`TRUNKLINE_EDGE_*`) over defaults. Read once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from trunkline import flags
from trunkline.engines import DEFAULT_ENGINE, ENGINES
from trunkline.errors import ParameterError
from trunkline.images import MAX_PIXELS, PILLOW_MAX_PIXELS
from trunkline.names import check_address, check_task_name
from trunkline.weights.store import home

PREFIX = "TRUNKLINE_EDGE_"
DEFAULT_TASKS = "classifier=127.0.0.1:50051,ssd=127.0.0.1:50052"


class EdgeSettings(BaseSettings):
    """Everything an edge process may be told."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,  # compose files hand on `${VARIABLE:-}`
        frozen=True,
        extra="forbid",
    )

    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for every one")
    port: int = Field(8080, ge=0, le=65535, description="HTTP port; 0 for a free one")
    trunk: str = Field("mobilenet_v2", description="trunk to run")
    weights: str = Field("", description="weight set of that trunk; empty for the trunk's own")
    engine: str = Field(DEFAULT_ENGINE, description=f"what runs the trunk: {', '.join(ENGINES)}")
    precision: str = Field("f32", description="what the engine computes in: f32; openvino: or bf16")
    threads: int = Field(0, ge=0, description="threads of the engine; 0 for one a core")
    workers: int = Field(
        1, ge=1, le=64, description="processes that share the port; each has a trunk of its own"
    )
    parallel: int = Field(
        2, ge=1, le=64, description="pictures that are computed at a time in each process"
    )
    max_in_work: int = Field(
        16,
        ge=1,
        description="pictures in work at a time in each process, from decoding to the tasks' "
        "answers; others wait",
    )
    max_wait_s: float = Field(
        1.0,
        ge=0,
        le=60,
        description="seconds that a picture waits for a place before it gets 429; those that wait "
        "hold at most max_in_work times max_bytes",
    )
    tasks: Annotated[Mapping[str, str], NoDecode] = Field(
        DEFAULT_TASKS,
        validate_default=True,
        description="tasks as name=host:port, separated by commas",
    )
    admin_token: SecretStr = Field(
        SecretStr(""),
        description="what PUT and DELETE of /v1/tasks/NAME must bring as bearer token; empty: off",
    )
    tasks_file: str = Field(
        "",
        description="where changes of the tasks are kept; empty: edge-PORT.tasks.json beside the "
        "models",
    )
    codec: str = Field(
        "",
        description="codec of requests that name none, as id or id:name=value,...; empty: what "
        "suits the trunk",
    )
    max_bytes: int = Field(20_000_000, ge=1, description="largest picture file, bytes")
    max_pixels: int = Field(
        MAX_PIXELS, ge=1, le=PILLOW_MAX_PIXELS, description="largest picture, pixels"
    )
    upload_timeout_s: float = Field(
        30.0, gt=0, le=3600, description="seconds that a picture's bytes may take to arrive"
    )
    timeout_ms: float = Field(
        5000.0, gt=0, le=600_000, description="ms that the tasks have where a request says nothing"
    )
    max_timeout_ms: float = Field(
        60_000.0, gt=0, le=600_000, description="largest timeout_ms that a request may ask for"
    )
    drain_s: int = Field(
        10, ge=0, le=3600, description="seconds that work begun before SIGTERM may still take"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least level that is logged: debug, info, warning or error"
    )

    @property
    def tasks_path(self) -> Path | None:
        """Where changes of the tasks are kept, None where there can be none."""
        if self.tasks_file:
            return Path(self.tasks_file)
        if self.admin_token.get_secret_value():
            return home() / f"edge-{self.port}.tasks.json"
        return None

    @field_validator("tasks", mode="before")
    @classmethod
    def _parse_tasks(cls, value: Any) -> Any:  # noqa: ANN401 - text or mapping, as it was given
        return parse_tasks(value) if isinstance(value, str) else value


def parse_tasks(text: str) -> dict[str, str]:
    """`classifier=host:port,ssd=host:port` as addresses by name. Raises ValueError."""
    tasks: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        name, equals, address = (part.strip() for part in pair.partition("="))
        if not equals:
            raise ValueError(f"{pair!r} is no name=host:port")
        try:
            check_task_name(name)
            check_address(address)
        except ParameterError as error:
            raise ValueError(str(error)) from error
        if name in tasks:
            raise ValueError(f"task {name!r} is named twice")
        tasks[name] = address
    return tasks


def read(given: Mapping[str, Any]) -> EdgeSettings:
    """Settings from what was given, else the environment, else the defaults.

    Raises ParameterError, one line, for the first value that does not fit.
    """
    try:
        return EdgeSettings(**given)
    except ValidationError as error:
        raise ParameterError(flags.complaint(dict(error.errors()[0]), PREFIX)) from error
