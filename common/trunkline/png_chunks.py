"""A PNG's chunks (PNG specification, section 5.3: length, type, data, CRC)."""

from __future__ import annotations

from collections.abc import Iterator

SIGNATURE = 8
"""Bytes before the first chunk."""


def chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type of every chunk of the file `data`, and where its own data begin and end.

    The lengths are the file's: what they say may lie behind its end, and so does the last CRC then.
    """
    at = SIGNATURE
    while at < len(data):
        start = at + 8
        end = start + int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : start], start, end
        at = end + 4
