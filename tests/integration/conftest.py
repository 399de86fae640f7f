"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.edge_support import Loop


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    """The event loop of a module's edges."""
    running = Loop()
    yield running
    running.close()
