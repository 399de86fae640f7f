"""A picture to its frame: decode, preprocess, trunk, and the codec's stages, in worker threads."""

from __future__ import annotations

import asyncio
import contextvars
import dataclasses
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, ParamSpec, TypeVar

from PIL import Image

from trunkline import images, pipeline
from trunkline.codecs import FeatureCodec
from trunkline.errors import TrunklineError
from trunkline.images import Picture
from trunkline.timing import Stopwatch
from trunkline.trunks import Trunk
from trunkline.types import Frame

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Packed:
    """A frame and how long each stage of making it took, milliseconds."""

    frame: Frame
    timings_ms: dict[str, float]


class Compute:
    """Runs the trunk on so many pictures at a time; others wait in line."""

    def __init__(
        self,
        load: Callable[[], Trunk],
        *,
        parallel: int,
        max_pixels: int,
        abandoned: Callable[[Future[Any]], None],
    ) -> None:
        """`abandoned` is told of work that goes on although its caller has gone."""
        self._load = load
        self._abandoned = abandoned
        self._begun: set[Future[Any]] = set()
        self._trunk: Trunk | None = None
        self._max_pixels = max_pixels
        self._pool = ThreadPoolExecutor(parallel, thread_name_prefix="compute")

    @property
    def trunk(self) -> Trunk | None:
        """The trunk, None until it is loaded."""
        return self._trunk

    async def start(self, codec: FeatureCodec) -> Trunk:
        """Load the trunk and code one grey picture, so that no client pays for first times.

        Raises what loading raises (WeightsError, EngineError, ...).
        """
        return await self._run(self._warm, codec)

    async def pack(self, data: bytes, codec: FeatureCodec) -> Packed:
        """The frame of a picture file, whose capture time is taken to be now.

        Raises ImageError and kin, ParameterError (a plane that the codec cannot hold).
        """
        return await self._run(self._pack, data, codec, time.time())

    async def drained(self, seconds: float) -> bool:
        """Wait until no worker is busy, at most `seconds`; whether that came to be."""
        waiting = [asyncio.wrap_future(work) for work in list(self._begun)]
        if not waiting:
            return True
        _, late = await asyncio.wait(waiting, timeout=seconds)
        return not late

    def close(self) -> None:
        """End the workers once they are idle."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run in a worker, with the request's id in its logs."""
        context = contextvars.copy_context()
        future = self._pool.submit(context.run, partial(work, *args, **kwargs))
        self._begun.add(future)
        future.add_done_callback(self._begun.discard)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            if not future.cancel():
                self._abandoned(future)
            raise

    def _warm(self, codec: FeatureCodec) -> Trunk:
        trunk = self._load()
        grey = Image.new("RGB", (32, 32), (128, 128, 128))
        _frame_of(Picture(grey, grey.size), trunk, codec, Stopwatch())
        self._trunk = trunk
        return trunk

    def _pack(self, data: bytes, codec: FeatureCodec, arrived_s: float) -> Packed:
        if self._trunk is None:
            raise TrunklineError("no trunk is loaded: start() comes first")
        watch = Stopwatch()
        with watch.stage("decode"):
            picture = images.read(data, self._max_pixels, self._trunk.enough_pixels)
        frame = _frame_of(picture, self._trunk, codec, watch)
        return Packed(dataclasses.replace(frame, capture_time=arrived_s), watch.ms)


def _frame_of(picture: Picture, trunk: Trunk, codec: FeatureCodec, watch: Stopwatch) -> Frame:
    """All stages after decoding."""
    with watch.stage("preprocess"):
        batch = trunk.preprocess(picture.image)[None]  # (3, H, W) -> (1, 3, H, W)
    with watch.stage("trunk"):
        (tensor,) = trunk.forward(batch)
    return pipeline.pack(tensor, trunk.spec, codec, image_size=picture.size, watch=watch)
