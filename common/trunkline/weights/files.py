"""Whole folders or none, and one writer of a folder at a time."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from trunkline.errors import WeightsError
from trunkline.weights.store import home

Report = Callable[[str], None]
"""Takes one progress line."""

LOCK_TIMEOUT_S = 900.0


@contextmanager
def system_errors(doing: str) -> Iterator[None]:
    """Turn the system's errors (no such folder, no room, no permission) into WeightsErrors."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise WeightsError(
            f"cannot {doing}: {error.strerror or error}{where}; mend that, or name another folder "
            "(TRUNKLINE_HOME, or --output)"
        ) from error


@contextmanager
def replacing(folder: Path) -> Iterator[Path]:
    """A temporary folder that takes `folder`'s place when the block ends without an error."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".building-") as scratch:
        fresh = Path(scratch) / "new"
        fresh.mkdir()
        yield fresh
        if folder.exists():
            folder.replace(Path(scratch) / "old")
        fresh.replace(folder)


@contextmanager
def locked(root: Path, report: Report, timeout_s: float = LOCK_TIMEOUT_S) -> Iterator[None]:
    """Hold the lock of a folder tree; waits `timeout_s` for another process, then WeightsError.

    The lock file lies beside the user's store, so that a released bundle stays free of it.
    """
    locks = home() / "locks"
    with system_errors(f"write to {root}"):
        locks.mkdir(parents=True, exist_ok=True)
        root.mkdir(parents=True, exist_ok=True)
    name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
    lock = FileLock(locks / f"{name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        report(f"another process writes to {root}: waiting for it")
        try:
            lock.acquire(timeout=timeout_s)
        except Timeout as error:
            raise WeightsError(
                f"{root} has been locked by another process for {timeout_s:g} s: "
                "wait for it or end it, then run the command again"
            ) from error
    try:
        yield
    finally:
        lock.release()
