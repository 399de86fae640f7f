"""A frame's fields as `encode --json` and `decode` show them."""

from __future__ import annotations

from typing import Any

from trunkline.types import Frame


def of(frame: Frame) -> dict[str, Any]:
    """All but the payload itself; what a frame lacks is None."""
    quantiser = frame.quantiser
    return {
        "trunk": frame.trunk,
        "cut": frame.cut,
        "digest": frame.digest,
        "shape": frame.shape,
        "codec": frame.codec,
        "params": dict(frame.params),
        "arrangement": frame.arrangement,
        "min": quantiser.min if quantiser else None,
        "max": quantiser.max if quantiser else None,
        "bits": quantiser.bits if quantiser else None,
        "image_size": frame.image_size,
        "capture_time": frame.capture_time,
        "payload_bytes": len(frame.payload),
    }
