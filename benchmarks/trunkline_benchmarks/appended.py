"""A file that only grows, has one writer, and never keeps half of what was written."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path

from trunkline.errors import TrunklineError
from trunkline.files import make_folder


class Appended:
    """The file at `path`, made where there is none, locked for as long as it is open.

    Whatever ends the process, kill -9 included, the lock goes with it, and what `append` had
    returned from is there. Raises TrunklineError where the file cannot be had.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise TrunklineError(f"cannot open {path}: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._file)
            raise TrunklineError(
                f"{path} is being written by another run: wait for that, or name another output"
            ) from error
        status = os.fstat(self._file)
        if not stat.S_ISREG(status.st_mode):
            os.close(self._file)
            raise TrunklineError(f"{path} is no regular file: name another output")
        self.size = status.st_size

    def __enter__(self) -> Appended:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file and its lock go."""
        os.close(self._file)

    def append(self, data: bytes) -> int:
        """Write all of `data` at the end and wait for the disk; gives the offset it begins at.

        Raises TrunklineError, with nothing of `data` left in the file, where it cannot.
        """
        start, rest = self.size, memoryview(data)
        try:
            while rest:  # a write that is cut short is followed by one that says why
                rest = rest[os.pwrite(self._file, rest, self.size) :]
                self.size = start + len(data) - len(rest)
            os.fsync(self._file)
        except OSError as error:
            self.truncate(start)
            raise TrunklineError(
                f"cannot write {self.path}: {error.strerror}; what was finished is kept: make "
                "room and run the same command again"
            ) from error
        return start

    def truncate(self, size: int) -> None:
        """Cut off what lies behind `size` bytes."""
        os.ftruncate(self._file, size)
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes from `offset`."""
        return os.pread(self._file, length, offset)
