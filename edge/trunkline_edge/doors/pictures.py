"""`POST /v1/infer` and `POST /v1/encode`."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from trunkline import codecs, logs, tiling
from trunkline.types import Frame
from trunkline_edge import answer, parameters
from trunkline_edge.doors import openapi
from trunkline_edge.edge import Edge, Inference
from trunkline_edge.parameters import Wishes
from trunkline_edge.problems import Problem
from trunkline_edge.upload import read_image, unless_gone

T = TypeVar("T")


def router(edge: Edge) -> APIRouter:
    """The doors that take pictures."""
    routes = APIRouter(tags=["pictures"])

    @routes.post("/v1/infer", openapi_extra=openapi.picture_operation(), responses=openapi.INFER)
    async def infer(request: Request) -> Response:
        """Run the trunk on one picture and ask the tasks what they see in it."""
        wishes = _wishes(edge, request)
        if not wishes.tasks:
            raise Problem(503, "no-tasks", "this edge has no tasks: set TRUNKLINE_EDGE_TASKS")
        inference, size = await _worked(edge, request, lambda data: edge.infer(data, wishes))
        return _infer_response(inference, size)

    @routes.post("/v1/encode", openapi_extra=openapi.picture_operation(), responses=openapi.ENCODE)
    async def encode(request: Request) -> Response:
        """Run the trunk on one picture and answer the coded features themselves."""
        wishes = _wishes(edge, request)
        packed, _ = await _worked(edge, request, lambda data: edge.pack(data, wishes))
        return _encode_response(packed.frame, packed.timings_ms)

    return routes


def _wishes(edge: Edge, request: Request) -> Wishes:
    """The query, once the edge is ready for pictures at all."""
    if edge.not_ready:
        raise Problem(503, "not-ready", edge.not_ready, headers={"Retry-After": "1"})
    edge.refresh()
    query = request.query_params.multi_items()
    return parameters.parse(query, edge.defaults, edge.registry.names)


async def _worked(
    edge: Edge, request: Request, work: Callable[[bytes], Coroutine[Any, Any, T]]
) -> tuple[T, int]:
    """What `work` makes of the request's picture, once it has a place, and the picture's bytes."""
    settings, admission = edge.settings, edge.admission
    with ExitStack() as arriving:
        count = arriving.enter_context(admission.upload())
        data = await read_image(request, settings.max_bytes, settings.upload_timeout_s, count)

        async def worked() -> T:
            async with admission.place():
                arriving.close()  # until here its bytes counted as waiting ones
                return await work(data)

        return await unless_gone(request, worked()), len(data)


def _infer_response(inference: Inference, image_bytes: int) -> Response:
    answers = inference.answers
    if answer.none_answered(answers):
        tasks = answer.tasks_document(answers)
        reasons = "; ".join(f"{name}: {task['message']}" for name, task in tasks.items())
        if answer.all_late(answers):
            raise Problem(504, "tasks-late", f"no task answered in time: {reasons}", tasks=tasks)
        raise Problem(502, "tasks-failed", f"no task answered: {reasons}", tasks=tasks)
    document = answer.infer_document(
        logs.request_id.get(),
        inference.packed.frame,
        image_bytes,
        inference.wire_bytes,
        answers,
        inference.timings_ms,
    )
    return JSONResponse(document)


def _encode_response(frame: Frame, timings_ms: dict[str, float]) -> Response:
    """The payload as a file of the codec's own format; the frame's other fields as headers."""
    info = codecs.info(frame.codec)
    timings = ", ".join(f"{stage};dur={ms:.3f}" for stage, ms in timings_ms.items())
    headers = _frame_headers(frame) | {
        "Content-Disposition": f'inline; filename="frame{info.suffix}"',
        "Server-Timing": timings,
    }
    return Response(frame.payload, media_type=info.media_type, headers=headers)


def _frame_headers(frame: Frame) -> dict[str, str]:
    """Numbers as their shortest exact text; `Params` is JSON; what a frame lacks is left out."""
    fields = {
        "Trunk": frame.trunk,
        "Cut": frame.cut,
        "Digest": frame.digest,
        "Shape": ",".join(map(str, frame.shape)),
        "Codec": frame.codec,
        "Params": json.dumps(dict(frame.params)),
        "Image-Size": ",".join(map(str, frame.image_size)),
    }
    if frame.arrangement:
        fields["Arrangement"] = frame.arrangement
        fields["Mosaic"] = ",".join(map(str, tiling.plane_shape(frame.shape)))
    if frame.quantiser is not None:
        fields["Min"] = repr(frame.quantiser.min)
        fields["Max"] = repr(frame.quantiser.max)
        fields["Bits"] = str(frame.quantiser.bits)
    if frame.capture_time is not None:
        fields["Capture-Time"] = repr(frame.capture_time)
    return {f"X-Trunkline-{name}": value for name, value in fields.items()}
