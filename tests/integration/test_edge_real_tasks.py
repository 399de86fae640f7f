"""The released bundle from end to end: real edge, real tasks, a real photograph, a real kill."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest

from tests.integration.edge_support import Loop, states, trunk, wait_for
from tests.views import SHARED
from trunkline import codecs, pipeline, wire
from trunkline.types import InferRequest
from trunkline.weights.build import build
from trunkline.weights.store import ModelStore
from trunkline_edge import server

CHELSEA = (files("trunkline.demo") / "pictures" / "chelsea.jpg").read_bytes()


def free_port() -> int:
    with server.listen("127.0.0.1", 0) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def task(
    name: str, port: int, log: Path, *more: str, home: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """`trunkline task NAME` until the block ends, on the models in `home`."""
    words = ["task", name, "--port", str(port), "--metrics-port", "0", "--threads", "1", *more]
    environment = os.environ | ({"TRUNKLINE_HOME": str(home)} if home else {})
    command = [sys.executable, "-m", "trunkline.cli", *words]
    with (
        log.open("ab") as stream,
        subprocess.Popen(command, stderr=stream, env=environment) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def infer(url: str) -> dict[str, Any]:
    response = httpx.post(f"{url}/v1/infer", content=CHELSEA, timeout=20)
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def test_a_cat_a_kill_and_a_recovery(loop: Loop, tmp_path: Path) -> None:
    ports = {"classifier": free_port(), "ssd": free_port()}
    addresses = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    with ExitStack() as stack:
        processes = {
            name: stack.enter_context(task(name, port, tmp_path / f"{name}.log"))
            for name, port in ports.items()
        }
        url = stack.enter_context(loop.edge(tasks=addresses))
        wait_for(lambda: set(states(url).values()) == {"serving"}, 60)
        answer = infer(url)
        assert answer["complete"] is True
        assert any(
            281 <= found["index"] <= 285 for found in answer["tasks"]["classifier"]["classes"]
        )
        (cat, *_) = answer["tasks"]["ssd"]["detections"]
        assert (cat["label"], cat["score"] >= 0.5) == ("cat", True)
        x1, y1, x2, y2 = cat["box"]
        assert 0 <= x1 < x2 <= answer["image"]["width"]
        assert 0 <= y1 < y2 <= answer["image"]["height"]
        assert answer["request_id"] in (tmp_path / "ssd.log").read_text()

        processes["ssd"].send_signal(signal.SIGKILL)
        processes["ssd"].wait()
        partial = infer(url)
        assert partial["complete"] is False
        assert partial["tasks"]["classifier"]["status"] == "ok"
        assert partial["tasks"]["ssd"]["code"] == "UNAVAILABLE"

        stack.enter_context(task("ssd", ports["ssd"], tmp_path / "ssd2.log"))
        wait_for(lambda: re.search("listening|serving", (tmp_path / "ssd2.log").read_text()), 60)
        assert wait_for(lambda: infer(url)["complete"], 30) < 10


@pytest.fixture
def other_weights(tmp_path: Path) -> Path:
    """A TRUNKLINE_HOME with torchvision-v1, built from the published weights."""
    for module in ("onnx", "onnxruntime", "h5py", "safetensors"):
        pytest.importorskip(module, reason="weights are built with trunkline[build]")
    weights = SHARED / "weights" / "mobilenet_v2_torch_imagenet.fp16.safetensors"
    if not weights.is_file():
        pytest.skip(f"{weights.name} is not here: set TRUNKLINE_SHARED")
    store = ModelStore((tmp_path / "models",))
    build("mobilenet_v2", "torchvision-v1", store, explicit=weights.parent)
    return tmp_path


def test_a_real_task_of_other_weights_is_refused_by_both_sides(
    loop: Loop, tmp_path: Path, other_weights: Path
) -> None:
    ports = {"classifier": free_port(), "ssd": free_port()}
    addresses = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    other = ("--weights", "torchvision-v1")
    with (
        task("classifier", ports["classifier"], tmp_path / "c.log", *other, home=other_weights),
        task("ssd", ports["ssd"], tmp_path / "ssd.log"),
        loop.edge(tasks=addresses) as url,
    ):
        expected = {"classifier": "refused", "ssd": "serving"}
        wait_for(lambda: states(url) == expected, 60)
        answer = infer(url)
        assert answer["complete"] is False
        assert answer["tasks"]["ssd"]["status"] == "ok"
        refused = answer["tasks"]["classifier"]
        assert refused["code"] == "FAILED_PRECONDITION"
        assert "run both on one weight set" in refused["message"]
        # a sender that does not ask first is told by the task
        spec = trunk().spec
        frame = pipeline.pack(np.zeros(spec.shape, np.float32), spec, codecs.get("raw"))
        with grpc.insecure_channel(addresses["classifier"]) as channel:
            call = channel.unary_unary("/trunkline.v1.TaskService/Infer")
            with pytest.raises(grpc.RpcError) as caught:
                call(wire.request_to_bytes(InferRequest(frame)), timeout=10)
        assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
        assert spec.digest in caught.value.details()
