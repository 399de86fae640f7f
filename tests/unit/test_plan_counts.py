"""Counts against figures that are known, and PyTorch's counter against ONNX's shapes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trunkline.errors import UnknownNameError, WeightsError
from trunkline.weights.store import bundle_root

pytest.importorskip("onnx")
pytest.importorskip("torchvision")
pytestmark = pytest.mark.torch

import onnx  # noqa: E402
from onnx import NodeProto, TensorProto, helper  # noqa: E402

from trunkline_benchmarks.plan import (  # noqa: E402
    counts,
    networks,
    onnx_counts,
    ssd_paper,
    tails,
)

BUNDLE = bundle_root() / "mobilenet_v2" / "keras-160"
MILLION, BILLION = 10**6, 10**9


@cache
def count_all(trunk: str) -> tuple[counts.CutCount, ...]:
    return counts.count(trunk)


def count_at(trunk: str, name: str) -> counts.CutCount:
    return next(count for count in count_all(trunk) if count.cut.name == name)


@pytest.mark.parametrize(
    ("trunk", "cut", "whole", "front", "parameters"),
    [
        ("vgg16", "pool4", 15.470, 13.959, 138_357_544),
        ("mobilenet_v2", "bottleneck7", 0.3008, 0.1133, 3_504_872),
    ],
)
def test_known_counts(trunk: str, cut: str, whole: float, front: float, parameters: int) -> None:
    count = count_at(trunk, cut)
    assert count.macs_before / BILLION == pytest.approx(front, abs=5e-4)
    assert (count.macs_before + count.macs_after) / BILLION == pytest.approx(whole, abs=5e-4)
    assert count.parameters_before + count.parameters_after == parameters


@pytest.mark.parametrize("trunk", ["vgg16", "mobilenet_v2"])
def test_cuts_grow_from_the_input_on(trunk: str) -> None:
    counted = count_all(trunk)
    before = [count.macs_before for count in counted]
    assert before == sorted(before)
    assert len({count.macs_before + count.macs_after for count in counted}) == 1


def test_the_first_convolutions_work_by_hand() -> None:
    # 3x3 over 3 channels to 64, one for each of 224x224 places
    assert count_at("vgg16", "conv1_1").macs_before == 3 * 3 * 3 * 64 * 224 * 224
    assert count_at("vgg16", "conv1_1").parameters_before == 3 * 3 * 3 * 64 + 64
    assert count_at("mobilenet_v2", "stem").macs_before == 3 * 3 * 3 * 32 * 112 * 112


@pytest.mark.parametrize(
    ("trunk", "maps"),
    [
        ("vgg16", [(512, 14), (1024, 14), (512, 7), (256, 4), (256, 2), (256, 1)]),
        ("mobilenet_v2", [(32, 28), (1024, 14), (512, 7), (256, 4), (256, 2), (256, 1)]),
    ],
)
def test_the_detectors_maps(trunk: str, maps: list[tuple[int, int]]) -> None:
    import torch

    shape = count_at(trunk, {"vgg16": "pool4", "mobilenet_v2": "bottleneck7"}[trunk]).cut.shape
    detector = ssd_paper.Ssd224(trunk, ssd_paper.READINGS[trunk][0])
    features = torch.empty((1, *shape), device="meta")
    assert [tuple(found.shape) for found in detector.maps(features)] == [
        (1, channels, side, side) for channels, side in maps
    ]
    assert [found.shape[1] for found in detector(features)] == [100, 150, 150, 150, 100, 100]


@pytest.mark.parametrize(
    ("trunk", "cut", "saved"),
    [
        ("vgg16", "pool4", [42.99, 43.53]),
        ("mobilenet_v2", "bottleneck7", [3.65, 8.44, 11.23]),
    ],
)
def test_what_the_published_pair_saves(trunk: str, cut: str, saved: list[float]) -> None:
    found = [pair.saved(2) for pair in tails.published(trunk, count_at(trunk, cut))]
    assert found == pytest.approx(saved, abs=0.005)


def test_vgg16_saves_what_was_published_within_a_point() -> None:
    as_described = tails.published("vgg16", count_at("vgg16", "pool4"))[0]
    assert abs(as_described.saved(2) - 42.31) < 1


def test_the_released_bundle_is_the_same_network() -> None:
    count = count_at("mobilenet_v2", "bottleneck7")
    assert onnx_counts.macs(BUNDLE / "trunk.onnx") == count.macs_before
    stitch = 3 * 3 * 32 * 32 * 28 * 28  # the convolution that ties torchvision's blocks to it
    assert onnx_counts.macs(BUNDLE / "classifier.onnx") == count.macs_after + stitch


def test_the_stores_tails_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path))
    (pair,), uncounted = tails.stored("mobilenet_v2")
    assert uncounted == []
    assert list(pair.rests) == ["classifier", "ssd"]
    assert pair.rests["ssd"] / MILLION == pytest.approx(235.7, abs=0.1)
    assert tails.stored("vgg16") == ([], [])


def test_every_part_of_the_timed_network_has_its_counted_work(tmp_path: Path) -> None:
    sliced = networks.write("mobilenet_v2", tmp_path)
    for count in count_all("mobilenet_v2"):
        name = count.cut.tensor
        before = sliced.part(tmp_path / "before.onnx", networks.IMAGE, name)
        after = sliced.part(tmp_path / "after.onnx", name, networks.LOGITS)
        assert onnx_counts.macs(before) == count.macs_before
        assert onnx_counts.macs(after) == count.macs_after
    with pytest.raises(WeightsError, match="cannot be cut at image"):
        sliced.part(tmp_path / "none.onnx", networks.IMAGE, "nowhere")


def test_an_unknown_trunk_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="unknown trunk 'resnet50'"):
        counts.count("resnet50")


def write(path: Path, nodes: list[NodeProto], shapes: dict[str, list[Any]]) -> Path:
    """A model of a few nodes from x, with initialisers of the other names' `shapes`."""
    made = [
        onnx.numpy_helper.from_array(np.zeros(shape, np.float32), name)
        for name, shape in shapes.items()
        if name not in ("x", "y")
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shapes.get(name))
        for name in ("x", "y")
    ]
    graph = helper.make_graph(nodes, "few", ends[:1], ends[1:], made)
    onnx.save_model(helper.make_model(graph), str(path))
    return path


@pytest.mark.parametrize(
    ("node", "shapes", "macs"),
    [
        # a place: 8 outputs of 3x3 over 4 / 2 channels
        (
            helper.make_node("Conv", ["x", "w"], ["y"], group=2, strides=[2, 2]),
            {"x": ["N", 4, 9, 9], "w": [8, 2, 3, 3]},
            8 * 4 * 4 * 2 * 3 * 3,
        ),
        (helper.make_node("Gemm", ["x", "w"], ["y"]), {"x": ["N", 5], "w": [5, 7]}, 35),
        (
            helper.make_node("Gemm", ["w", "x"], ["y"], transA=1, transB=1),
            {"x": ["N", 5], "w": [5, 7]},
            35,
        ),
        (helper.make_node("MatMul", ["x", "w"], ["y"]), {"x": ["N", 6, 5], "w": [5, 7]}, 6 * 35),
        (helper.make_node("Relu", ["x"], ["y"]), {"x": ["N", 5]}, 0),
    ],
)
def test_operators_by_hand(
    node: NodeProto, shapes: dict[str, list[Any]], macs: int, tmp_path: Path
) -> None:
    assert onnx_counts.macs(write(tmp_path / "few.onnx", [node], shapes)) == macs


def test_what_cannot_be_counted_is_not_left_out(tmp_path: Path) -> None:
    path = tmp_path / "few.onnx"
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"])
    write(path, [node], {"x": ["N", 4, 9, 9], "w": [4, 8, 3, 3]})
    with pytest.raises(WeightsError, match="operator ConvTranspose"):
        onnx_counts.macs(path)
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    write(path, [node], {"x": ["N", "many", 5], "w": [5, 7]})
    with pytest.raises(WeightsError, match="only known when it runs"):
        onnx_counts.macs(path)
    path.write_bytes(b"no model at all")
    with pytest.raises(WeightsError, match="cannot be read as ONNX"):
        onnx_counts.macs(path)
