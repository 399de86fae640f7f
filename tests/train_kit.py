"""Made-up pictures and a copy of the released models, for trainings of a few steps."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from trunkline.types import TrunkSpec
from trunkline.weights import build, publish, sets
from trunkline.weights.conv import Conv
from trunkline.weights.manifest import Manifest
from trunkline.weights.store import bundle_root

XML = """<annotation><size><width>96</width><height>80</height><depth>3</depth></size>
<object><name>{name}</name><difficult>0</difficult><bndbox><xmin>{x}</xmin><ymin>{y}</ymin>
<xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object></annotation>"""
COLOURS = {"cat": (220, 40, 30), "boat": (30, 60, 220)}


def models(folder: Path) -> Path:
    """The released bundle, where a tail can be put into it."""
    return shutil.copytree(bundle_root(), folder / "models")


def vgg16(folder: Path) -> None:
    """A trunk of VGG16's shape in the model folder: one convolution of random weights."""
    from trunkline.weights.graph import Graph

    weights, rng = sets.get("vgg16", "oxford"), np.random.default_rng(8)
    patch = Conv(
        rng.normal(0, 2e-3, (512, 3, 16, 16)).astype(np.float16), np.zeros(512, np.float16)
    )
    graph = Graph("patches")
    x = graph.input("image", (3, 224, 224))
    y = graph.conv("0", x, patch, padding="tf-same", activation="relu", stride=16)
    graph.rename(y.name, "features")
    content = graph.model("features", ["N", *y.shape])
    spec = TrunkSpec("vgg16", "oxford", weights.cut, weights.shape, "ab" * 32, weights.preprocess)
    place = folder / "vgg16" / "oxford"
    entry = publish.write_trunk(place, spec, content, build.respond(content, weights), "# card")
    publish.write_manifest(place, Manifest(entry, ()))


def classes(folder: Path, count: int) -> Path:
    """`count` pictures of each of two classes: noise in two colours."""
    rng = np.random.default_rng(4)
    for name, colour in COLOURS.items():
        (folder / "classes" / name).mkdir(parents=True)
        for number in range(count):
            noisy(rng, colour, (60, 50)).save(folder / "classes" / name / f"{number}.png")
    return folder / "classes"


def boxes(folder: Path, count: int, split: str = "trainval", seed: int = 6) -> Path:
    """A VOC folder: a coloured rectangle on grey in each of `count` pictures."""
    rng = np.random.default_rng(seed)
    voc = folder / "VOC2007"
    for part in ("ImageSets/Main", "Annotations", "JPEGImages"):
        (voc / part).mkdir(parents=True, exist_ok=True)
    names = [f"{split}{number:04}" for number in range(count)]
    for number, name in enumerate(names):
        kind = list(COLOURS)[number % 2]
        x, y = (int(value) for value in rng.integers(1, 40, 2))
        image = noisy(rng, (128, 128, 128), (96, 80))
        image.paste(noisy(rng, COLOURS[kind], (40, 36)), (x - 1, y - 1))
        image.save(voc / "JPEGImages" / f"{name}.jpg", quality=95)
        text = XML.format(name=kind, x=x, y=y, x2=x + 39, y2=y + 35)
        (voc / "Annotations" / f"{name}.xml").write_text(text)
    (voc / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(names))
    return voc


def words(folder: Path, output: Path) -> list[str]:
    """The flags of a run on twelve pictures with boxes."""
    data = boxes(folder, 12)
    return ["--data", f"{data}:trainval", "--run", str(folder / "run"), "--output", str(output)]


def noisy(
    rng: np.random.Generator, colour: tuple[int, int, int], size: tuple[int, int]
) -> Image.Image:
    """One colour with noise on it; `size` is (width, height)."""
    pixels = rng.normal(colour, 25, (size[1], size[0], 3)).clip(0, 255)
    return Image.fromarray(pixels.astype(np.uint8))
