"""One training in a folder at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from trunkline.errors import TrunklineError
from trunkline.files import make_folder

NAME = ".lock"


@contextmanager
def alone(run: Path) -> Iterator[None]:
    """Keep a run's folder while the block lasts. Raises TrunklineError where another has it."""
    make_folder(run)
    lock = FileLock(run / NAME)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise TrunklineError(
            f"another training goes on in {run}: wait for it, or give another --run"
        ) from error
    except OSError as error:
        raise TrunklineError(f"cannot write to {run}: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()
