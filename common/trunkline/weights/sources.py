"""Where published weights come from, and how one verified file is found.

Order: an explicit path, `TRUNKLINE_WEIGHTS_DIR`, the download cache, the published source. Nothing
that was fetched is ever imported or executed; every file is checked against its sha256.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trunkline.errors import WeightsError
from trunkline.weights.files import Report, system_errors
from trunkline.weights.manifest import sha256_of
from trunkline.weights.store import ModelStore, bundle_root, home


class Source(Protocol):
    """One published file. `sha256` may be a prefix, where that is all its publisher gives."""

    @property
    def file(self) -> str:
        """The file's name, wherever it lies."""

    @property
    def sha256(self) -> str:
        """What it must hash to: all 64 hex digits, or the first of them."""

    @property
    def origin(self) -> str:
        """Where it is published, in words."""

    def fetch(self, target: Path, report: Report) -> None:
        """Fetch it to `target`, atomically; WeightsError where that fails."""


@dataclass(frozen=True)
class LocalFile:
    """A file that is published nowhere: it must be given."""

    file: str
    sha256: str
    origin: str = "no published address"

    def fetch(self, target: Path, report: Report) -> None:
        """Always a WeightsError: there is nothing to fetch it from."""
        raise WeightsError(f"{self.file} has {self.origin}")


def weights_dir() -> Path | None:
    """The folder named by `TRUNKLINE_WEIGHTS_DIR`, if any."""
    chosen = os.environ.get("TRUNKLINE_WEIGHTS_DIR")
    return Path(chosen) if chosen else None


def downloads() -> Path:
    """The download cache."""
    return home() / "downloads"


def resolve(
    sources: Sequence[Source],
    report: Report,
    explicit: Path | None = None,
    instead: str | None = None,
) -> tuple[Source, Path]:
    """The first of `sources` that can be had, and its verified path.

    `explicit` is a file, or a folder to look in instead of `TRUNKLINE_WEIGHTS_DIR`; `instead` says
    in an error what does without the file (None: the trunks that come along). Raises WeightsError
    that names every place looked at and the command that mends it; a file of the right name and
    the wrong content in a place that the user named is an error too.
    """
    names = " or ".join(source.file for source in sources)
    places: list[str] = []
    with system_errors(f"look for {names}"):
        if explicit is not None and not explicit.exists():
            raise WeightsError(
                f"{explicit} does not exist: expected {names}, or a folder that holds it"
            )
        found = _found(sources, report, explicit, places)
    if found is not None:
        return found
    otherwise = _released() if instead is None else instead
    raise WeightsError(
        f"no {names}; looked at: {'; '.join(places)}. Put the file into a folder and run the "
        f"command again with TRUNKLINE_WEIGHTS_DIR=FOLDER{otherwise}"
    )


def _found(
    sources: Sequence[Source], report: Report, explicit: Path | None, places: list[str]
) -> tuple[Source, Path] | None:
    """What `resolve` looks for; where it is not is added to `places`."""
    given = explicit or weights_dir()
    if given is not None:
        found = _given(sources, given)
        if found is not None:
            return found
        places.append(str(given) if given.exists() else f"{given}, which does not exist")
    if explicit is not None:
        return None
    for source in sources:
        path = downloads() / source.file
        if path.is_file() and matches(path, source.sha256):
            return source, path
    places.append(str(downloads()))
    downloads().mkdir(parents=True, exist_ok=True)
    for source in sources:
        try:
            return source, fetch(source, report)
        except WeightsError as error:
            places.append(str(error))
            report(f"{source.file}: {error}")
    return None


def _released() -> str:
    """What there is without this file, in words."""
    names = [f"{entry.name}/{entry.set}" for entry in ModelStore((bundle_root(),)).trunks()]
    return f", or use {' or '.join(names)}, which comes with trunkline" if names else ""


def fetch(source: Source, report: Report) -> Path:
    """Fetch one source into the download cache and check it; WeightsError where that fails."""
    path = downloads() / source.file
    with system_errors(f"fetch {source.file}"):
        source.fetch(path, report)
    if not matches(path, source.sha256):
        actual = sha256_of(path)
        path.unlink()
        raise WeightsError(
            f"{source.file} from {source.origin} has sha256 {actual}, expected {source.sha256}: "
            "what is published there has changed; it was thrown away"
        )
    return path


def matches(path: Path, sha256: str) -> bool:
    """Whether a file's hash begins with `sha256`."""
    return sha256_of(path).startswith(sha256)


def _given(sources: Sequence[Source], given: Path) -> tuple[Source, Path] | None:
    if given.is_file():
        for source in sources:
            if matches(given, source.sha256):
                return source, given
        raise WeightsError(
            f"{given} has sha256 {sha256_of(given)}: expected "
            + " or ".join(f"{source.sha256} ({source.file})" for source in sources)
        )
    for source in sources:
        path = given / source.file
        if not path.is_file():
            continue
        if not matches(path, source.sha256):
            raise WeightsError(
                f"{path} has sha256 {sha256_of(path)}, expected {source.sha256}: replace the file"
            )
        return source, path
    return None
