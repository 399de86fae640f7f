"""What the end-to-end tests read in an edge's answers."""

from __future__ import annotations

from typing import Any

BOTH_OK = {"classifier": "ok", "ssd": "ok"}


def statuses(answer: dict[str, Any]) -> dict[str, str]:
    """Each task's status."""
    return {name: task["status"] for name, task in answer["tasks"].items()}
