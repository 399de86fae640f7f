"""Any folder of pictures, for measurements that need no truth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trunkline_training import pictures
from trunkline_training.datasets.abc import Layout, Picture


class Plain(Layout):
    """Every picture below the folder, sorted by path."""

    truth = ""
    expected = "pictures, in any folders"

    def fits(self, root: Path) -> bool:
        """Any folder will do."""
        return root.is_dir()

    def pictures(self, root: Path, split: str, labels: Sequence[str]) -> list[Picture]:
        """All of them, or those below the folder `split`."""
        below = root / split
        return [
            Picture(path.relative_to(below).as_posix(), path) for path in pictures.folder(below)
        ]
