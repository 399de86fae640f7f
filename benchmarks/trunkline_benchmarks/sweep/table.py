"""A table, as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from trunkline import markdown
from trunkline_benchmarks.sweep.tasks import Change

NOTHING = "–"


@dataclass(frozen=True)
class Table:
    """`header` names the columns with their units; the first column is words, the others numbers.

    Columns may be grouped: `groups` are (title, number of columns), for all but the first column.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    groups: Sequence[tuple[str, int]] = ()

    def markdown(self) -> list[str]:
        """Lines; a group's title stands before each of its columns' names."""
        prefixes = [
            f"{title} " if title else "" for title, count in self.groups for _ in range(count)
        ]
        named = [f"{prefix}{name}" for prefix, name in zip(prefixes, self.header[1:], strict=False)]
        header = [self.header[0], *(named or self.header[1:])]
        lines = [f"### {self.title}", "", *markdown.lines(header, self.rows)]
        return [*lines, "", *([self.note, ""] if self.note else [])]

    def html(self) -> str:
        """A section."""
        groups = "".join(
            f'<th colspan="{n}" scope="colgroup">{escape(t)}</th>' for t, n in self.groups
        )
        above = f"<tr><td></td>{groups}</tr>" if groups else ""
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.header)
        body = "".join(f"<tr>{_cells(row)}</tr>" for row in self.rows)
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        return (
            f"<section><h3>{escape(self.title)}</h3><div class=scroll><table><thead>{above}"
            f"<tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{note}</section>"
        )


def _cells(row: Sequence[str]) -> str:
    first, *others = row
    return f'<th scope="row">{escape(first)}</th>' + "".join(
        f"<td>{escape(it)}</td>" for it in others
    )


def number(value: float | None, digits: int = 2) -> str:
    """A figure, or what stands for none."""
    return NOTHING if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 2) -> str:
    """A change; a minus that is one, and no minus nought."""
    if value is None:
        return NOTHING
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else f"{0:.{digits}f}"


def changed(change: Change | None) -> str:
    """A change with the interval around it."""
    if change is None:
        return NOTHING
    return f"{signed(change.points)} [{signed(change.low)}, {signed(change.high)}]"
