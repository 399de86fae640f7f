"""Which tasks an edge has: those of its settings, and what was changed while it ran.

The changes are kept in a file, so that they outlive a restart and reach every process of the edge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filelock import FileLock

from trunkline.errors import TrunklineError
from trunkline.files import make_folder, write_bytes

Stamp = tuple[int, int, int]
"""What tells one state of the file from another: inode, size, time of its last change."""


class TaskList:
    """The tasks by name with their addresses. One instance a process; the file is for all."""

    def __init__(self, settled: Mapping[str, str], path: Path | None) -> None:
        """`settled` are those of the settings; without a `path` nothing can be changed."""
        self._settled = dict(settled)
        self._path = path
        self._seen: Stamp | None = None

    def read(self) -> dict[str, str]:
        """All tasks as they are now. Raises TrunklineError for a damaged file."""
        self._seen = self._stamp()
        changes = self._changes()
        kept = {n: address for n, address in self._settled.items() if n not in changes["removed"]}
        return {**kept, **changes["added"]}

    def changed(self) -> bool:
        """Whether any process has changed the list since this one read it."""
        return self._path is not None and self._stamp() != self._seen

    def put(self, name: str, address: str) -> None:
        """Add a task, or give it another address. Raises TrunklineError where it cannot be kept."""

        def add(changes: dict[str, Any]) -> None:
            changes["added"][name] = address

        self._change(add)

    def remove(self, name: str) -> None:
        """Take a task out. Raises TrunklineError where that cannot be kept."""

        def drop(changes: dict[str, Any]) -> None:
            changes["added"].pop(name, None)
            if name in self._settled:
                changes["removed"] = sorted({*changes["removed"], name})

        self._change(drop)

    def _change(self, change: Callable[[dict[str, Any]], None]) -> None:
        if self._path is None:
            raise TrunklineError("no file to keep changes of the tasks in")
        make_folder(self._path.parent)
        with FileLock(self._path.with_suffix(".lock")):
            changes = self._changes()
            change(changes)
            write_bytes(self._path, json.dumps(changes, indent=1).encode() + b"\n")

    def _changes(self) -> dict[str, Any]:
        if self._path is None or not self._path.exists():
            return {"added": {}, "removed": []}
        try:
            changes = json.loads(self._path.read_text(encoding="utf-8"))
            return {"added": _texts(changes["added"]), "removed": list(changes["removed"])}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise TrunklineError(
                f"{self._path} is no list of changed tasks: mend it, or remove it to have those of "
                "the settings again"
            ) from error

    def _stamp(self) -> Stamp | None:
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns


def _texts(found: Mapping[str, Any]) -> dict[str, str]:
    """The mapping itself. Raises TypeError where it holds anything but text."""
    if not all(isinstance(address, str) for address in found.values()):
        raise TypeError(found)
    return dict(found)
