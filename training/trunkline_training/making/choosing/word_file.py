"""`file`: word vectors out of a text file of word2vec or GloVe, a line `word v1 v2 ...` each.

A name of several words is the sum of its words' vectors (the published method's rule). A word is
looked for as it is written, then in small letters, then in parts where it has hyphens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from trunkline.errors import ParameterError, TrunklineError
from trunkline.text import one_line
from trunkline.weights.files import Report
from trunkline_training.making.choosing.words import Vectors, Words

LONGEST_LINE = 1 << 18
"""Bytes: far more than a word and MOST_VALUES."""
MOST_VALUES = 8192
"""Of a vector."""
LARGEST = float(np.finfo(np.float32).max)
SHOWN = 20
"""Unknown names that an error repeats."""


class WordFile(Words):
    """The file is read through once for every call; only the words of the names are kept."""

    def __init__(self, place: Path | None, report: Report) -> None:
        if place is None:
            raise ParameterError("no file of word vectors: expected its path; name it with --words")
        self._path = place

    @property
    def origin(self) -> str:
        """The file's name."""
        return f"word vectors of {self._path.name}"

    def vectors(self, names: Sequence[str]) -> Vectors:
        """Sums of the words' vectors; a word that is unknown beside known ones adds nothing.

        Raises TrunklineError for a file that cannot be read or has damaged lines, and with the
        names none of whose words are in it.
        """
        wanted = {form for name in names for word in _words(name) for form in _forms(word)}
        known = self._read({form.encode() for form in wanted})
        sums = [_sum(name, known) for name in names]
        unknown = [name for name, found in zip(names, sums, strict=True) if found is None]
        if unknown:
            shown = ", ".join(repr(one_line(name, 60)) for name in unknown[:SHOWN])
            more = f" and {len(unknown) - SHOWN} more" if len(unknown) > SHOWN else ""
            raise TrunklineError(
                f"{self._path} has no word of {shown}{more}: expected one of each name at least; "
                "rename the classes, or take a file of more words"
            )
        return np.array([found for found in sums if found is not None])

    def _read(self, wanted: set[bytes]) -> dict[str, Vectors]:
        try:
            with self._path.open("rb") as file:
                return _parse(file, wanted)
        except OSError as error:
            raise TrunklineError(f"cannot read {self._path}: {error.strerror}") from error
        except ValueError as error:
            raise TrunklineError(
                f"{self._path}, {error}; give the text format of word2vec or GloVe"
            ) from error


def _words(name: str) -> list[str]:
    """A name's words: what blanks and underscores part."""
    return [word for word in re.split(r"[\s_]+", name) if word]


def _forms(word: str) -> Iterator[str]:
    """Everything that `_vector` may look for."""
    for part in (word, *_parts(word)):
        yield from (part, part.lower())


def _parts(word: str) -> list[str]:
    return [part for part in re.split(r"\W+", word) if part]


def _sum(name: str, known: dict[str, Vectors]) -> Vectors | None:
    found = [vector for word in _words(name) for vector in _vectors(word, known)]
    return np.sum(found, axis=0) if found else None


def _vectors(word: str, known: dict[str, Vectors]) -> list[Vectors]:
    """The word's own vector, else those of its parts that have one."""
    for parts in ([word], _parts(word)):
        keys = [part if part in known else part.lower() for part in parts]
        found = [known[key] for key in keys if key in known]
        if found:
            return found
    return []


def _parse(file: BinaryIO, wanted: set[bytes]) -> dict[str, Vectors]:
    """The wanted words' vectors; the first of a word counts. ValueError says which line is bad."""
    known: dict[bytes, Vectors] = {}
    size = 0
    for number, fields in _lines(file):
        if number == 1:
            header = len(fields) == 2 and all(field.isdigit() for field in fields)
            size = int(fields[1]) if header else len(fields) - 1
            if not 1 <= size <= MOST_VALUES:
                raise ValueError(f"line 1: {size} values, expected a word and 1 to {MOST_VALUES}")
            if header:
                continue
        word = fields[0]
        if word in wanted and word not in known:
            vector = _vector(fields, size, number)
            if vector is not None:
                known[word] = vector
    if not size:
        raise ValueError("empty: expected a word and its vector on each line")
    return {word.decode(): vector for word, vector in known.items()}


def _lines(file: BinaryIO) -> Iterator[tuple[int, list[bytes]]]:
    """Each line's number and its fields; blank lines are passed over."""
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise ValueError(f"line {number}: longer than {LONGEST_LINE} bytes")
        if b"\0" in line:
            raise ValueError(f"line {number}: no text")
        if fields := line.split():
            yield number, fields


def _vector(fields: list[bytes], size: int, number: int) -> Vectors | None:
    """The values behind a word; None where the line is another word's, which has blanks in it."""
    extra = len(fields) - 1 - size
    if extra > 0 and not all(_is_number(field) for field in fields[1 : 1 + extra]):
        return None
    if extra:
        raise ValueError(f"line {number}: {len(fields) - 1} values, expected {size}")
    try:
        vector = np.array([float(field) for field in fields[1:]])
    except ValueError as error:
        raise ValueError(f"line {number}: a value that is no number") from error
    if not (np.abs(vector) <= LARGEST).all():  # so that NaN is refused too
        raise ValueError(f"line {number}: a value that is not finite")
    return vector


def _is_number(field: bytes) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
