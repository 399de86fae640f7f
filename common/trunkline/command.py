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
    """

    help: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]
    extra: str = ""
    requires: tuple[str, ...] = ()

    @property
    def missing(self) -> bool:
        """Whether one of the required libraries is not installed."""
        return any(find_spec(name) is None for name in self.requires)
