"""`trunkline.text`: names of any origin on a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.text import shown


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("grüne Äpfel/1.jpg", "grüne Äpfel/1.jpg"),
        ("a\x1b[31m.jpg", "a\\x1b[31m.jpg"),
        ("two\nlines", "two\\nlines"),
        ("a\udcff", "a\\udcff"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("a" * 300, "a" * 197 + "..."),
    ],
)
def test_what_cannot_be_shown_is_escaped(name: str, expected: str) -> None:
    assert shown(name) == expected


@given(st.text(st.characters()), st.integers(3, 40))
def test_it_can_always_be_printed(name: str, longest: int) -> None:
    found = shown(name, longest)
    assert found.isprintable()
    assert len(found) <= longest
    found.encode()
