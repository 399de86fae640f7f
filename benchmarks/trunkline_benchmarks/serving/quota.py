"""A share of a core for a process and its children, as a small edge device has it.

The kernel's own control group does it (docs.kernel.org/admin-guide/cgroup-v2, `cpu.max`; in the
older hierarchy `cpu.cfs_quota_us`), which takes root.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trunkline.errors import ParameterError, UnavailableError

PERIOD_US = 20_000
"""Shorter than the kernel's own 100 ms, which would let a picture through at full speed."""
_UNIFIED = Path("/sys/fs/cgroup")
_CPU = _UNIFIED / "cpu"


@contextmanager
def quota(cores: float) -> Iterator[Path]:
    """A control group that may use `cores` of a core; gives the file that takes process ids.

    Raises ParameterError, UnavailableError where this system does not let us make one.
    """
    if not 0.01 <= cores <= 1024:
        raise ParameterError(f"a quota of {cores} cores: expected 0.01 to 1024")
    folder = (_CPU if _CPU.is_dir() else _UNIFIED) / f"trunkline-benchmark-{os.getpid()}"
    allowed = round(cores * PERIOD_US)
    try:
        folder.mkdir(exist_ok=True)
        if _CPU.is_dir():
            (folder / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (folder / "cpu.cfs_quota_us").write_text(str(allowed))
        else:
            (folder / "cpu.max").write_text(f"{allowed} {PERIOD_US}")
    except OSError as error:
        raise UnavailableError(
            f"no CPU quota can be had ({error}): run as root on Linux, or leave the quotas out"
        ) from error
    try:
        yield folder / "cgroup.procs"
    finally:
        folder.rmdir()
