"""Standard error for Python alone: C libraries write lines of their own kind there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from typing import TextIO

_STDERR = 2


@contextmanager
def without_libraries() -> Iterator[TextIO]:
    """Inside, only what Python writes reaches standard error; gives the stream for logs.

    libtiff says on file descriptor 2 what it thinks of a picture: a client could fill a log of
    JSON with lines that are none. For entry points only: it changes the whole process.
    """
    with os.fdopen(os.dup(_STDERR), "w", buffering=1) as own, redirect_stderr(own):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDERR)
        os.close(nowhere)
        try:
            yield own
        finally:
            os.dup2(own.fileno(), _STDERR)
