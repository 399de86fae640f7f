"""An answer of the edge as lines for a person."""

from __future__ import annotations

from typing import Any

from trunkline.errors import UnavailableError

SHOWN = 5


def describe(answer: dict[str, Any]) -> list[str]:
    """Size, classes, boxes and stage times; a task that failed says why.

    Raises UnavailableError for an answer that is not as documented.
    """
    try:
        return [printable(line) for line in _lines(answer)]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnavailableError(
            f"the edge's answer is not as documented ({type(error).__name__}: {error})"
        ) from error


def printable(text: str) -> str:
    """A text of whatever origin as a terminal may show it: no control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _lines(answer: dict[str, Any]) -> list[str]:
    frame, image = answer["frame"], answer["image"]
    setting = " ".join(f"{name} {value}" for name, value in frame["params"].items())
    lines = [
        f"  {'frame':<11} {frame['payload_bytes']} bytes ({frame['codec']}: {setting}; "
        f"{frame['wire_bytes']} on the wire) for a picture of {image['width']} x {image['height']}"
    ]
    lines += [f"  {name:<11} {_task(task)}" for name, task in answer["tasks"].items()]
    stages = "  ".join(f"{name} {ms:.1f}" for name, ms in answer["timings_ms"].items())
    return [*lines, f"  {'ms':<11} {stages}"]


def _task(task: dict[str, Any]) -> str:
    if task["status"] != "ok":
        return f"failed: {task['code']}: {task['message']}"
    if "classes" in task:
        return ", ".join(f"{c['label']} {c['score']:.2f}" for c in task["classes"][:SHOWN])
    if "detections" in task:
        return ", ".join(_box(found) for found in task["detections"][:SHOWN]) or "nothing"
    return str(task.get("result", "done"))


def _box(found: dict[str, Any]) -> str:
    corners = ", ".join(f"{value:.0f}" for value in found["box"])
    return f"{found['label']} {found['score']:.2f} [{corners}]"
