"""Words of whatever origin, made fit to be shown."""

from __future__ import annotations

from collections.abc import Iterable

LONGEST_LINE = 200


def one_line(text: str, longest: int) -> str:
    """Printable, on one line, at most `longest` characters: fit for a log, header or answer."""
    start = text[: 2 * longest]
    shown = "".join(letter if letter.isprintable() else " " for letter in start)
    return " ".join(shown.split())[:longest]


def is_line(text: str) -> bool:
    """Whether it is a name that can be shown as it is: printable, at most LONGEST_LINE characters.

    Labels and the names of models are held to it, by who makes them and by who is sent them.
    """
    return text.isprintable() and len(text) <= LONGEST_LINE


def one_of(values: Iterable[object]) -> str:
    """What may be chosen, in words: "8, 10 or 16"."""
    *others, last = map(str, values)
    return f"{', '.join(others)} or {last}" if others else last


def shown(text: str, longest: int = 200) -> str:
    """Printable, on one line: what cannot be shown is escaped as Python would."""
    start = text[: longest + 1]
    escaped = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in start)
    return escaped if len(escaped) <= longest else f"{escaped[: longest - 3]}..."
