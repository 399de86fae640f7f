"""Both fits from pictures to a model folder, on random networks and made-up pictures."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from trunkline.errors import TrunklineError, WeightsError
from trunkline.types import TrunkSpec
from trunkline.weights import ModelStore, TrunkEntry, build, publish, sets, sources
from trunkline.weights.conv import Conv
from trunkline.weights.manifest import Manifest
from trunkline.weights.sets import Network, WeightSet

pytest.importorskip("onnx")
pytest.importorskip("torchvision")
pytestmark = pytest.mark.torch

XML = """<annotation><size><width>64</width><height>48</height><depth>3</depth></size>
<object><name>cat</name><difficult>0</difficult>
<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>32</xmax><ymax>32</ymax></bndbox></object></annotation>"""


def random_conv(rng: np.random.Generator, out: int, per_group: int, kernel: int) -> Conv:
    spread = (2 / (per_group * kernel * kernel)) ** 0.5
    weight = rng.normal(0, spread, (out, per_group, kernel, kernel))
    return Conv(weight.astype(np.float16), rng.normal(0, 0.1, out).astype(np.float16))


def random_convs(seed: int) -> dict[str, Conv]:
    """A MobileNetV2 of random weights."""
    from trunkline.weights.mobilenet_v2 import BLOCKS

    rng = np.random.default_rng(seed)
    convs = {"0": random_conv(rng, 32, 3, 3), "18": random_conv(rng, 1280, 320, 1)}
    for block in BLOCKS.values():
        width = block.channels_in * (6 if block.expands else 1)
        if block.expands:
            convs[block.parts[0]] = random_conv(rng, width, block.channels_in, 1)
        convs[block.parts[-2]] = random_conv(rng, width, 1, 3)
        convs[block.parts[-1]] = random_conv(rng, block.channels_out, width, 1)
    return convs


def random_network(name: str) -> tuple[WeightSet, Network]:
    rng = np.random.default_rng(9)
    linear = rng.normal(0, 0.03, (1000, 1280)).astype(np.float16), np.zeros(1000, np.float16)
    seed = 0 if name == "keras-160" else 1
    return sets.get("mobilenet_v2", name), Network(random_convs(seed), linear)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder's layout with a few pictures of noise."""
    root = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(2)
    voc = root / "VOCdevkit" / "VOC2007"
    for folder in ("ImageSets/Main", "Annotations", "JPEGImages"):
        (voc / folder).mkdir(parents=True)
    names = [f"{number:06}" for number in range(6)]
    for name in names:
        (voc / "Annotations" / f"{name}.xml").write_text(XML)
        noise(rng).save(voc / "JPEGImages" / f"{name}.jpg")
    for split, chosen in (("trainval", names[:4]), ("test", names[4:])):
        (voc / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(chosen))
    for folder in ("caltech101", "cats_dogs", "imagenet_val_1300"):
        (root / folder).mkdir()
        noise(rng).save(root / folder / "a.png")
    with (root / "imagenet_val_1300" / "manifest.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "class_index"], ["a.png", "7"]])
    return root


def noise(rng: np.random.Generator) -> Image.Image:
    return Image.fromarray(rng.integers(0, 256, (48, 64, 3), np.uint8))


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder with both random trunks, which the fits take for the published ones."""
    from trunkline_training import classifier, ssd

    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    for module in (classifier, ssd):
        monkeypatch.setattr(module, "published", lambda name, report: random_network(name))
    write_trunk(tmp_path / "models", "keras-160")
    return tmp_path / "models"


def write_trunk(root: Path, name: str) -> TrunkEntry:
    weights, network = random_network(name)
    spec = TrunkSpec(
        name=weights.trunk,
        set=weights.name,
        cut=weights.cut,
        shape=weights.shape,
        digest=sets.digest(weights, network),
        preprocess=weights.preprocess,
    )
    content = weights.trunk_model(network)
    folder = root / weights.trunk / weights.name
    entry = publish.write_trunk(folder, spec, content, build.respond(content, weights), "card")
    publish.write_manifest(folder, Manifest(entry, ()))
    return entry


def test_a_classifier_is_fitted_scored_and_written(data: Path, output: Path) -> None:
    from trunkline_training import release
    from trunkline_training.classifier import ClassifierFit

    metrics = release.fit_classifier(ClassifierFit(data, threads=1), output, print)
    assert (metrics["fit_pictures"], metrics["fit_views"], metrics["pictures"]) == (6, 12, 1)
    tail = ModelStore((output,)).tail("mobilenet_v2", "keras-160", "classifier")
    assert tail.metrics == metrics
    assert len(tail.labels()) == 1000
    assert tail.verified_path().stat().st_size < 10_000_000
    assert tail.digest in tail.card.text()
    written = json.loads((tail.folder / "classifier.metrics.json").read_text())
    assert written["trunk"] == tail.digest
    first = tail.sha256
    release.fit_classifier(ClassifierFit(data, threads=1), output, print)
    again = ModelStore((output,)).tail("mobilenet_v2", "keras-160", "classifier")
    assert again.sha256 == first


def test_a_tail_for_another_trunk_is_not_written(
    data: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trunkline_training import classifier, release
    from trunkline_training.classifier import ClassifierFit

    def other(name: str, report: object) -> tuple[WeightSet, Network]:
        return random_network(name)[0], random_network("torchvision-v1")[1]

    monkeypatch.setattr(classifier, "published", other)
    with pytest.raises(WeightsError, match="was made for trunk"):
        release.fit_classifier(ClassifierFit(data, threads=1), output, print)
    assert ModelStore((output,)).tails() == []


def test_missing_data_is_named(tmp_path: Path, output: Path) -> None:
    from trunkline_training import release
    from trunkline_training.classifier import ClassifierFit

    with pytest.raises(TrunklineError, match="check --data"):
        release.fit_classifier(ClassifierFit(tmp_path, threads=1), output, print)


def test_a_detector_is_fitted_whole_for_the_released_set_and_as_a_stitch_for_others(
    data: Path, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trunkline.weights import recipes
    from trunkline_training import release, ssdlite
    from trunkline_training.ssd import SsdFit

    detector = random_detector()
    monkeypatch.setattr(ssdlite, "read", lambda path: detector)
    monkeypatch.setattr(sources, "resolve", lambda wanted, report: (wanted[0], Path("x")))
    monkeypatch.setattr(recipes, "bundle_root", lambda: output)
    metrics = release.fit_ssd(SsdFit(data, threads=1), output, print)
    assert metrics["fit_pictures"] == 4
    assert metrics["pictures"] == 2
    assert 0 < metrics["fit_explained"] <= 1
    release.fit_ssd(SsdFit(data, "torchvision-v1", threads=1), output, print)
    weights, network = random_network("torchvision-v1")
    trunk = write_trunk(output / "other", "torchvision-v1")
    context = recipes.Context(weights, network, trunk.digest, trunk.probe, print)
    draft = recipes.stitched(context, "ssd")
    released = ModelStore((output,)).tail("mobilenet_v2", "keras-160", "ssd")
    assert draft is not None
    assert draft.digest == trunk.digest
    assert draft.content != released.verified_path().read_bytes()
    assert len(draft.content) == released.bytes


def random_detector() -> object:
    """An SSDLite of random weights and anchors."""
    from trunkline_training import ssdlite

    rng = np.random.default_rng(3)
    extras = ((1280, 256, 512), (512, 128, 256), (256, 128, 256), (256, 64, 128))
    convs = {}
    for index, (before, middle, after) in enumerate(extras):
        convs[f"extras.{index}.0"] = random_conv(rng, middle, before, 1)
        convs[f"extras.{index}.2"] = random_conv(rng, middle, 1, 3)
        convs[f"extras.{index}.4"] = random_conv(rng, after, middle, 1)
    for index, width in enumerate((576, 1280, 512, 256, 256, 128)):
        for head, each in (("box", 4), ("cls", ssdlite.IDS)):
            convs[f"{head}.{index}.0"] = random_conv(rng, width, 1, 3)
            out = ssdlite.ANCHORS[index] * each
            convs[f"{head}.{index}.2"] = random_conv(rng, out, width, 1)
    places = zip(ssdlite.TRAINED_GRIDS, ssdlite.ANCHORS, strict=True)
    corner = rng.uniform(0, 0.5, (sum(grid * grid * count for grid, count in places), 2))
    return ssdlite.SsdLite(random_convs(5), convs, np.concatenate([corner, corner + 0.3], axis=1))
