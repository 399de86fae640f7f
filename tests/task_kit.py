"""A model store with tiny tails, frames for them, and a client: what the tasks' tests share.

The tails are made here, so that the tests need not the released bundle. Channel i's mean is the
classifier's logit i; the detector finds ROWS.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from grpc_health.v1 import health_pb2, health_pb2_grpc
from onnx import helper

from tests.graph_kit import network
from tests.samples import features
from trunkline import codecs, pipeline, trunks, wire
from trunkline.engines import Network
from trunkline.types import (
    Frame,
    InferFailure,
    InferRequest,
    InferResult,
    ParameterValue,
    Preprocess,
    Tensor,
    TrunkSpec,
)
from trunkline.v1.trunkline_pb2_grpc import TaskServiceStub
from trunkline.weights import manifest, publish
from trunkline.weights.store import ModelStore
from trunkline_tasks.server import TaskServer, serving
from trunkline_tasks.settings import TaskSettings

DIGEST, OTHER_FORM, UNKNOWN = "aa" * 32, "bb" * 32, "cc" * 32
SPEC = TrunkSpec(
    "mobilenet_v2", "tiny", "bottleneck7", (10, 4, 4), DIGEST, Preprocess((0, 0, 0), (1, 1, 1))
)
LABELS = tuple(f"label {index}" for index in range(10))
# batch, label, score, x1, y1, x2, y2
ROWS = np.array(
    [
        [0, 7, 0.9, 0.25, 0.5, 0.75, 1.0],
        [0, 2, 0.6, -0.2, 0.1, 0.5, 1.3],
        [0, 7, 0.4, 0.0, 0.0, 1.0, 1.0],
        [0, 1, 0.05, 0.1, 0.1, 0.2, 0.2],
    ],
    np.float32,
)
INFER = "/trunkline.v1.TaskService/Infer"
INFER_STREAM = "/trunkline.v1.TaskService/InferStream"


def make_store(root: Path, batch: int = 1) -> ModelStore:
    """A store of one trunk (no file) and a tail for each task, and for one of a third party.

    The classifiers take `batch` frames at a time, -1 for any number.
    """
    folder = root / SPEC.name / SPEC.set
    folder.mkdir(parents=True)
    card = publish.write_file(folder, "card.md", b"# tiny\n")
    trunk = manifest.TrunkEntry(folder, "trunk.onnx", "", 0, SPEC, card)
    tails = tuple(
        _tail(folder, task, graph)
        for task, graph in (
            ("classifier", classifier_graph(batch)),
            ("ssd", ssd_graph()),
            ("colours", classifier_graph(batch)),
        )
    )
    (folder / manifest.NAME).write_text(manifest.dumps(manifest.Manifest(trunk, tails)))
    return ModelStore((root,))


def classifier_graph(batch: int = 1) -> bytes:
    """Means over the positions: (N, 10, 4, 4) -> (N, 10)."""
    means = helper.make_node("ReduceMean", ["features"], ["logits"], axes=[2, 3], keepdims=0)
    return network([means], {}, SPEC.shape, batch if batch > 0 else "N")


def ssd_graph() -> bytes:
    """ROWS, whatever the features, as long as they are finite."""
    nodes = [
        helper.make_node("ReduceMean", ["features"], ["mean"], axes=[0, 1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["rows", "nothing"], ["detections"]),
    ]
    constants = {"rows": ROWS, "zero": np.float32(0)}
    return network(nodes, constants, SPEC.shape, 1, "detections")


def settings(name: str = "classifier", **given: Any) -> TaskSettings:
    """Settings for a tiny task on a free port."""
    base: dict[str, Any] = {"port": 0, "weights": "tiny", "threads": 1, "drain_s": 5.0}
    return TaskSettings(name=name, **(base | given))


@asynccontextmanager
async def running(
    root: Path,
    name: str = "classifier",
    batch: int = 1,
    **given: Any,
) -> AsyncIterator[tuple[TaskServer, grpc.aio.Channel]]:
    """A tiny task in this process, and a channel to its port; see `make_store` for `batch`."""
    store = make_store(root / "models", batch)
    async with serving(settings(name, **given), store) as server, dial(server.port) as channel:
        yield server, channel


async def answer_behind_trunk(store: ModelStore, task: str, weights: str) -> InferResult:
    """What the task of a model folder answers to a frame of the MobileNetV2 in it."""
    spec = trunks.load("mobilenet_v2", weights, store=store, threads=1).spec
    sent = pipeline.pack(features(), spec, codecs.get("png"), image_size=(100, 50))
    async with serving(settings(task, weights=weights), store) as server, dial(server.port) as line:
        return await infer(line, sent)


def dial(port: int, *options: tuple[str, int]) -> grpc.aio.Channel:
    """A channel of its own: gRPC would share connections between equal ones."""
    alone = ("grpc.use_local_subchannel_pool", 1)
    return grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=(alone, *options))


def tensor(top: int = 3) -> Tensor:
    """Features whose channel `top` has the largest mean."""
    values = np.linspace(0, 1, 160, dtype=np.float32).reshape(SPEC.shape)
    values[top] += 2
    return values


def frame(top: int = 3, codec: str = "png", **params: ParameterValue) -> Frame:
    """A frame of a picture of 200 x 100 pixels."""
    return pipeline.pack(tensor(top), SPEC, codecs.get(codec, **params), image_size=(200, 100))


async def infer(
    channel: grpc.aio.Channel,
    request: Frame | InferRequest | bytes,
    timeout: float | None = 10.0,
    **call: Any,
) -> InferResult:
    """One call of Infer. Raises grpc.aio.AioRpcError."""
    method = channel.unary_unary(INFER, response_deserializer=wire.response_from_bytes)
    answer = await method(as_bytes(request), timeout=timeout, **call)
    assert isinstance(answer, InferResult)
    return answer


async def refusal(
    channel: grpc.aio.Channel,
    request: Frame | InferRequest | bytes,
    **call: Any,
) -> tuple[str, str]:
    """The status and message that a request is refused with."""
    try:
        answer = await infer(channel, request, **call)
    except grpc.aio.AioRpcError as error:
        return error.code().name, error.details() or ""
    raise AssertionError(f"not refused: {answer}")


def stream(channel: grpc.aio.Channel, timeout: float | None = 20.0) -> Any:
    """An open InferStream that takes bytes and gives InferResult and InferFailure."""
    method = channel.stream_stream(INFER_STREAM, response_deserializer=wire.response_from_bytes)
    return method(timeout=timeout)


async def next_answer(call: Any) -> InferResult | InferFailure:
    """The stream's next answer."""
    answer = await call.read()
    assert isinstance(answer, InferResult | InferFailure), answer
    return answer


def stub(channel: grpc.aio.Channel) -> Any:
    """The generated client."""
    return TaskServiceStub(channel)


def as_bytes(request: Frame | InferRequest | bytes) -> bytes:
    """The serialised request."""
    if isinstance(request, Frame):
        request = InferRequest(request, "r-1")
    return request if isinstance(request, bytes) else wire.request_to_bytes(request)


def _tail(folder: Path, task: str, graph: bytes) -> manifest.TailEntry:
    path = folder / f"{task}.onnx"
    path.write_bytes(graph)
    return manifest.TailEntry(
        folder=folder,
        file=path.name,
        sha256=manifest.sha256_of(path),
        bytes=path.stat().st_size,
        trunk=SPEC.name,
        set=SPEC.set,
        cut=SPEC.cut,
        shape=SPEC.shape,
        task=task,
        model=f"tiny {task}",
        labels_file=publish.write_file(folder, "labels.txt", "\n".join([*LABELS, ""]).encode()),
        card=publish.write_file(folder, "card.md", b"# tiny\n"),
        accepts=(DIGEST, OTHER_FORM),
        digest=DIGEST,
    )


class Gate:
    """Stands in a network's way: its runs wait until `open` is set; `runs` counts them."""

    def __init__(self, server: TaskServer, monkeypatch: Any) -> None:
        self.open, self.runs = threading.Event(), 0
        network = type(server.model.network)
        plain = network.run

        def run(this: Network, batch: Tensor) -> list[Tensor]:
            self.runs += 1
            assert self.open.wait(20), "the gate was never opened"
            outputs: list[Tensor] = list(plain(this, batch))
            return outputs

        monkeypatch.setattr(network, "run", run)

    async def reached(self, runs: int = 1) -> None:
        """Wait until so many runs have come to the gate."""
        await until(lambda: self.runs >= runs)


async def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition that another thread or process brings about."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to be in time"
        await asyncio.sleep(0.01)


async def health(channel: grpc.aio.Channel, name: str = "") -> str:
    """The serving status by `grpc.health.v1`."""
    request = health_pb2.HealthCheckRequest(service=name)
    answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=5)
    return str(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
