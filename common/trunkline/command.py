"""What a subcommand of `trunkline` is. Modules that define one import nothing heavy at the top."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True)
class Command:
    """A subcommand: `configure` adds its arguments, `run` does the work and gives the exit code.

    `requires` are the import names that it needs beyond the core; `extra` is what brings them.
    `broken` says why its module cannot be loaded at all.
    """

    help: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    extra: str = ""
    requires: tuple[str, ...] = ()
    broken: str = ""

    @property
    def lack(self) -> str:
        """What keeps the subcommand from running here, in words; empty where nothing does."""
        missing = any(find_spec(name) is None for name in self.requires)
        return self.broken or (f"needs trunkline[{self.extra}]" if missing else "")
