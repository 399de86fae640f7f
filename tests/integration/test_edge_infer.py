"""POST /v1/infer and /v1/encode of an edge with tasks."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from tests.integration.edge_support import CAT, FakeTask, Loop, info, picture, trunk, wait_for
from trunkline import codecs, images, pipeline, wire
from trunkline.types import Detection, Detections, Frame, InferRequest, Quantiser

DOG = Detections((Detection(17, "dog", 0.5, (1.0, 2.0, 300.256, 200.0)),))


@pytest.fixture(scope="module")
def classifier() -> Iterator[FakeTask]:
    with FakeTask(info("classifier"), CAT) as task:
        yield task


@pytest.fixture(scope="module")
def ssd() -> Iterator[FakeTask]:
    with FakeTask(info("ssd", labels=80), DOG) as task:
        yield task


@pytest.fixture(scope="module")
def edge(loop: Loop, classifier: FakeTask, ssd: FakeTask) -> Iterator[str]:
    with loop.edge(classifier, ssd) as url:
        wait_for(lambda: [task["state"] for task in tasks_of(url)] == ["serving", "serving"])
        yield url


def tasks_of(url: str) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = httpx.get(f"{url}/v1/tasks").json()["tasks"]
    return listed


def test_a_large_picture_keeps_its_size_and_its_features(edge: str, ssd: FakeTask) -> None:
    """It is decoded at a quarter of its size, which neither boxes nor tails may notice."""
    data = picture(size=(2000, 1800), quality=95)
    answer = httpx.post(f"{edge}/v1/infer?codec=raw", content=data).json()
    assert answer["image"] == {"width": 2000, "height": 1800, "bytes": len(data)}
    frame = ssd.requests[-1].frame
    assert frame.image_size == (2000, 1800)
    whole = trunk().forward(trunk().preprocess(images.decode(data))[None])[0]
    found = pipeline.unpack(frame)
    assert np.abs(found - whole).mean() < 0.05 * np.abs(whole).mean()


def test_the_answer_is_as_designed(edge: str) -> None:
    data = picture()
    response = httpx.post(f"{edge}/v1/infer", content=data)
    assert response.status_code == 200
    answer = response.json()
    assert set(answer) == {
        "request_id",
        "complete",
        "image",
        "trunk",
        "frame",
        "tasks",
        "timings_ms",
    }
    spec = trunk().spec
    assert answer["complete"] is True
    assert answer["request_id"] == response.headers["x-request-id"]
    assert answer["image"] == {"width": 320, "height": 240, "bytes": len(data)}
    assert answer["trunk"] == {"name": spec.name, "cut": spec.cut, "digest": spec.digest}
    frame = answer["frame"]
    assert set(frame) == {
        "codec",
        "params",
        "arrangement",
        "shape",
        "mosaic",
        "min",
        "max",
        "payload_bytes",
        "wire_bytes",
    }
    assert frame["shape"] == [32, 28, 28]
    assert frame["mosaic"] == [112, 224]
    assert frame["arrangement"] == "luma"
    assert frame["min"] < 0 < frame["max"]
    assert 0 < frame["payload_bytes"] < frame["wire_bytes"]
    assert set(answer["timings_ms"]) == {
        "decode",
        "preprocess",
        "trunk",
        "quantize",
        "tile",
        "encode",
        "fanout",
        "total",
    }
    classifier, ssd = answer["tasks"]["classifier"], answer["tasks"]["ssd"]
    assert classifier["status"] == ssd["status"] == "ok"
    assert classifier["model"] == "classifier for tests"
    assert classifier["classes"][0] == {"index": 281, "label": "tabby", "score": 0.75}
    assert ssd["detections"] == [{"label": "dog", "score": 0.5, "box": [1, 2, 300.26, 200]}]
    assert ssd["timings_ms"]["tail"] == 1.5


def test_the_default_codec_is_bpg_at_qp_32(edge: str) -> None:
    pytest.importorskip("av")
    frame = httpx.post(f"{edge}/v1/infer", content=picture()).json()["frame"]
    assert (frame["codec"], frame["params"]["qp"]) == ("bpg", 32)


def test_a_form_is_as_good_as_a_body(edge: str) -> None:
    files = {"image": ("cat.jpg", picture(), "image/jpeg")}
    response = httpx.post(f"{edge}/v1/infer", files=files)
    assert response.json()["image"]["bytes"] == len(picture())


def test_curls_content_type_for_bodies(edge: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert httpx.post(f"{edge}/v1/infer", content=picture(), headers=headers).status_code == 200


def test_the_tasks_get_the_frame_and_the_wishes(edge: str, classifier: FakeTask) -> None:
    response = httpx.post(
        f"{edge}/v1/infer?codec=png&level=9&bits=16&top_k=3&score_threshold=0.25&tasks=classifier",
        content=picture("PNG"),
        headers={"X-Request-ID": "order-66"},
    )
    answer = response.json()
    assert list(answer["tasks"]) == ["classifier"]
    request = classifier.requests[-1]
    assert (request.top_k, request.score_threshold) == (3, 0.25)
    assert request.frame.params == {"level": 9}
    assert request.frame.image_size == (320, 240)
    assert request.frame.quantiser is not None
    assert request.frame.quantiser.bits == 16
    assert len(wire.request_to_bytes(request)) == answer["frame"]["wire_bytes"]
    assert classifier.metadata[-1]["x-request-id"] == "order-66"
    assert response.headers["x-request-id"] == answer["request_id"] == "order-66"


@pytest.mark.parametrize("sent", ["", "a b", "x" * 200, "né", '"}{'])
def test_an_unfit_request_id_is_replaced(edge: str, sent: str) -> None:
    headers = [(b"X-Request-ID", sent.encode())]
    response = httpx.get(f"{edge}/healthz", headers=headers)
    assert len(response.headers["x-request-id"]) == 32


def test_what_a_task_leaves_to_itself_is_absent(edge: str, classifier: FakeTask) -> None:
    httpx.post(f"{edge}/v1/infer", content=picture())
    request = classifier.requests[-1]
    assert (request.top_k, request.score_threshold, request.request_id) == (None, None, "")


def test_a_dictionary_of_a_third_party(loop: Loop) -> None:
    mood = {"mood": "calm", "values": [1.0, 2.0]}
    with FakeTask(info("mood"), mood) as task, loop.edge(task) as url:
        answer = httpx.post(f"{url}/v1/infer", content=picture()).json()
    assert answer["tasks"]["mood"]["result"] == mood


@pytest.mark.parametrize(
    ("query", "media_type", "magic"),
    [
        ("codec=webp&quality=60", "image/webp", b"RIFF"),
        ("codec=webp&lossless=true&arrangement=rgb", "image/webp", b"RIFF"),
        ("codec=png", "image/png", b"\x89PNG"),
        ("codec=png&bits=16", "image/png", b"\x89PNG"),
        ("codec=raw", "application/octet-stream", b""),
        ("codec=bpg&qp=40", "image/bpg", b"BPG\xfb"),
    ],
)
def test_encode_gives_payload_and_all_that_undoes_it(
    edge: str, query: str, media_type: str, magic: bytes
) -> None:
    if "bpg" in query:
        pytest.importorskip("av")
    response = httpx.post(f"{edge}/v1/encode?{query}", content=picture())
    assert response.status_code == 200
    assert response.headers["content-type"] == media_type
    assert response.content.startswith(magic)
    restored = pipeline.unpack(frame_from(response))
    (features,) = trunk().forward(trunk().preprocess(images.decode(picture()))[None])
    assert float(response.headers["x-trunkline-min"]) == pytest.approx(features.min(), rel=1e-3)
    assert np.abs(restored - features).mean() < 0.03 * np.ptp(features)


def frame_from(response: httpx.Response) -> Frame:
    """The frame that headers and payload make together."""
    fields = {
        name.removeprefix("x-trunkline-"): value
        for name, value in response.headers.items()
        if name.startswith("x-trunkline-")
    }
    channels, height, width = (int(number) for number in fields["shape"].split(","))
    image_width, image_height = (int(number) for number in fields["image-size"].split(","))
    return Frame(
        trunk=fields["trunk"],
        cut=fields["cut"],
        digest=fields["digest"],
        shape=(channels, height, width),
        codec=fields["codec"],
        params=json.loads(fields["params"]),
        payload=response.content,
        arrangement=fields["arrangement"],
        quantiser=Quantiser(float(fields["min"]), float(fields["max"]), int(fields["bits"])),
        image_size=(image_width, image_height),
        capture_time=float(fields["capture-time"]),
    )


def test_encode_and_infer_code_alike(edge: str, classifier: FakeTask) -> None:
    query = "codec=png&arrangement=rgb"
    encoded = httpx.post(f"{edge}/v1/encode?{query}", content=picture())
    answer = httpx.post(f"{edge}/v1/infer?{query}", content=picture()).json()
    sent = classifier.requests[-1].frame
    assert sent == dataclasses.replace(frame_from(encoded), capture_time=sent.capture_time)
    assert answer["frame"]["payload_bytes"] == len(encoded.content)
    assert answer["frame"]["wire_bytes"] == len(wire.request_to_bytes(InferRequest(sent)))


def test_the_capture_time_is_the_pictures_arrival(edge: str, classifier: FakeTask) -> None:
    before = time.time()
    httpx.post(f"{edge}/v1/infer?tasks=classifier", content=picture())
    captured = classifier.requests[-1].frame.capture_time
    assert captured is not None
    assert before - 1e-3 <= captured <= time.time() + 1e-3


def test_tasks_are_listed(edge: str) -> None:
    assert tasks_of(edge)[1] | {"address": ""} == {
        "name": "ssd",
        "model": "ssd for tests",
        "trunk": "mobilenet_v2",
        "accepts": [trunk().spec.digest],
        "labels": 80,
        "address": "",
        "state": "serving",
    }


def test_trunks_are_listed(edge: str) -> None:
    (listed,) = httpx.get(f"{edge}/v1/trunks").json()["trunks"]
    assert listed["name"] == "mobilenet_v2"
    assert listed["set"] == "keras-160"
    assert listed["shape"] == [32, 28, 28]
    assert listed["digest"] == trunk().spec.digest
    assert (listed["engine"], listed["precision"]) == ("onnxruntime", "f32")


def test_codecs_are_listed(edge: str) -> None:
    listed = httpx.get(f"{edge}/v1/codecs").json()["codecs"]
    assert [row["id"] for row in listed] == [row.id for row in codecs.table()]
    (webp,) = [row for row in listed if row["id"] == "webp"]
    assert set(webp) == {"id", "kind", "lossy", "parameters", "available", "extra"}
    assert webp["parameters"]["quality"] == {"type": "int", "min": 0, "max": 100, "default": 80}


def test_operations(edge: str) -> None:
    for path in ("/healthz", "/readyz"):
        assert httpx.get(edge + path).status_code == 200
        head = httpx.head(edge + path)
        assert (head.status_code, head.content) == (200, b"")
    ready = httpx.get(f"{edge}/readyz").json()
    assert {task["name"]: task["state"] for task in ready["tasks"]} == {
        "classifier": "serving",
        "ssd": "serving",
    }
    assert httpx.get(edge).headers["location"] == "/docs"
    assert httpx.get(f"{edge}/docs").status_code == 200


def test_the_documentation_names_every_parameter(edge: str) -> None:
    document = httpx.get(f"{edge}/openapi.json").json()
    operation = document["paths"]["/v1/infer"]["post"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert {"tasks", "codec", "qp", "quality", "level", "bits", "timeout_ms", "top_k"} <= names
    assert set(operation["requestBody"]["content"]) == {
        "multipart/form-data",
        "application/octet-stream",
    }


def test_metrics(edge: str) -> None:
    httpx.post(f"{edge}/v1/infer", content=picture())
    httpx.get(f"{edge}/secret/{'x' * 30}")
    text = httpx.get(f"{edge}/metrics").text
    for line in (
        'trunkline_requests_total{method="POST",path="/v1/infer",status="200"}',
        'trunkline_stage_seconds_count{stage="trunk"}',
        'trunkline_stage_seconds_count{stage="fanout"}',
        "trunkline_payload_bytes_bucket",
        "trunkline_in_work 0.0",
        'trunkline_task_calls_total{code="OK",task="ssd"}',
        'trunkline_task_state{state="serving",task="ssd"} 1.0',
        "process_resident_memory_bytes",
    ):
        assert line in text
    assert "secret" not in text
