"""A task made from pictures, served, and added to an edge that others go on asking."""

from __future__ import annotations

import json
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import train_kit
from tests.e2e.compose import free_port

pytest.importorskip("torch")
pytest.importorskip("tensorboardX")
pytestmark = pytest.mark.torch


def four_ports() -> int:
    """The first of four ports in a row that nobody listens on."""
    while True:
        first = free_port()
        try:
            with ExitStack() as stack:
                for port in range(first, first + 4):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
        except (OSError, OverflowError):
            continue
        return first


def test_no_request_fails_while_a_task_is_made_and_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from trunkline_benchmarks import adding

    for name in ("TRUNKLINE_EDGE_ADMIN_TOKEN", "TRUNKLINE_EDGE_TASKS_FILE"):
        monkeypatch.setenv(name, "")  # so that what is set is taken back
    images, output = train_kit.classes(tmp_path, 12), tmp_path / "adding.json"
    words = ["--images", str(images), "--preset", "quick", "--rate", "2"]
    assert adding.main([*words, "--port", str(four_ports()), "--json", str(output)]) == 0
    found = json.loads(output.read_text())
    assert (found["failed"], found["edge_restarted"], found["pictures"]) == (0, False, 24)
    assert 0 < found["made_s"] < found["added_s"] <= found["answered_s"]
    tasks = [set(sample["tasks"]) for sample in found["samples"]]
    assert tasks[0] == {"classifier", "ssd"}
    assert {"classifier", "ssd", "added"} in tasks
    assert "0 failed" in capsys.readouterr().out
