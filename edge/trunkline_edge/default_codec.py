"""The codec of requests that name none."""

from __future__ import annotations

from trunkline.codecs.spelled import Chosen, parse
from trunkline.errors import MissingExtraError

FALLBACK = "webp"


def choose(text: str, *, wished: bool) -> tuple[Chosen, str]:
    """The default codec and, where it is not the one in `text`, why.

    A codec that somebody `wished` for by name is never replaced: MissingExtraError.
    """
    try:
        return parse(text), ""
    except MissingExtraError as error:
        if wished:
            raise
        return parse(FALLBACK), f"default codec is {FALLBACK}: {error}"
