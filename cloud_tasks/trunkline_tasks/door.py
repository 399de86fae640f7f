"""The gRPC door: `trunkline.v1.TaskService`. Translates; the model and the workshop do the work."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import grpc

from trunkline import logs, wire
from trunkline.errors import TrunklineError, UnavailableError
from trunkline.v1.trunkline_pb2_grpc import TaskServiceServicer
from trunkline_tasks.failures import failure
from trunkline_tasks.metrics import Metrics
from trunkline_tasks.model import Model
from trunkline_tasks.together import Job, Message, Reply, failed
from trunkline_tasks.work import Caller, Workshop

log = logging.getLogger(__name__)

Context = Any  # grpc.aio.ServicerContext, which has no types


class TaskDoor(TaskServiceServicer):  # type: ignore[misc]
    """Answers calls for one model, at most `window` frames of one stream at a time."""

    def __init__(
        self, model: Model, workshop: Workshop[Job, Reply], metrics: Metrics, window: int
    ) -> None:
        self._model = model
        self._workshop = workshop
        self._metrics = metrics
        self._window = window
        self._readers: set[asyncio.Task[None]] = set()

    async def GetTask(self, request: Message, context: Context) -> Message:
        """What this task is, and which trunk digests it takes."""
        return wire.task_to_message(self._model.info)

    async def Infer(self, request: Message, context: Context) -> Message:
        """One frame, one answer or one status."""
        context.set_trailing_metadata(((logs.REQUEST_ID_KEY, _adopt_request_id(context)),))
        reply = await self._reply(request, context)
        if reply.code != "OK":
            await context.abort(grpc.StatusCode[reply.code], reply.detail)
        return reply.message

    async def InferStream(self, requests: AsyncIterator[Message], context: Context) -> None:
        """Answers in the order of the requests; one that fails does not end the stream."""
        stream_id = _adopt_request_id(context)
        places = asyncio.Semaphore(self._window)
        replies: asyncio.Queue[asyncio.Task[Reply] | None] = asyncio.Queue()
        reader = asyncio.create_task(self._read(requests, context, places, replies, stream_id))
        self._readers.add(reader)
        try:
            while (reply := await replies.get()) is not None:
                await context.write((await reply).message)
                places.release()
            if reader.cancelled():
                error = failure(UnavailableError("this task is shutting down: open a new stream"))
                await context.abort(grpc.StatusCode[error.code], error.message)
            reader.result()
        finally:
            self._readers.discard(reader)
            reader.cancel()
            while not replies.empty():
                if (left := replies.get_nowait()) is not None:
                    left.cancel()

    def close(self) -> None:
        """Read no more of any stream; each ends once its begun frames are answered."""
        for reader in self._readers:
            reader.cancel()

    async def _read(
        self,
        requests: AsyncIterator[Message],
        context: Context,
        places: asyncio.Semaphore,
        replies: asyncio.Queue[asyncio.Task[Reply] | None],
        stream_id: str,
    ) -> None:
        """Begin each request of a stream as soon as there is a place for it; None ends."""
        try:
            await places.acquire()  # a request that is not read yet is held back by HTTP/2
            async for request in requests:
                logs.request_id.set(logs.accept_request_id(request.request_id, stream_id))
                replies.put_nowait(asyncio.create_task(self._reply(request, context)))
                await places.acquire()
        finally:
            replies.put_nowait(None)

    async def _reply(self, request: Message, context: Context) -> Reply:
        """Work one request out in the workshop; every error becomes a reply."""
        job = Job(request, Caller(context.time_remaining()))
        code, detail = "CANCELLED", ""
        try:
            reply = await self._workshop.do(job, job.caller)
            code, detail = reply.code, reply.detail
        except TrunklineError as error:
            reply = failed(error, request)
            code, detail = reply.code, reply.detail
        finally:
            timings = dict(job.watch.ms)  # its thread may still be at it where the caller has gone
            self._metrics.answered(code, timings)
            extra = {"code": code, "detail": detail, "timings_ms": timings}
            log.info("infer", extra=extra)
        return reply


def _adopt_request_id(context: Context) -> str:
    """The id in the call's metadata, or a new one, for this call's log lines and its answer."""
    metadata = context.invocation_metadata() or ()
    sent = next((value for key, value in metadata if key == logs.REQUEST_ID_KEY), None)
    request_id = logs.accept_request_id(sent)
    logs.request_id.set(request_id)
    return request_id
