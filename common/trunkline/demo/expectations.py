"""What the demo must find; without it the line does not work."""

from __future__ import annotations

from typing import Any

CATS = range(281, 286)
"""ImageNet's five classes of domestic cats."""
SURE = 0.5


def disappointments(answers: dict[str, dict[str, Any]]) -> list[str]:
    """A line for every expectation that an answer, by picture name, does not meet."""
    missed = []
    if not _has_class(answers["chelsea"], CATS):
        missed.append("chelsea: no cat among the five best classes")
    if not _has_box(answers["chelsea"], "cat"):
        missed.append(f"chelsea: no cat box of score {SURE} or more")
    if not _has_box(answers["astronaut"], "person"):
        missed.append(f"astronaut: no person box of score {SURE} or more")
    return missed


def _has_class(answer: dict[str, Any], wanted: range) -> bool:
    classes = answer["tasks"].get("classifier", {}).get("classes", [])
    return any(found["index"] in wanted for found in classes[:5])


def _has_box(answer: dict[str, Any], label: str) -> bool:
    detections = answer["tasks"].get("ssd", {}).get("detections", [])
    return any(found["label"] == label and found["score"] >= SURE for found in detections)
