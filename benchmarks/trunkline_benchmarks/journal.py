"""The journal of a long run: what is finished, line by line, so that a kill loses nothing.

JSON lines: a header with the run's configuration and its fingerprint, then one line a finished
shard, `{"shard": key, "rows": [...]}`, written and synced at once. A torn last line, which only a
kill in the middle of a write leaves, is cut off when the journal is opened again.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from trunkline.errors import TrunklineError
from trunkline.files import write_chunks
from trunkline.text import one_line
from trunkline_benchmarks.appended import Appended
from trunkline_benchmarks.shards import Row, Shard

GZIP = 16
"""What zlib adds to the window's bits for gzip's container instead of its own."""
LONGEST_VALUE = 60
"""Characters of a configuration's value in an error."""


def line(value: Mapping[str, Any]) -> bytes:
    """One JSON line. Raises ValueError for NaN and infinity, which are not JSON."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def fingerprint(configuration: Mapping[str, Any]) -> str:
    """What tells one run's configuration, JSON values, from another's; hex."""
    return hashlib.sha256(json.dumps(configuration, sort_keys=True).encode()).hexdigest()


class Journal:
    """The journal at `path` of the run with this configuration; begun, or taken up again.

    Raises TrunklineError for another run's journal, one that is in use, and damage.
    """

    def __init__(self, path: Path, configuration: Mapping[str, Any]) -> None:
        self.path = path
        self._file = Appended(path)
        self._places: dict[str, tuple[int, int]] = {}
        try:
            self._read(dict(configuration))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    @property
    def done(self) -> frozenset[str]:
        """The keys of the finished shards."""
        return frozenset(self._places)

    def add(self, key: str, rows: Iterable[Row]) -> None:
        """Keep a finished shard. Raises TrunklineError where the disk is full; see `Appended`."""
        if key in self._places:
            raise TrunklineError(f"shard {key!r} is in {self.path} already: expected it once")
        data = line({"shard": key, "rows": list(rows)})
        self._places[key] = (self._file.append(data), len(data))

    def rows(self, shards: Iterable[Shard]) -> Iterator[Row]:
        """The rows of these shards, in their order. Raises TrunklineError where one is missing."""
        for shard in shards:
            if shard.key not in self._places:
                raise TrunklineError(f"shard {shard.key!r} is not in {self.path}: run it first")
            yield from json.loads(self._file.read(*self._places[shard.key]))["rows"]

    def write_results(
        self, path: Path, shards: Iterable[Shard], header: Mapping[str, Any] | None = None
    ) -> None:
        """All rows in the shards' order as JSON lines, behind `header`; whole or not at all.

        A path ending in `.gz` is compressed, the same bytes for the same rows.
        """
        lines = map(line, chain([] if header is None else [header], self.rows(shards)))
        write_chunks(path, _compressed(lines) if path.suffix == ".gz" else lines)

    def _read(self, configuration: dict[str, Any]) -> None:
        content = self._file.read(0, self._file.size)
        lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
        if lines:
            self._check_header(_parsed(self.path, 1, lines[0], ("configuration",)), configuration)
        elif not _BEGINNING.startswith(content[: len(_BEGINNING)]):  # nor the torn half of one
            raise TrunklineError(f"{self.path} is no journal: {_REMEDY}")
        offset = 0
        for number, data in enumerate(lines, start=1):
            if number > 1:
                self._place(_parsed(self.path, number, data, ("shard", "rows")), offset, len(data))
            offset += len(data)
        self._file.truncate(offset)
        if not lines:
            self._file.append(
                line({"fingerprint": fingerprint(configuration), "configuration": configuration})
            )

    def _place(self, finished: dict[str, Any], offset: int, length: int) -> None:
        key = finished["shard"]
        if key in self._places:
            raise TrunklineError(f"{self.path} has shard {key!r} twice: {_REMEDY}")
        self._places[key] = (offset, length)

    def _check_header(self, header: dict[str, Any], ours: dict[str, Any]) -> None:
        if header.get("fingerprint") == fingerprint(ours):
            return
        theirs = header["configuration"]
        differing = [
            f"{name} was {_short(theirs.get(name))}, is {_short(ours.get(name))}"
            for name in sorted({*theirs, *ours})
            if json.dumps(theirs.get(name), sort_keys=True)
            != json.dumps(ours.get(name), sort_keys=True)
        ]
        raise TrunklineError(
            f"{self.path} belongs to another run: {'; '.join(differing)}; go on with that run's "
            "options, or name another output"
        )


_BEGINNING = b'{"fingerprint":'
_REMEDY = "delete it and start again, or name another output"


def _parsed(path: Path, number: int, data: bytes, keys: tuple[str, ...]) -> dict[str, Any]:
    """One whole line of a journal."""
    try:
        value = json.loads(data)
    except ValueError:
        value = None
    if not isinstance(value, dict) or not all(key in value for key in keys):
        raise TrunklineError(f"{path} is damaged in line {number}: {_REMEDY}")
    return value


def _compressed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The chunks as one gzip member without name and time."""
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS + GZIP)
    for chunk in chunks:
        yield packer.compress(chunk)
    yield packer.flush()


def _short(value: object) -> str:
    text = json.dumps(value, sort_keys=True)
    return text if len(text) <= LONGEST_VALUE else one_line(text, LONGEST_VALUE) + "..."
