"""The registry goes on whatever a task does to it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from tests.samples import SPEC
from trunkline.types import TaskInfo
from trunkline_edge import registry as registries
from trunkline_edge.metrics import Metrics
from trunkline_edge.registry import Registry

INFO = TaskInfo("t", "model", "mobilenet_v2", "bottleneck7", SPEC.shape, (SPEC.digest,), 10)


class Moody:
    """A client whose first look fails in a way that nobody foresaw."""

    name, address = "t", "nowhere:1"

    def __init__(self) -> None:
        self.looks = 0

    async def describe(self, timeout_s: float) -> TaskInfo:
        self.looks += 1
        if self.looks == 1:
            raise RuntimeError("surprise")
        return INFO

    async def healthy(self, service: str, timeout_s: float) -> bool:
        return service == INFO.name

    async def close(self) -> None:
        pass


async def test_an_unforeseen_error_is_logged_and_outlived(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(registries, "RETRY_EVERY_S", 0.01)
    client: Any = Moody()
    registry = Registry([client], Metrics())
    assert registry.status("t").state == "unreachable"
    registry.start(SPEC)
    with caplog.at_level(logging.INFO):
        while registry.status("t").state != "serving":  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
    assert "cannot examine task t" in caplog.text
    assert registry.status("t").info == INFO
    registry.doubt("t")
    while client.looks < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await registry.close()
