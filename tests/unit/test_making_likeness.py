"""`trunkline task check`: which files are of the same picture."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import imagehash
import pytest
from PIL import Image

from tests.check_kit import checked, fill, picture, texts
from trunkline import cli
from trunkline_training.making.commands import check as check_command


@pytest.fixture(autouse=True)
def command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "find_commands", lambda: {"task-check": check_command.command})


def coloured(image: Image.Image, red: int) -> Image.Image:
    """As bright everywhere, but as red as is said."""
    brightness = image.convert("L").point(lambda level: 90 + level // 4)
    flat = Image.new("L", image.size, 128)
    hue = Image.new("L", image.size, red)
    return Image.merge("YCbCr", (brightness, flat, hue)).convert("RGB")


def test_classes_that_differ_in_colour_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, red in (("ripe", 160), ("unripe", 90)):
        (tmp_path / name).mkdir()
        for number in range(10):
            coloured(picture(number), red).save(tmp_path / name / f"{number}.png")
    hashes = [imagehash.phash(Image.open(tmp_path / name / "0.png")) for name in ("ripe", "unripe")]
    assert hashes[0] == hashes[1]  # the brightness alone does not tell them apart
    found = checked(tmp_path, capsys)
    assert (found["classes"], found["findings"]) == ({"ripe": 10, "unripe": 10}, [])


def test_a_lamp_that_changes_its_colour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sixth of the sides, as bright as before."""
    for name, red in (("go", 90), ("stop", 190)):
        (tmp_path / name).mkdir()
        for number in range(10):
            image = coloured(picture(number), 128)
            lamp = (40, 30, 56, 43)
            image.paste(coloured(picture(number), red).crop(lamp), lamp)
            image.save(tmp_path / name / f"{number}.png")
    assert checked(tmp_path, capsys)["findings"] == []


def test_plain_colours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("light", "dark"):
        (tmp_path / name).mkdir()
    for red, green, blue in product((0, 100), repeat=3):
        for name, more in (("light", 150), ("dark", 0)):
            image = Image.new("RGB", (80, 80), (red + more, green + more, blue + more))
            image.save(tmp_path / name / f"{red} {green} {blue}.png")
    Image.new("RGB", (90, 90), (100, 0, 0)).save(tmp_path / "dark" / "again.jpg")
    found = checked(tmp_path, capsys)
    assert found["classes"] == {"dark": 8, "light": 8}
    assert found["findings"][1]["files"] == ["dark/100 0 0.png = dark/again.jpg"]


@pytest.mark.parametrize(("quality", "part"), [(60, 1), (95, 2), (60, 2)])
def test_copies_are_found_after_coding_and_scaling(
    tmp_path: Path, quality: int, part: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Most of them: a hash of 64 signs may lose one."""
    size = (320, 256)
    fill(tmp_path / "a", 20, 0, size)
    fill(tmp_path / "b", 20, 100, size)
    for number in range(20):
        copy = picture(number, size).resize((size[0] // part, size[1] // part))
        copy.save(tmp_path / "a" / f"copy{number}.jpg", quality=quality)
    found = checked(tmp_path, capsys)
    assert 20 <= found["classes"]["a"] <= 25
    assert "more than once, used once" in texts(found)[0]
