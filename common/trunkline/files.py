"""Files as the command line reads and writes them: whole or not at all, errors in one line."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable
from pathlib import Path

from trunkline.errors import TrunklineError


def read_bytes(path: Path) -> bytes:
    """A file's bytes. Raises TrunklineError with the system's reason."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise TrunklineError(f"cannot read {path}: {error.strerror}") from error


def write_bytes(path: Path, data: bytes) -> None:
    """`write_chunks` of one chunk."""
    write_chunks(path, [data])


def write_chunks(path: Path, chunks: Iterable[bytes]) -> None:
    """Write a file by renaming a finished one, so that nobody ever sees half of it.

    A symbolic link stays one; what is no file, such as a pipe or a device, is written to.
    Raises TrunklineError with the system's reason.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                file.writelines(chunks)
        else:
            _replace(path.resolve(), chunks)
    except OSError as error:
        raise TrunklineError(f"cannot write {path}: {error.strerror}") from error


def make_folder(path: Path) -> None:
    """Make a folder and its parents where there are none. Raises TrunklineError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrunklineError(f"cannot make the folder {path}: {error.strerror}") from error


def check_different(source: Path, target: Path) -> None:
    """Raise TrunklineError where writing `target` would destroy `source`."""
    if source.exists() and target.exists() and source.samefile(target):
        raise TrunklineError(f"{target} is the input: name another output")


def check_outside(place: Path, folder: Path, harm: str) -> None:
    """Raise TrunklineError where `place` lies in a folder, where it does the harm."""
    if place.resolve().is_relative_to(folder.resolve()):
        raise TrunklineError(f"{place} lies in {folder}, where {harm}: name another folder")


def check_writable(folder: Path) -> None:
    """Raise TrunklineError unless files can be put into a folder, which need not exist yet."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryDirectory(dir=there):
            pass
    except OSError as error:
        raise TrunklineError(f"cannot write to {folder}: {error.strerror}") from error


def _replace(path: Path, chunks: Iterable[bytes]) -> None:
    temporary = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        with temporary.open("xb") as file:
            file.writelines(chunks)
        temporary.replace(path)
    except BaseException:  # also when interrupted: nothing is left behind
        temporary.unlink(missing_ok=True)
        raise
