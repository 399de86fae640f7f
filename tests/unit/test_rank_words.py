"""Word vectors out of text files: both formats, names of several words, broken files."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from trunkline.errors import ParameterError, TrunklineError, UnknownNameError
from trunkline_training.making.choosing import words
from trunkline_training.making.choosing.word_file import LONGEST_LINE

GLOVE = """the 9 9 9
great 1 0 0
white 0 1 0
shark 0 0 1
Paris 3 0 0
paris 4 0 0
new york 7 7 7
three-toed 5 0 0
gold -1.5e0 2 0.25
gold 8 8 8
"""


def provider(path: Path, text: str | bytes = GLOVE) -> words.Words:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return words.load("file", path, print)


def vectors(tmp_path: Path, *names: str, text: str | bytes = GLOVE) -> list[list[float]]:
    found: list[list[float]] = provider(tmp_path / "w.txt", text).vectors(names).tolist()
    return found


def test_a_name_is_the_sum_of_its_words(tmp_path: Path) -> None:
    assert vectors(tmp_path, "great white shark", "great_shark", "shark") == [
        [1, 1, 1],
        [1, 0, 1],
        [0, 0, 1],
    ]


def test_headers_blank_lines_and_word2vecs_trailing_blanks(tmp_path: Path) -> None:
    text = "2 3\ncat 1 2 3 \n\ndog 4 5 6 \r\n"
    assert vectors(tmp_path, "dog", "cat", text=text) == [[4, 5, 6], [1, 2, 3]]


def test_as_written_then_small_then_in_parts(tmp_path: Path) -> None:
    assert vectors(tmp_path, "Paris", "PARIS", "Shark") == [[3, 0, 0], [4, 0, 0], [0, 0, 1]]
    assert vectors(tmp_path, "three-toed", "white-and-gold") == [[5, 0, 0], [-1.5, 3, 0.25]]


def test_the_first_vector_of_a_word_counts(tmp_path: Path) -> None:
    assert vectors(tmp_path, "gold") == [[-1.5, 2, 0.25]]


def test_a_word_with_a_blank_in_it_is_another_word(tmp_path: Path) -> None:
    text = GLOVE + "new 1 1 1\nat me@here.org 2 2 2\n"
    assert vectors(tmp_path, "new", text=text) == [[1, 1, 1]]
    with pytest.raises(TrunklineError, match="no word of 'at'"):
        vectors(tmp_path, "at", text=text)


def test_unknown_words_beside_known_ones_add_nothing(tmp_path: Path) -> None:
    assert vectors(tmp_path, "great qwx") == [[1, 0, 0]]


def test_names_without_a_known_word_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "w.txt"
    with pytest.raises(TrunklineError) as error:
        provider(path).vectors(["qwx", "shark", "blip_blop", "", "a\nb"])
    assert str(error.value).startswith(f"{path} has no word of 'qwx', 'blip_blop', '', 'a b': ")
    with pytest.raises(TrunklineError, match="and 15 more"):
        provider(path).vectors([f"x{number}" for number in range(35)])


def test_letters_of_any_alphabet(tmp_path: Path) -> None:
    assert vectors(tmp_path, "Äpfel", "猫", text="äpfel 1\n猫 2\n") == [[1], [2]]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("\n\n \n", "empty"),
        ("cat\n", "line 1: 0 values"),
        ("cat 1 2\nshark 1\n", "line 2: 1 values, expected 2"),
        ("cat 1 2\nshark 1 2 3\n", "line 2: 3 values, expected 2"),
        ("1 300\nshark 1 2 3\n", "line 2: 3 values, expected 300"),
        ("1 99999999999\nshark 1\n", "line 1: 99999999999 values"),
        ("shark 1 x\n", "line 1: a value that is no number"),
        ("cat 1 2\n\nshark nan 1\n", "line 3: a value that is not finite"),
        ("shark 1e400 1\n", "line 1: a value that is not finite"),
        ("shark -inf 1\n", "line 1: a value that is not finite"),
        ("shark 1e39 1\n", "line 1: a value that is not finite"),
        (b"3 2\nshark \x00\x01\x02\n", "line 2: no text"),
        (b"shark 1 2\n" + b"x" * (LONGEST_LINE + 1), "line 2: longer than"),
        (b"shark" + b" 1" * 9000, "line 1: 9000 values"),
    ],
)
def test_broken_files(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(TrunklineError) as error:
        vectors(tmp_path, "shark", text=text)
    assert reason in str(error.value)
    assert "give the text format of word2vec or GloVe" in str(error.value)
    assert "\n" not in str(error.value)


def test_only_what_is_needed_is_kept(tmp_path: Path) -> None:
    line = " ".join(["0.125"] * 300)
    path = tmp_path / "large.txt"
    with path.open("w") as file:
        file.writelines(f"w{number} {line}\n" for number in range(8000))
    found = words.load("file", path, print)
    tracemalloc.start()
    assert np.array_equal(found.vectors(["w7999"]), np.full((1, 300), 0.125))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < path.stat().st_size / 10


def test_files_that_are_none(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "lost", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(TrunklineError, match=f"cannot read {path}: {reason}"):
            words.load("file", path, print).vectors(["shark"])
    with pytest.raises(ParameterError, match="no file of word vectors"):
        words.load("file", None, print)


def test_where_they_come_from(tmp_path: Path) -> None:
    assert provider(tmp_path / "w.txt").origin == "word vectors of w.txt"
    with pytest.raises(UnknownNameError, match="expected one of file, minilm"):
        words.load("elmo", None, print)


def test_a_label_of_several_names_is_its_first() -> None:
    assert words.spoken("tench, Tinca tinca") == "tench"
    assert words.spoken("goldfish") == "goldfish"
    assert words.spoken(", x") == ", x"
