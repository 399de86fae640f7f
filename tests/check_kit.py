"""Folders of drawn pictures, and what `trunkline task check` says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trunkline import cli


def picture(seed: int, size: tuple[int, int] = (96, 80)) -> Image.Image:
    """Soft coloured fields, others for each seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def fill(folder: Path, count: int, first: int = 0, size: tuple[int, int] = (96, 80)) -> None:
    """A folder of `count` pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        picture(number, size).save(folder / f"{number:03}.jpg", quality=95)


def checked(
    root: Path, capsys: pytest.CaptureFixture[str], code: int = 0, *flags: str
) -> dict[str, Any]:
    """What `task check --json` prints."""
    assert cli.main(["task", "check", str(root), "--json", *flags]) == code
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def texts(document: dict[str, Any]) -> list[str]:
    """Its findings."""
    return [f"{finding['level']}: {finding['text']}" for finding in document["findings"]]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line that `task check` ends with."""
    assert cli.main(["task", "check", *words]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    return err
