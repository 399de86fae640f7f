"""The gRPC door: `trunkline.v1.TaskService`. Translates; the model and the workshop do the work."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc

from trunkline import logs, wire
from trunkline.errors import CorruptFrameError, TrunklineError, UnavailableError
from trunkline.timing import Stopwatch
from trunkline.v1.trunkline_pb2_grpc import TaskServiceServicer
from trunkline_tasks.failures import failure
from trunkline_tasks.metrics import Metrics
from trunkline_tasks.model import Model
from trunkline_tasks.tolerant import Malformed
from trunkline_tasks.work import Caller, Workshop

log = logging.getLogger(__name__)

Context = Any  # grpc.aio.ServicerContext, which has no types
Message = Any  # the generated messages are the wire module's business


@dataclass(frozen=True)
class Reply:
    """An InferResponse, and the status and message that a call with one answer ends with."""

    message: Message
    code: str = "OK"
    detail: str = ""


class TaskDoor(TaskServiceServicer):  # type: ignore[misc]
    """Answers calls for one model, at most `window` frames of one stream at a time."""

    def __init__(self, model: Model, workshop: Workshop, metrics: Metrics, window: int) -> None:
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
        caller, watch, started = Caller(context.time_remaining()), Stopwatch(), time.perf_counter()
        code, detail = "CANCELLED", ""
        try:
            work = partial(self._work, request, caller, watch, started)
            reply = await self._workshop.do(work, caller)
            code, detail = reply.code, reply.detail
        except TrunklineError as error:
            reply = _failed(error, request)
            code, detail = reply.code, reply.detail
        finally:
            timings = dict(watch.ms)  # its thread may still be at it where the caller has gone
            self._metrics.answered(code, timings)
            extra = {"code": code, "detail": detail, "timings_ms": timings}
            log.info("infer", extra=extra)
        return reply

    def _work(self, request: Message, caller: Caller, watch: Stopwatch, started: float) -> Reply:
        """From message to message, in a thread."""
        watch.ms["queue"] = (time.perf_counter() - started) * 1e3
        try:
            if isinstance(request, Malformed):
                raise CorruptFrameError(request.problem)
            asked = wire.request_from_message(request)
            result = self._model.infer(asked, watch, caller.check)
            self._metrics.accepted(asked.frame.codec, len(asked.frame.payload))
            watch.ms["total"] = (time.perf_counter() - started) * 1e3
            timed = dataclasses.replace(result, timings_ms=dict(watch.ms))
            return Reply(wire.response_to_message(timed))
        except Exception as error:  # whatever a frame brings about: the next one must find us well
            return _failed(error, request)


def _failed(error: Exception, request: Message) -> Reply:
    """The reply to a request that came to nothing."""
    told = failure(error, request.request_id)
    return Reply(wire.response_to_message(told), told.code, told.message)


def _adopt_request_id(context: Context) -> str:
    """The id in the call's metadata, or a new one, for this call's log lines and its answer."""
    metadata = context.invocation_metadata() or ()
    sent = next((value for key, value in metadata if key == logs.REQUEST_ID_KEY), None)
    request_id = logs.accept_request_id(sent)
    logs.request_id.set(request_id)
    return request_id
