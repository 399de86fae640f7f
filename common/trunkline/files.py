"""Files as the command line reads and writes them: whole or not at all, errors in one line."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from trunkline.errors import TrunklineError


def read_bytes(path: Path) -> bytes:
    """A file's bytes. Raises TrunklineError with the system's reason."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrunklineError(f"cannot read {path}: {error.strerror}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file by renaming a finished one, so that nobody ever sees half of it.

    Raises TrunklineError with the system's reason.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            temporary = Path(file.name)
            file.write(data)
        try:
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        except OSError:
            temporary.unlink()
            raise
    except OSError as error:
        raise TrunklineError(f"cannot write {path}: {error.strerror}") from error


def _umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
