"""The codec of requests that name none."""

from __future__ import annotations

from trunkline.codecs.spelled import Chosen, parse
from trunkline.errors import MissingExtraError

FALLBACK = "webp"
SUITED = {"mobilenet_v2": "bpg:qp=32,effort=1"}
"""By trunk. For 3 % more bytes effort 1 takes a fifth of the time on MobileNetV2's mosaics; on
VGG16's it would cost 28 %."""
OTHERS = "bpg:qp=32"


def choose(wished: str, trunk: str) -> tuple[Chosen, str]:
    """The codec that somebody wished for, or the one that suits a trunk; why where it is neither.

    A codec that is wished for by name is never replaced: MissingExtraError.
    """
    try:
        return parse(wished or SUITED.get(trunk, OTHERS)), ""
    except MissingExtraError as error:
        if wished:
            raise
        return parse(FALLBACK), f"default codec is {FALLBACK}: {error}"
