"""A table of words, for a terminal and as Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 100
GAP = "  "


@dataclass(frozen=True)
class Table:
    """A title, columns, rows of as many cells, and remarks below; the first column is words."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    remarks: Sequence[str] = ()

    def text(self) -> list[str]:
        """Lines for a terminal, columns aligned, remarks folded at WIDTH."""
        lines = [self.columns, *self.rows]
        widths = [max(len(row[index]) for row in lines) for index in range(len(self.columns))]
        shown = [GAP.join(_aligned(row, widths)).rstrip() for row in lines]
        shown.insert(1, GAP.join("-" * width for width in widths))
        folded = [line for text in self.remarks for line in textwrap.wrap(text, WIDTH)]
        return [self.title, "", *shown, *folded]

    def markdown(self) -> list[str]:
        """Lines of Markdown: a heading of the third level, the table, a list of remarks."""
        rule = ["---", *("--:" for _ in self.columns[1:])]
        rows = ["| " + " | ".join(row) + " |" for row in (self.columns, rule, *self.rows)]
        listed = [f"* {text}" for text in self.remarks]
        return [f"### {self.title}", "", *rows, *(["", *listed] if listed else [])]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    first, *others = zip(row, widths, strict=True)
    return [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
