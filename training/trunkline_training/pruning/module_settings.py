"""What can be set of the pruning of a module."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModulePruning:
    """Settings."""
