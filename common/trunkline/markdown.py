"""Tables as Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of `lines`; none where there are no rows."""
    return lines(head, rows) if rows else []


def lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose first column is words and the others numbers."""
    rule = "|" + "|".join(["---", *["---:"] * (len(head) - 1)]) + "|"
    return [_line(head), rule, *(_line(row) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
