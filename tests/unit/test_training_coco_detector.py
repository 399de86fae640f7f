"""The COCO detector out of its npm archive: a made-up one with the same names."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trunkline.errors import WeightsError

pytest.importorskip("onnx")
pytestmark = pytest.mark.torch

from trunkline.weights import mobilenet_v2  # noqa: E402
from trunkline_training import coco_detector, ssdlite, tfjs  # noqa: E402

Arrays = dict[str, np.ndarray[Any, np.dtype[Any]]]


def tensors() -> Arrays:
    """Every tensor of the published model that counts, small, and one that does not."""
    rng = np.random.default_rng(4)
    found: Arrays = {"Preprocessor/mul/x": np.array(2, np.int32)}
    named = coco_detector.backbone_names() | coco_detector.extra_names()
    for layer, name in named.items():
        bias = f"{name}/BatchNorm/batchnorm/sub"
        found[bias] = rng.normal(0, 1, 5)
        if layer.endswith("depthwise") or layer.endswith(".2"):
            found[f"{name}/depthwise_weights"] = rng.normal(0, 1, (3, 3, 5, 1))
            found[f"{name}/BatchNorm/batchnorm/mul"] = rng.normal(0, 1, 5)
        else:
            found[f"{name}/Conv2D/merged_input"] = rng.normal(0, 1, (1, 1, 4, 5))
    for index in range(6):
        for predictor in ("BoxEncodingPredictor", "ClassPredictor"):
            name = f"BoxPredictor_{index}/{predictor}"
            found[f"{name}_depthwise/depthwise_weights"] = rng.normal(0, 1, (3, 3, 5, 1))
            for part in ("gamma", "beta", "moving_mean"):
                found[f"{name}_depthwise/BatchNorm/{part}"] = rng.normal(0, 1, 5)
            found[f"{name}_depthwise/BatchNorm/moving_variance"] = np.full(5, 0.25)
            found[f"{name}/weights"] = rng.normal(0, 1, (1, 1, 5, 6))
            found[f"{name}/biases"] = rng.normal(0, 1, 6)
    return {
        name: array if array.dtype == np.int32 else array.astype(np.float32)
        for name, array in found.items()
    }


def archive(folder: Path, arrays: Arrays, spare: bytes = b"") -> Path:
    """An npm archive with a model of two shards."""
    data = b"".join(array.tobytes() for array in arrays.values()) + spare
    weights = [
        {"name": name, "shape": list(array.shape), "dtype": str(array.dtype)}
        for name, array in arrays.items()
    ]
    manifest = [{"paths": ["shard1", "shard2"], "weights": weights}]
    files = {
        "model.json": json.dumps({"weightsManifest": manifest}).encode(),
        "shard1": data[:1001],
        "shard2": data[1001:],
    }
    path = folder / "model.tgz"
    with tarfile.open(path, "w:gz") as opened:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{coco_detector.FOLDER}/{name}")
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
    return path


def test_every_layer_is_found_under_its_name(tmp_path: Path) -> None:
    arrays = tensors()
    found = coco_detector.detector(archive(tmp_path, arrays))
    assert set(found.backbone) == set(mobilenet_v2.LAYERS)
    assert len(found.convs) == 3 * len(ssdlite.EXTRAS) + 4 * len(ssdlite.ANCHORS)
    name = "FeatureExtractor/MobilenetV2/expanded_conv_5/expand"
    kernel = arrays[f"{name}/Conv2D/merged_input"]
    np.testing.assert_array_equal(
        found.backbone["6.expand"].weight[:, :, 0, 0], kernel[0, 0].T.astype(np.float16)
    )
    name = "FeatureExtractor/MobilenetV2/layer_19_2_Conv2d_3_3x3_s2_256_depthwise"
    scaled = (
        arrays[f"{name}/depthwise_weights"][:, :, :, 0]
        * (arrays[f"{name}/BatchNorm/batchnorm/mul"])
    )
    np.testing.assert_array_equal(
        found.convs["extras.1.2"].weight[:, 0], scaled.transpose(2, 0, 1).astype(np.float16)
    )


def test_the_predictors_norms_are_folded(tmp_path: Path) -> None:
    arrays = tensors()
    found = coco_detector.detector(archive(tmp_path, arrays)).convs["cls.3.0"]
    norm = "BoxPredictor_3/ClassPredictor_depthwise/BatchNorm"
    gamma, beta, mean = (arrays[f"{norm}/{part}"] for part in ("gamma", "beta", "moving_mean"))
    scale = gamma / np.sqrt(0.25 + 1e-3)
    np.testing.assert_allclose(found.bias, beta - mean * scale, atol=2e-3)


def test_what_is_no_such_model_is_refused(tmp_path: Path) -> None:
    arrays = tensors()
    with pytest.raises(WeightsError, match="bytes for tensors of"):
        tfjs.tensors(archive(tmp_path, arrays, spare=b"more"), coco_detector.FOLDER)
    with pytest.raises(WeightsError, match=r"no TensorFlow\.js model in elsewhere"):
        tfjs.tensors(archive(tmp_path, arrays), "elsewhere")
    del arrays["BoxPredictor_2/ClassPredictor/biases"]
    with pytest.raises(WeightsError, match="has no tensor 'BoxPredictor_2/ClassPredictor/biases'"):
        coco_detector.detector(archive(tmp_path, arrays))
    (tmp_path / "model.tgz").write_bytes(b"no archive")
    with pytest.raises(WeightsError, match="holds no"):
        coco_detector.detector(tmp_path / "model.tgz")
