"""Tails in PyTorch and the ONNX they become are one function; starts keep what is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trunkline import engines
from trunkline.errors import WeightsError
from trunkline.weights.conv import Conv

torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytestmark = pytest.mark.torch

SHAPES = {"mobilenet_v2": (32, 28, 28), "vgg16": (512, 14, 14)}


def served(content: bytes, folder: Path, batch: np.ndarray) -> np.ndarray:
    path = folder / "tail.onnx"
    path.write_bytes(content)
    return engines.load("openvino", path, threads=1).run(batch)[0]


def best_boxes(module: object, batch: np.ndarray) -> list[tuple[int, float]]:
    """Each picture's best label and its score, by PyTorch alone."""
    with torch.no_grad():
        _, scores = module(torch.from_numpy(batch))  # type: ignore[operator]
    shares = scores.softmax(dim=2)[:, :, 1:].amax(dim=1)  # (N, A, classes) -> (N, labels)
    return [(int(row.argmax()), float(row.max())) for row in shares]


@pytest.mark.parametrize("normed", [False, True])
@pytest.mark.parametrize(
    ("name", "trunk"),
    [
        ("ssdlite", "mobilenet_v2"),
        ("ssdlite", "vgg16"),
        ("paper", "mobilenet_v2"),
        ("vgg16", "vgg16"),
    ],
)
def test_a_detector_and_its_graph_agree(
    name: str, trunk: str, normed: bool, tmp_path: Path
) -> None:
    from trunkline_training.nets.detector import Detector
    from trunkline_training.nets.heads import HEADS

    shape = SHAPES[trunk]
    head = HEADS[name](6, shape, stitched=trunk == "vgg16")
    module = Detector(head, {}, normed=normed, seed=3)
    batch = np.random.default_rng(1).normal(0, 1, (2, *shape)).astype(np.float32)
    if normed:
        module.train()(torch.from_numpy(batch))  # moves the statistics
    module.eval()
    rows = served(module.onnx(0.5), tmp_path, batch)
    assert rows.shape[1] == 7
    for number, (label, score) in enumerate(best_boxes(module, batch)):
        first = rows[rows[:, 0] == number][0]
        assert first[2] == pytest.approx(score, rel=0.02)  # weights are rounded to float16
        assert int(first[1]) == label
        assert (first[3:] >= 0).all()
        assert (first[3:] <= 1).all()
    with torch.no_grad():
        codes, scores = module(torch.from_numpy(batch))
    assert codes.shape == (2, len(head.anchors), 4)
    assert scores.shape == (2, len(head.anchors), 6)


@pytest.mark.parametrize("stitched", [False, True])
def test_a_classifier_and_its_graph_agree(stitched: bool, tmp_path: Path) -> None:
    from trunkline_training.nets.classifier import Classifier, Plan
    from trunkline_training.nets.start import from_onnx
    from trunkline_training.train.models import padding_of

    plan = Plan(SHAPES["vgg16"], 14, stitched, "symmetric" if stitched else "tf-same", 9)
    if not stitched:
        plan = Plan(SHAPES["mobilenet_v2"], 7, False, "tf-same", 9)
    module = Classifier(plan, {}, normed=True, dropout=0.5, seed=2)
    batch = np.random.default_rng(1).normal(0, 1, (4, *plan.shape)).astype(np.float32)
    module.train()(torch.from_numpy(batch))
    content = module.eval().onnx()
    with torch.no_grad():
        _, logits = module(torch.from_numpy(batch))
    np.testing.assert_allclose(served(content, tmp_path, batch), logits, atol=0.02)
    assert padding_of(content) == plan.padding
    again = Classifier(plan, from_onnx(content), normed=False, dropout=0.0, seed=5).eval()
    with torch.no_grad():
        np.testing.assert_allclose(again(torch.from_numpy(batch))[1], logits, atol=0.02)


def test_calibration_keeps_the_function_and_steadies_the_norms() -> None:
    from trunkline_training.nets.classifier import Classifier, Plan, calibrate
    from trunkline_training.nets.start import from_onnx

    plan = Plan(SHAPES["mobilenet_v2"], 14, True, "symmetric", 5)
    given = from_onnx(Classifier(plan, {}, normed=False, dropout=0.0, seed=2).onnx())
    module = Classifier(plan, given, normed=True, dropout=0.0, seed=2).eval()
    batch = torch.from_numpy(np.random.default_rng(1).normal(0, 2, (8, 32, 28, 28))).float()
    with torch.no_grad():
        before = module(batch)[1]
        calibrate(module, lambda: module(batch))
        torch.testing.assert_close(module.eval()(batch)[1], before, rtol=1e-3, atol=1e-3)
        # in training the batch's own statistics are used: they are now those of the norms
        torch.testing.assert_close(module.train()(batch)[1], before, rtol=0.02, atol=0.02)
    means = [
        tensor for name, tensor in module.state_dict().items() if name.endswith("running_mean")
    ]
    assert len(means) > 10
    assert all(float(mean.abs().sum()) > 0 for mean in means)


def test_units_change_the_steps_and_not_the_function() -> None:
    """Channels of 0.1 and of 1000, as another network's tensor has them."""
    from trunkline_training.nets.layer import Layer

    rng = np.random.default_rng(4)
    sizes = np.array([0.1, 10, 1000], np.float32)[:, None, None]
    x = torch.tensor(rng.uniform(0, 1, (8, 3, 6, 6)).astype(np.float32) * sizes)
    weight = rng.normal(0, 1, (5, 3, 3, 3)).astype(np.float32) / sizes
    bias = rng.normal(0, 1, 5).astype(np.float32)
    plain, ours = (Layer(weight, bias, normed=False, given=True) for _ in range(2))
    expected = plain(x, (1, 1, 1, 1), 1, 1).detach()
    ours.take_units(x)
    moved = []
    for layer in (plain, ours):
        before = layer(x, (1, 1, 1, 1), 1, 1)
        torch.testing.assert_close(before.detach(), expected, rtol=1e-4, atol=1e-4)
        stored = layer.folded()
        np.testing.assert_allclose(stored.bias, bias, atol=0.01)
        np.testing.assert_allclose(stored.weight, weight, rtol=2e-3, atol=1e-6)
        before.square().mean().backward()
        torch.optim.AdamW(layer.parameters(), lr=1e-3, weight_decay=0).step()
        moved.append((layer(x, (1, 1, 1, 1), 1, 1) - before).abs().mean().item())
    assert moved[0] > 1  # the function is another one
    assert moved[1] < 0.05


def test_frozen_layers_stay_as_they_were_given() -> None:
    from trunkline_training.nets.classifier import Classifier, Plan
    from trunkline_training.nets.start import from_onnx

    plan = Plan(SHAPES["mobilenet_v2"], 16, True, "tf-same", 5)
    given = from_onnx(Classifier(plan, {}, normed=False, dropout=0.0, seed=2).onnx())
    module = Classifier(
        plan, given, normed=True, dropout=0.0, seed=2, freeze=["16", "17.expand", "18"]
    )
    rate = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=0.1)
    batch = torch.from_numpy(np.random.default_rng(1).normal(0, 2, (4, 32, 28, 28))).float()
    module.train()(batch)[1].square().sum().backward()
    rate.step()
    learnt = {name for name, conv in from_onnx(module.onnx()).items() if changed(conv, given[name])}
    assert learnt == {"stitch", "17.depthwise", "17.project", "linear"}


def changed(one: Conv, other: Conv) -> bool:
    return not (np.array_equal(one.weight, other.weight) and np.array_equal(one.bias, other.bias))


def test_what_cannot_be_frozen_is_said() -> None:
    from trunkline.errors import ParameterError, UnknownNameError
    from trunkline_training.nets.classifier import Classifier, Plan

    plan = Plan(SHAPES["mobilenet_v2"], 17, True, "tf-same", 5)
    with pytest.raises(UnknownNameError, match="'1': expected one of 17, 18, linear, stitch"):
        Classifier(plan, {}, normed=True, dropout=0.0, seed=2, freeze=["1"])
    with pytest.raises(ParameterError, match="freeze 18: its first weights are drawn"):
        Classifier(plan, {}, normed=True, dropout=0.0, seed=2, freeze=["18"])


def test_where_a_trunk_comes_in() -> None:
    from trunkline_training.nets.entry import channels, entering, entry

    assert {name: entry(shape) for name, shape in SHAPES.items()} == {
        "mobilenet_v2": 7,
        "vgg16": 14,
    }
    assert (channels(7), channels(14)) == (32, 96)
    assert [entering(7, False), entering(7, True), entering(14, True)] == [
        "features",
        "stitch.conv",
        "13.add",
    ]


def test_a_sigmoid_detector_starts_as_nearly_the_same_softmax() -> None:
    from trunkline_training.nets.detector import with_labels

    rng = np.random.default_rng(0)
    theirs, ours = ["cat", "dog", "train"], ["bird", "train", "cat"]
    weight = rng.normal(0, 1, (2 * 3, 4, 1, 1)).astype(np.float16)
    conv = Conv(weight, np.array([-4, -3, 1, 2, -5, -6], np.float16))
    found = with_labels({"cls.0.2": conv}, [2], theirs, ours)["cls.0.2"]
    assert found.weight.shape == (2 * 4, 4, 1, 1)
    np.testing.assert_array_equal(found.bias, [0, 0, 1, -4, 0, 0, -6, 2])
    np.testing.assert_array_equal(found.weight[2], weight[2])
    np.testing.assert_array_equal(found.weight[7], weight[3])
    again = with_labels({"cls.0.2": found}, [2], ours, ours)["cls.0.2"]
    np.testing.assert_array_equal(again.weight, found.weight)
    with pytest.raises(WeightsError, match="with 3 classes an anchor: expected 5"):
        with_labels({"cls.0.2": conv}, [2], list("abcde"), ours)


def test_anchors_of_the_paper() -> None:
    """4, 6, 6, 6, 4, 4 a place; the first map's are a tenth of the picture."""
    from trunkline_training.nets.anchors import ssd

    anchors = ssd((14, 14, 7, 4, 2, 1))
    places = 4 * 196 + 6 * (196 + 49 + 16) + 4 * (4 + 1)
    assert anchors.shape == (places, 4)
    np.testing.assert_allclose(anchors[0], [0.5 / 14, 0.5 / 14, 0.1, 0.1], atol=1e-6)
    np.testing.assert_allclose(anchors[4, :2], [0.5 / 14, 1.5 / 14], atol=1e-6)
    np.testing.assert_allclose(anchors[-1, :2], [0.5, 0.5], atol=1e-6)
