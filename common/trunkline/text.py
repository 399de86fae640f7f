"""Words of whatever origin, made fit to be shown."""

from __future__ import annotations


def one_line(text: str, longest: int) -> str:
    """Printable, on one line, at most `longest` characters: fit for a log, header or answer."""
    start = text[: 2 * longest]
    shown = "".join(letter if letter.isprintable() else " " for letter in start)
    return " ".join(shown.split())[:longest]
