"""Tables as Markdown."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """The lines of `lines`; none where there are no rows."""
    return lines(head, rows, words) if rows else []


def lines(head: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> list[str]:
    """A table whose first columns, so many, are words and the others numbers."""
    rule = "|" + "|".join([*["---"] * words, *["---:"] * (len(head) - words)]) + "|"
    return [_line(head), rule, *(_line(row) for row in rows)]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
