"""Tables as Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table whose first column is text and the others numbers; none without rows."""
    if not rows:
        return []
    line = "|---" + "|---:" * (len(head) - 1) + "|"
    return [_join(head), line, *(_join(row) for row in rows)]


def _join(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
