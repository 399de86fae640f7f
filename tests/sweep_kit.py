"""Small data sets for tests of the sweep, cut out of the demo's photographs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from tests.samples import photograph

CLASSES = {"chelsea": "n02124075", "coffee": "n07920052", "rocket": "n03240683"}
"""Photographs with the WordNet ids of what the released tail sees in them."""
INDICES = {"chelsea": 285, "coffee": 967, "rocket": 540}
OBJECTS = {"chelsea": "cat", "astronaut": "person"}

ANNOTATION = """<annotation><filename>{name}.jpg</filename>
<size><width>{width}</width><height>{height}</height><depth>3</depth></size>
{objects}</annotation>"""
OBJECT = """<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>
<xmin>{x1}</xmin><ymin>{y1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>"""


def without_plots(patch: pytest.MonkeyPatch) -> None:
    """Spare a test that is not about them the seconds that they take."""
    patch.setattr("trunkline_benchmarks.sweep.plots.draw", lambda swept, folder: [])


def crops(names: Sequence[str], count: int) -> Iterator[tuple[str, Image.Image]]:
    """Squares of 160 pixels out of these photographs, each another one, with its photograph."""
    for number in range(count):
        name = names[number % len(names)]
        image = photograph(name)
        side = min(image.size)
        off = number * 3 % 40
        box = (off, off // 2, off + side - 40, off // 2 + side - 40)
        yield name, image.crop(box).resize((160, 160))


def class_folder(root: Path, count: int) -> Path:
    """`WordNet id/file.JPEG`."""
    for number, (name, image) in enumerate(crops(list(CLASSES), count)):
        folder = root / CLASSES[name]
        folder.mkdir(parents=True, exist_ok=True)
        image.save(folder / f"val_{number:04}.JPEG", "JPEG", quality=90)
    return root


def voc_kit(root: Path, count: int, split: str = "test") -> Path:
    """`VOCdevkit` with one year, an object a picture that fills it."""
    year = root / "VOC2007"
    names = []
    for number, (name, image) in enumerate(crops(list(OBJECTS), count)):
        names.append(f"{number:06}")
        annotate(year, names[-1], [(OBJECTS[name], 0, (1, 1, 160, 160))])
        (year / "JPEGImages").mkdir(exist_ok=True)
        image.save(year / "JPEGImages" / f"{names[-1]}.jpg", quality=90)
    lists = year / "ImageSets" / "Main"
    lists.mkdir(parents=True)
    (lists / f"{split}.txt").write_text("\n".join(names) + "\n")
    return root


def annotate(
    year: Path,
    picture: str,
    objects: Sequence[tuple[str, int, tuple[int, int, int, int]]],
    size: tuple[int, int] = (160, 160),
) -> None:
    """Write a picture's XML: (class, difficult, box in pixels from 1 on), and (width, height)."""
    parts = [
        OBJECT.format(name=name, difficult=difficult, x1=x1, y1=y1, x2=x2, y2=y2)
        for name, difficult, (x1, y1, x2, y2) in objects
    ]
    (year / "Annotations").mkdir(parents=True, exist_ok=True)
    text = ANNOTATION.format(name=picture, width=size[0], height=size[1], objects="".join(parts))
    (year / "Annotations" / f"{picture}.xml").write_text(text)
